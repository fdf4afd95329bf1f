#pragma once

#include "base/metrics.h"

// The limits of sliding sync that a client can reach, counted.
namespace porchlight::client_api::sliding {

inline constexpr std::string_view limits_name = "porchlight_limits_reached_total";
inline constexpr std::string_view limits_help = "How often a limit was reached, by limit.";

inline base::metrics::counter request_limit_reached{limits_name, limits_help,
                                                    "limit=\"sliding_request\""};
inline base::metrics::counter timeline_limit_reached{limits_name, limits_help,
                                                     "limit=\"sliding_timeline\""};
inline base::metrics::counter rooms_limit_reached{limits_name, limits_help,
                                                  "limit=\"sliding_rooms_per_response\""};
inline base::metrics::counter connections_limit_reached{limits_name, limits_help,
                                                        "limit=\"sliding_connections\""};

}  // namespace porchlight::client_api::sliding
