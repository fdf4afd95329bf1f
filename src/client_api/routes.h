#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "client_api/call.h"

namespace porchlight::client_api {

// Under which prefixes an endpoint exists: of /_matrix/client, but for media's own. Flags.
enum prefix : std::uint16_t {
    api_v1 = 1,  // /_matrix/client/api/v1
    r0 = 2,
    v1 = 4,
    v3 = 8,
    unstable = 16,
    root = 32,                                    // the pattern is the whole path
    media_r0 = 64,                                // /_matrix/media/r0
    media_v1 = 128,                               // /_matrix/media/v1
    media_v3 = 256,                               // /_matrix/media/v3
    historic = api_v1 | r0 | v1 | v3 | unstable,  // endpoints the old specification had
    stable = r0 | v3,
    any_media = media_r0 | media_v1 | media_v3,
};

enum class auth : std::uint8_t { none, optional, required };
// object: absent or empty body reads as {}. raw: bytes, as many as an upload may have.
enum class body : std::uint8_t { none, object, raw };

// One row of the table: docs/client-api.md and the guards are made from it.
struct route {
    std::string_view method;
    // "/presence/{userId}/status"; {name} is one segment, not empty. A pattern that ends in '/' is
    // another path than one that doesn't. Literal segments win over {name}.
    std::string_view pattern;
    std::uint16_t prefixes;
    auth needs;
    body takes;
    void (*endpoint)(call_ptr);
};

std::span<const route> routes();

}  // namespace porchlight::client_api
