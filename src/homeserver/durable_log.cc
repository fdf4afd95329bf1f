#include "homeserver/durable_log.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace porchlight::homeserver {

durable_log::durable_log(ports::commit_log& log, engine::engine& e, ports::clock& clock,
                         std::uint64_t last)
    : log_(log), engine_(e), clock_(clock), last_(last), applied_(last) {
    if (last != 0) {
        engine_.durable_applied(last);
    }
}

std::uint64_t durable_log::next_position() {
    const auto ms = base::unix_ms(clock_.now().wall);
    const auto by_clock = ms > 0 ? static_cast<std::uint64_t>(ms) << 10 : std::uint64_t{0};
    last_ = std::max(last_ + 1, by_clock);
    return last_;
}

durable_log::entry& durable_log::enqueue(std::uint64_t position,
                                         base::unique_function<void(bool)> applied) {
    ASSERT(position > applied_ && position <= last_);
    ASSERT(queue_.empty() || queue_.back().position < position);
    return queue_.emplace_back(entry{position, std::move(applied), std::nullopt});
}

void durable_log::commit(std::uint64_t position, ports::write_set set,
                         base::unique_function<void(bool)> applied) {
    enqueue(position, std::move(applied));
    const bool queued =
        log_.submit(std::move(set), true, [this, position](bool ok) { settle(position, ok); });
    if (!queued) {
        auto refused = std::move(queue_.back().applied);
        queue_.pop_back();
        refused(false);
    }
}

void durable_log::pass(std::uint64_t position, base::unique_function<void()> applied) {
    enqueue(position, [f = std::move(applied)](bool) mutable { f(); }).outcome = true;
    drain();
}

void durable_log::write_behind(ports::write_set set, base::unique_function<void(bool)> done) {
    // The log drops what it refuses, so the callback is shared between both ways.
    auto shared = std::make_shared<base::unique_function<void(bool)>>(std::move(done));
    if (!log_.submit(std::move(set), false, [shared](bool ok) { (*shared)(ok); })) {
        (*shared)(false);
    }
}

void durable_log::settle(std::uint64_t position, bool ok) {
    const auto found = std::find_if(queue_.begin(), queue_.end(),
                                    [position](const entry& e) { return e.position == position; });
    ASSERT(found != queue_.end() && !found->outcome);
    // The log answers in order: whatever stands before it has its outcome.
    ASSERT(
        std::all_of(queue_.begin(), found, [](const entry& e) { return e.outcome.has_value(); }));
    found->outcome = ok;
    drain();
}

void durable_log::drain() {
    if (draining_) {
        return;  // an applied() called in: the loop below goes on with it
    }
    draining_ = true;
    while (!queue_.empty() && queue_.front().outcome) {
        entry e = std::move(queue_.front());
        queue_.pop_front();
        if (*e.outcome) {
            ASSERT(e.position > applied_);
            applied_ = e.position;
            engine_.durable_applied(applied_);
        }
        e.applied(*e.outcome);
    }
    draining_ = false;
}

}  // namespace porchlight::homeserver
