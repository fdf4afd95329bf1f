#pragma once

#include <optional>
#include <string>
#include <vector>

#include "matrix/json.h"
#include "matrix/room_version.h"
#include "ports/store.h"

// Makes room events out of what somebody wants to say. Pure.
namespace porchlight::homeserver {

namespace json = boost::json;

struct event_draft {
    std::string type;
    std::optional<std::string> state_key;
    std::string sender;
    json::object content;
    std::string redacts;         // m.room.redaction only
    json::object unsigned_part;  // stored beside the event, see stored_event.h
};

// Where in the room's history an event stands.
struct event_place {
    base::room_key room;
    std::string_view room_id;
    std::vector<std::string> previous, authorised_by;  // event ids
    std::uint64_t depth = 1;
    base::wall_time now;
    matrix::room_version version = matrix::room_version::ten();
    std::string chosen_id = {};  // versions 1 and 2, whose ids are no hashes
};

struct built_event {
    ports::event_row row;  // without its position
    json::object content;
};

// too_large when the canonical event is over 65,536 bytes; bad_json when type or state key are over
// 255 bytes or the content holds what canonical JSON refuses (floats).
matrix::outcome<built_event> build_event(event_draft draft, const event_place& place);

// The stored JSON of `original` after a redaction: its bare form with the redaction itself as
// unsigned.redacted_because.
std::string redacted_json(const ports::event_row& original, const built_event& redaction,
                          matrix::room_version version);

}  // namespace porchlight::homeserver
