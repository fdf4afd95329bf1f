#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/time.h"

namespace porchlight::federation {

// How one other server is doing, for whoever looks after this one.
struct destination_report {
    std::string name;
    bool porchlight = false;  // it says that it is one
    bool in_flight = false;   // a transaction is under way
    unsigned failures = 0;    // since the last success; 0: it is reachable, as far as is known
    std::optional<base::wall_time> failing_since, retry_at;  // while failures are not 0
    std::optional<base::wall_time> last_success;             // in this run
    std::string last_failure;                                // a sentence; empty: there was none
    // What waits for it.
    std::size_t list_messages = 0, pushes = 0, answers = 0, polls = 0, unpolls = 0;
};

}  // namespace porchlight::federation
