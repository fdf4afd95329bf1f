#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client_api/sync/filter.h"
#include "homeserver/rooms.h"
#include "ports/store.h"

// Stretches of a room's history and the state around them, read from the store for one user. Cold
// pool only; throws ports::store_error.
namespace porchlight::client_api {

struct timeline_query {
    std::string user_id;
    homeserver::membership_info membership;
    std::uint64_t after = 0, up_to = 0;  // positions in (after, up_to]
    std::size_t limit = 0;
    bool check_visibility = true;  // false: the user was joined all the time
};

struct timeline {
    std::vector<ports::event_row> shown;     // oldest first, at most `limit`
    std::vector<ports::event_row> withheld;  // past `start`, by filter or history; oldest first
    std::uint64_t start = 0;                 // the newest position before the stretch
    bool limited = false;                    // something lies between `after` and `start`
};
// The newest events that pass, with all that stands between them.
timeline read_timeline(ports::store_reader& store, const timeline_query& q, const event_filter& f);

// The oldest events first: at most limit + 1, whoever gets the last one knows that there are more.
std::vector<ports::event_row> read_forward(ports::store_reader& store, const timeline_query& q);

// The newest event of each (type, state key).
using state_map = std::map<std::pair<std::string, std::string>, ports::event_row>;
state_map state_at(ports::store_reader& store, base::room_key room, std::uint64_t at, bool members);
// What changed in (after, up_to].
state_map state_changes(ports::store_reader& store, base::room_key room, std::uint64_t after,
                        std::uint64_t up_to);
void overlay(state_map& state, const std::vector<ports::event_row>& events);

// The membership that `user_id` had at a position; none: never any.
ports::membership membership_at(ports::store_reader& store, base::room_key room,
                                const std::string& user_id, std::uint64_t at);
ports::membership membership_in(const ports::event_row& member_event);

bool has_url(const ports::event_row& event);
bool passes(const event_filter& f, const ports::event_row& event);

}  // namespace porchlight::client_api
