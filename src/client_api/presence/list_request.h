#pragma once

#include <initializer_list>

#include "client_api/call.h"

namespace porchlight::client_api {

// One key of a body that holds arrays of user ids, and where they go.
struct id_list {
    std::string_view key;
    std::vector<std::string>& ids;
};
// bad_json: an array is none, or holds something else than strings, or a key is none of these: a
// verb that was misspelt must not look done.
outcome<void> read_id_lists(const json::object& body, std::initializer_list<id_list> lists);

// Only the user of the path may go on: forbidden for others.
std::optional<failure> not_oneself(const call& c);

}  // namespace porchlight::client_api
