#pragma once

#include <string>
#include <vector>

#include "base/unique_function.h"
#include "federation/server_name_parts.h"
#include "ports/resolver.h"

namespace porchlight::federation {

// What a name leads to, after the policy of addresses.
struct looked_up {
    std::vector<std::string> addresses;  // to connect to, in this order; discovery_addresses_max
    std::vector<std::string> refused;    // that the policy does not let through
    std::string why_none;                // a sentence, when there are no `addresses`
};

// Calls `done` once: within the call for an IP address, later for a host name. This is the only way
// from a name to an address in this folder: nothing gets around the policy.
void look_up(const server_name_parts& name, bool allow_private, ports::resolver& resolver,
             base::unique_function<void(looked_up)> done);

// "10.0.0.1, 10.0.0.2".
std::string listed(const std::vector<std::string>& texts);

}  // namespace porchlight::federation
