#pragma once

#include "base/metrics.h"

// What the HTTP runtime counts. Any thread.
namespace porchlight::net::metrics {

inline base::metrics::counter requests{"porchlight_http_requests_total",
                                       "HTTP requests handed to the server's routes."};
inline base::metrics::counter bytes_sent{"porchlight_http_sent_bytes_total",
                                         "Bytes of HTTP responses given to the kernel."};
inline base::metrics::gauge connections{"porchlight_http_connections", "Open HTTP connections."};

// One line of porchlight_limits_reached_total.
class limit final {
  public:
    explicit limit(std::string_view label)
        : counter_("porchlight_limits_reached_total", "How often a limit was reached.", label) {}
    void reached() { counter_.add(); }
    std::uint64_t value() const { return counter_.value(); }

  private:
    base::metrics::counter counter_;
};

inline limit head_bytes{R"(limit="http_head_bytes")"};
inline limit header_count{R"(limit="http_header_count")"};
inline limit target_bytes{R"(limit="http_target_bytes")"};
inline limit body_bytes{R"(limit="http_body_bytes")"};
inline limit partial_bytes{R"(limit="http_partial_bytes")"};
inline limit long_bodies_bytes{R"(limit="http_long_bodies_bytes")"};
inline limit pipelined_bytes{R"(limit="http_pipelined_bytes")"};
inline limit unsent_bytes{R"(limit="http_unsent_bytes")"};
inline limit request_deadline{R"(limit="http_request_deadline")"};
inline limit send_stall{R"(limit="http_send_stall")"};
inline limit open_files{R"(limit="open_files")"};
inline limit connection_count{R"(limit="http_connections")"};
inline limit thread_ring{R"(limit="thread_ring")"};
inline limit cold_queue{R"(limit="cold_queue")"};

// Of net/client.
inline limit client_requests{R"(limit="client_requests")"};
inline limit client_idle_connections{R"(limit="client_idle_connections")"};
inline limit client_head_bytes{R"(limit="client_head_bytes")"};
inline limit client_response_bytes{R"(limit="client_response_bytes")"};
inline limit client_interim_answers{R"(limit="client_interim_answers")"};
inline limit client_lookups{R"(limit="client_lookups")"};

}  // namespace porchlight::net::metrics
