#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client_api/call.h"
#include "engine/engine.h"

// What the streams are asked for. Malformed values of known parameters are invalid_param; unknown
// parameters are ignored, of a repeated one the first counts.
namespace porchlight::client_api {

struct sync_parameters {
    std::optional<engine::token> since;
    base::milliseconds timeout{0};  // capped at settings::sync_timeout_max
    bool full_state = false;
    presence::stream_request marks;
    std::string filter;  // an id or JSON; empty: none
};
outcome<sync_parameters> read_sync_parameters(const call& c);

// The value of set_presence; null: absent.
outcome<presence::stream_request> read_marks(const settings& s, const std::string* text);

struct events_parameters {
    std::optional<engine::token> from;
    base::milliseconds timeout{0};  // 30 s when absent; capped as above
    std::size_t limit = 0;          // 1 .. limits::messages_page_max
    std::optional<std::string> room_id;
};
outcome<events_parameters> read_events_parameters(const call& c);

struct initial_sync_parameters {
    std::size_t limit = 0;  // messages of each room
    bool archived = false;  // rooms that the user left, too
};
outcome<initial_sync_parameters> read_initial_sync_parameters(const call& c);

}  // namespace porchlight::client_api
