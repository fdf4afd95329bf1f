#include "engine/positions.h"

#include <algorithm>

#include "base/assert.h"
#include "engine/engine.h"

namespace porchlight::engine {

namespace {

constexpr std::uint64_t chunk = std::uint64_t{1} << 33;   // two minutes of wall time
constexpr std::uint64_t margin = std::uint64_t{1} << 31;  // announce the next when less remains
constexpr std::uint64_t stride = std::uint64_t{1} << 30;  // room for +1 steps below the ceiling
constexpr std::uint64_t minute = std::uint64_t{60'000} << 16;
constexpr milliseconds storing{2000};  // a written-behind ceiling is stored by then

std::uint64_t of_wall(base::wall_time t) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(base::unix_ms(t), 0)) << 16;
}

}  // namespace

positions::positions(outside& o, std::uint64_t ceiling, base::instant now)
    : out_(o), asked_at_(now.mono) {
    restart_ = std::max(ceiling + 1, of_wall(now.wall));
    recent_ = ceiling - std::min(ceiling, chunk + margin + minute);
    current_ = restart_;
    asked_ = restart_ + chunk;
    usable_ = asked_;  // nothing was issued yet, and loading takes longer than storing this
    out_.reserve_presence_positions(asked_);
}

std::uint64_t positions::next(base::instant now) {
    const std::uint64_t wall = of_wall(now.wall);
    reserve(std::max(current_ + 1, wall), now);
    current_ = std::max(current_ + 1, std::min(wall, usable_ - stride));
    ASSERT(current_ <= asked_);
    return current_;
}

void positions::reserve(std::uint64_t needed, base::instant now) {
    if (now.mono - asked_at_ >= storing) {
        usable_ = asked_;
    }
    if (asked_ < needed + margin) {
        asked_ = needed + chunk;
        asked_at_ = now.mono;
        out_.reserve_presence_positions(asked_);
    }
}

}  // namespace porchlight::engine
