#pragma once

#include <string_view>

namespace porchlight::client_api {

// The token of an Authorization header "Bearer TOKEN"; empty: it has none. Pure.
std::string_view bearer_token(std::string_view authorization);

}  // namespace porchlight::client_api
