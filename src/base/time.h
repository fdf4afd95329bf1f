#pragma once

#include <chrono>
#include <cstdint>

// Time is injected everywhere: these clocks have no now(). The only readers of real clocks are the
// adapters behind ports/clock.h.
namespace porchlight::base {

using std::chrono::milliseconds;

// Milliseconds since an arbitrary start; never goes back. For deadlines and durations.
struct mono_clock {
    using duration = milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<mono_clock>;
    static constexpr bool is_steady = true;
};

// Milliseconds since the Unix epoch; may jump. For timestamps that people and clients see.
struct wall_clock {
    using duration = milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<wall_clock>;
    static constexpr bool is_steady = false;
};

using mono_time = mono_clock::time_point;
using wall_time = wall_clock::time_point;

// "Now", as every decision takes it: both clocks, read together.
struct instant {
    mono_time mono;
    wall_time wall;
};

constexpr std::int64_t unix_ms(wall_time t) {
    return t.time_since_epoch().count();
}
constexpr wall_time from_unix_ms(std::int64_t ms) {
    return wall_time{milliseconds{ms}};
}

}  // namespace porchlight::base
