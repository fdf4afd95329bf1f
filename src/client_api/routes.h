#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "client_api/call.h"

namespace porchlight::client_api {

// Under which prefixes of /_matrix/client an endpoint exists. Flags.
enum prefix : std::uint8_t {
    api_v1 = 1,  // /_matrix/client/api/v1
    r0 = 2,
    v1 = 4,
    v3 = 8,
    unstable = 16,
    root = 32,                                    // the pattern is the whole path
    historic = api_v1 | r0 | v1 | v3 | unstable,  // endpoints the old specification had
    stable = r0 | v3,
};

enum class auth : std::uint8_t { none, optional, required };
enum class body : std::uint8_t { none, object };  // object: absent or empty body reads as {}

// One row of the table: docs/client-api.md and the guards are made from it.
struct route {
    std::string_view method;
    // "/presence/{userId}/status"; {name} is one segment, not empty. A pattern that ends in '/' is
    // another path than one that doesn't. Literal segments win over {name}.
    std::string_view pattern;
    std::uint8_t prefixes;
    auth needs;
    body takes;
    void (*endpoint)(call_ptr);
};

std::span<const route> routes();

}  // namespace porchlight::client_api
