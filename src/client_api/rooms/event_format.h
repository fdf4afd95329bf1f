#pragma once

#include "base/key.h"
#include "base/time.h"
#include "matrix/json.h"
#include "ports/store.h"

// Events as clients see them, made from stored rows. Pure but for the given store; any thread.
namespace porchlight::client_api {

namespace json = boost::json;

// Who reads, and in which shape.
struct event_reader {
    base::device_key device;   // sees its own unsigned.transaction_id; not valid: none
    base::wall_time now;       // for unsigned.age (never negative)
    bool with_room_id = true;  // false inside /sync, whose rooms are keys
    bool federation_format =
        false;              // filter `event_format: federation`: the event as servers see it
    bool historic = false;  // the old streams: also top-level `user_id`, `age`, `prev_content`
};

// The event with event_id and unsigned {age, transaction_id?, redacted_because?, replaces_state?,
// prev_content?, prev_sender?}. With a `store` (cold pool only) a state event that took another's
// place shows that one's content and sender; without, only its id.
// Throws ports::store_error when the stored text is damaged or the store cannot be read.
json::object format_event(const ports::event_row& row, const event_reader& reader,
                          ports::store_reader* store = nullptr);

// {type, state_key, content, sender}: invite_state and peeks before joining.
json::object format_stripped(const ports::event_row& row);

// Which state is shown, stripped, to an invited user.
bool is_invite_state(std::string_view type);

// The content of a stored event; throws as above.
json::object event_content(const ports::event_row& row);

}  // namespace porchlight::client_api
