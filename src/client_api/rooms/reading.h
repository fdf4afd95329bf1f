#pragma once

#include "client_api/call.h"
#include "client_api/rooms/event_format.h"
#include "client_api/sync/filter.h"
#include "engine/token.h"
#include "homeserver/rooms/history.h"

// What the endpoints of this chapter share: finding the room, checking who asks, reading the store.
namespace porchlight::client_api {

using base::room_key;

// The room of path parameter `index`. Who is not in a room learns nothing of it: an unknown room is
// refused as one the user is not in. None: the call was refused.
std::optional<room_key> room_of(call& c, std::size_t index = 0);
// As above, but joined. None: the call was refused.
std::optional<room_key> joined_room_of(call& c, std::size_t index = 0);

// What a read may look at, taken on the deciding thread and carried to a cold one.
struct room_view {
    room_key room;
    std::string room_id;
    std::string user_id;
    homeserver::membership_info membership;
    bool readable_now = false;   // joined, invited where allowed, or world readable
    std::uint64_t applied = 0;   // nothing newer exists for readers
    std::uint64_t presence = 0;  // P for tokens made here
    event_reader reader;
};
// None: the call was refused, the user has no business in the room.
std::optional<room_view> view_of(call& c, std::size_t index = 0);
// For a room found by other means.
room_view view_of(call& c, room_key r);
// The position whose state the user may read; forbidden when there is none. Cold pool only.
outcome<std::uint64_t> state_position(const room_view& v, ports::store_reader& store);

// Runs `work` on a cold thread and answers what it makes; 503 when the pool is full or the store
// cannot be read.
using store_answer = base::unique_function<outcome<json::value>(ports::store_reader&)>;
void answer_from_store(call_ptr c, store_answer work);

// {"event_id": ...} or the failure.
homeserver::completion<std::string> answer_event_id(call_ptr c);

// invalid_param unless the parameter is absent or empty, or a token of ours.
outcome<std::optional<engine::token>> token_parameter(const call& c, std::string_view name);
// invalid_param unless absent (then `otherwise`) or a whole number from 0 on; capped at `most`.
outcome<std::size_t> count_parameter(const call& c, std::string_view name, std::size_t otherwise,
                                     std::size_t most);

// The room event filter of parameter `filter`, as its `timeline` part; null: absent.
outcome<filter_ptr> filter_parameter(const call& c);
// The member event of each sender, as of their first event here: what lazy loading shows beside
// events. Cold pool only.
json::array senders_state(const room_view& v, const std::vector<ports::event_row>& events,
                          ports::store_reader& store);

}  // namespace porchlight::client_api
