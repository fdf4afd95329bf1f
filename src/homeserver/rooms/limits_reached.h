#pragma once

#include "base/metrics.h"

// The limits of rooms that a client can reach, counted.
namespace porchlight::homeserver {

inline constexpr std::string_view limits_name = "porchlight_limits_reached_total";
inline constexpr std::string_view limits_help = "How often a limit was reached, by limit.";

inline base::metrics::counter event_limit_reached{limits_name, limits_help,
                                                  "limit=\"event_bytes\""};
inline base::metrics::counter room_queue_limit_reached{limits_name, limits_help,
                                                       "limit=\"room_queue\""};
inline base::metrics::counter room_state_limit_reached{limits_name, limits_help,
                                                       "limit=\"room_state\""};
inline base::metrics::counter rooms_per_user_limit_reached{limits_name, limits_help,
                                                           "limit=\"rooms_per_user\""};
inline base::metrics::counter create_room_limit_reached{limits_name, limits_help,
                                                        "limit=\"create_room\""};

inline base::metrics::counter membership_steps_limit_reached{limits_name, limits_help,
                                                             "limit=\"membership_steps\""};

}  // namespace porchlight::homeserver
