#pragma once

#include <string>
#include <string_view>

#include "client_api/sliding/request.h"

// Reads the parts of a request's body. Both notations of required_state (pairs, objects), of ranges
// and of is_invite are taken: that of clients in use and that of the proposal's newer text.
namespace porchlight::client_api::sliding {

outcome<rules_ptr> read_rules(const json::object& body, const std::string& user_id);
// Absent: not enabled.
outcome<extension> read_extension(const json::object& extensions, std::string_view name);

}  // namespace porchlight::client_api::sliding
