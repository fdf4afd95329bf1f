#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/time.h"

namespace porchlight::net {

// Where to listen. TLS when both files are named.
struct listen_address {
    std::string address = "127.0.0.1";  // IPv4, IPv6 or a name that the machine resolves
    std::uint16_t port = 0;             // 0: the system picks one
    std::string cert_file;              // PEM, the whole chain
    std::string key_file;               // PEM
    bool tls() const { return !cert_file.empty(); }
};

// The limits of base/limits.h, replaceable so that tests need not move megabytes.
struct connection_limits {
    std::size_t head_bytes_max = base::limits::head_bytes_max;
    std::size_t header_count_max = base::limits::header_count_max;
    std::size_t target_bytes_max = base::limits::target_bytes_max;
    std::size_t body_bytes_max = base::limits::body_bytes_max;
    std::size_t partial_bytes_max = base::limits::partial_bytes_max;
    std::size_t long_bodies_bytes_max = base::limits::long_bodies_bytes_max;
    std::size_t long_body_rate_min = base::limits::long_body_rate_min;
    std::size_t pipelined_bytes_max = base::limits::pipelined_bytes_max;
    std::size_t unsent_bytes_max = base::limits::unsent_bytes_max;
    base::milliseconds head_deadline = base::limits::head_deadline;
    base::milliseconds body_deadline = base::limits::body_deadline;
    base::milliseconds send_stall_max = base::limits::send_stall_max;
    base::milliseconds keep_alive_idle = base::limits::keep_alive_idle;
    base::milliseconds half_closed_max = base::limits::half_closed_max;
    base::milliseconds linger_max = base::limits::linger_max;
    base::milliseconds drain_deadline = base::limits::drain_deadline;
};

struct settings {
    std::vector<listen_address> listen;
    unsigned threads = 1;       // net threads; from two on the deciding thread is one of its own
    unsigned cold_threads = 2;  // of the cold pool
    // Addresses or networks ("10.0.0.0/8", "::1") whose X-Forwarded-For is believed.
    std::vector<std::string> trusted_proxies;
    std::size_t connections_max = 0;  // per net thread; 0: as many as the open-file limit allows
    std::size_t ring_slots = base::limits::ring_slots;  // between two threads; a power of two
    connection_limits limits;
};

}  // namespace porchlight::net
