#pragma once

#include <cstddef>
#include <string>

#include "base/limits.h"
#include "base/time.h"

namespace porchlight::net {

// The limits of base/limits.h, replaceable so that tests need not wait or open thousands.
struct outgoing_limits {
    std::size_t requests_max = base::limits::client_requests_max;
    std::size_t idle_connections_max = base::limits::client_idle_connections_max;
    std::size_t lookups_max = base::limits::lookups_max;
    std::size_t head_bytes_max = base::limits::client_head_bytes_max;
    base::milliseconds idle_max = base::limits::client_idle_max;
    base::milliseconds attempt_min = base::limits::client_attempt_min;
    base::milliseconds lookup_try_max = base::limits::lookup_try_max;
    base::milliseconds lookup_max = base::limits::lookup_max;
};

struct outgoing_settings {
    // PEM: who may sign the certificates of others. Empty: the system's store, which it replaces.
    std::string ca_file;
    bool verify_certificates = true;
    // "address:port,[address]:port". Empty: those that the system uses.
    std::string dns_servers;
    outgoing_limits limits;
};

}  // namespace porchlight::net
