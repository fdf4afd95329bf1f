#include "federation/look_up.h"

#include "base/limits.h"
#include "base/metrics.h"
#include "federation/address_policy.h"

namespace porchlight::federation {

namespace {

base::metrics::counter addresses_limit{"porchlight_limits_reached_total",
                                       "Limits reached, by limit.",
                                       "limit=\"discovery_addresses\""};

looked_up checked(const std::string& host, std::vector<std::string> found, bool allow_private) {
    looked_up result;
    if (found.empty()) {
        result.why_none = host + " has no address";
        return result;
    }
    for (std::string& address : found) {
        const bool good = allow_private || is_public_address(address);
        auto& kept = good ? result.addresses : result.refused;
        if (kept.size() >= base::limits::discovery_addresses_max) {
            addresses_limit.add();
            continue;
        }
        kept.push_back(std::move(address));
    }
    if (result.addresses.empty()) {
        const bool one = result.refused.size() == 1;
        const std::string whose = one && result.refused.front() == host ? "" : host + " leads to ";
        result.why_none = whose + listed(result.refused) +
                          (one ? ", which is not a public address" : ", none of them public") +
                          "; federation.allow_private_addresses would let it through";
    }
    return result;
}

}  // namespace

std::string listed(const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) {
        list += (list.empty() ? "" : ", ") + text;
    }
    return list;
}

void look_up(const server_name_parts& name, bool allow_private, ports::resolver& resolver,
             base::unique_function<void(looked_up)> done) {
    if (name.is_address) {
        done(checked(name.host, {name.host}, allow_private));
        return;
    }
    resolver.addresses(
        name.host,
        [host = name.host, allow_private, done = std::move(done)](
            base::result<std::vector<std::string>, ports::resolve_failure> found) mutable {
            if (!found) {
                looked_up none;
                none.why_none =
                    "the addresses of " + host + " cannot be found out: " + found.error().sentence;
                done(std::move(none));
                return;
            }
            done(checked(host, std::move(*found), allow_private));
        });
}

}  // namespace porchlight::federation
