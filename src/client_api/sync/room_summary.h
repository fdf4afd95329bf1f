#pragma once

#include <string>
#include <vector>

#include "client_api/sync/timeline.h"

namespace porchlight::client_api {

// Who is in a room, as a /sync answer tells it to one of its members.
struct room_summary {
    std::vector<std::string> heroes;  // at most five others, those who came first
    std::size_t joined = 0, invited = 0;
};
// `state` holds all member events. Throws ports::store_error.
room_summary summarize(const state_map& state, const std::string& user_id);
void append_summary(std::string& out, const room_summary& s);

}  // namespace porchlight::client_api
