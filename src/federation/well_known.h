#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "ports/http_client.h"

// What a server says of itself at https://NAME/.well-known/matrix/server, and for how long that
// holds (server-server API, "Server discovery"). Nothing here asks anybody.
namespace porchlight::federation {

struct well_known {
    std::optional<std::string> delegated;  // m.server: a server name that can be looked for
    std::string why_not;                   // a sentence, when there is no `delegated`
    base::milliseconds keep{};             // until it should be asked again
};

// An answer that is no redirect. `now` counts for Expires where the answer has no Date;
// `failures_before`: how often in a row it failed already. Invariants:
// 1. with `delegated`, well_known_keep_min <= keep <= well_known_keep_max;
// 2. without, well_known_error_keep_min <= keep <= well_known_error_keep_max.
// Any thread.
well_known read_well_known(const ports::client_response& answer, base::wall_time now,
                           unsigned failures_before);
// There was no answer to read.
well_known no_well_known(std::string why_not, unsigned failures_before);

}  // namespace porchlight::federation
