#include "net/deciding_loop.h"

#include <algorithm>

#include "base/limits.h"

namespace porchlight::net {

deciding_loop::deciding_loop(const void* runtime, std::uint32_t owner, std::uint32_t threads,
                             const ports::clock& clock, wakeup& wake, std::size_t ring_slots)
    : clock_(clock), inbox_(runtime, owner, threads, wake, ring_slots), timers_(clock.now().mono) {}

void deciding_loop::post_after(base::milliseconds delay, ports::task t) {
    timers_.insert(clock_.now().mono + delay, std::move(t));
}

void deciding_loop::run_burst() {
    bool turn = inbox_.run_all();
    const auto fired = timers_.advance(
        clock_.now().mono, [](ports::task t) { t(); }, base::limits::timers_per_turn_max);
    turn = turn || fired > 0;
    if (!hooks_.after_tasks) {
        return;
    }
    const auto now = clock_.now();
    if (!turn && hooks_.next_turn) {
        const auto due = hooks_.next_turn();
        turn = due && *due <= now.mono;
    }
    if (turn) {
        hooks_.after_tasks(now);
    }
}

std::optional<base::mono_time> deciding_loop::next_deadline() {
    auto next = timers_.next();
    if (hooks_.next_turn) {
        if (const auto turn = hooks_.next_turn()) {
            next = next ? std::min(*next, *turn) : *turn;
        }
    }
    return next;
}

}  // namespace porchlight::net
