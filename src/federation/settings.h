#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace porchlight::federation {

// The keys federation.* that take effect on reload.
struct settings {
    bool inbound = true;   // requests of other servers are answered
    bool outbound = true;  // other servers are told of presence and lists, and asked for profiles
    // Server names with the wildcards * and ?. What deny names is refused, and what allow does not
    // name; an empty allow names all.
    std::vector<std::string> allow, deny;
    std::string well_known_server;  // served at /.well-known/matrix/server; empty: nothing is
    // Least time between two transactions to one server that carry nothing but pushes.
    base::milliseconds push_window = std::chrono::seconds{1};
};

}  // namespace porchlight::federation
