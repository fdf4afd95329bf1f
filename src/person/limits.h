#pragma once

#include <chrono>
#include <cstddef>

// The limits of a person's commands; the server's own are in base/limits.h.
namespace porchlight::person::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t answer_bytes_max = std::size_t{32} << 20;  // longer: no answer
inline constexpr std::size_t credentials_bytes_max = 64 * 1024;         // longer: refused
inline constexpr std::size_t people_max = 50'000;  // in one table; more: the new ones are left out
inline constexpr auto poll_timeout = 30s;          // what the server is asked to wait
inline constexpr auto poll_slack = 15s;            // no answer for longer than both: lost
inline constexpr auto overdue_slack = 5s;          // beyond its time-out: the machine slept; anew
inline constexpr auto poll_gap_min = 100ms;        // between polls, however much there is
inline constexpr auto poll_gap_empty = 1s;         // after an early answer without news
inline constexpr auto retry_first = 1s;            // after a loss; doubled with each
inline constexpr auto retry_max = 60s;

static_assert(poll_gap_min < poll_gap_empty && retry_first < retry_max);

}  // namespace porchlight::person::limits
