#include "homeserver/durable_log.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/assert.h"

namespace porchlight::homeserver {

namespace {

constexpr std::string_view ceiling_name = "durable_ceiling";
constexpr std::uint64_t ceiling_span = std::uint64_t{5 * 60'000} << 10;  // five minutes

}  // namespace

durable_log::last_positions durable_log::last_of(ports::store_reader& store) {
    last_positions last{.stored = store.last_position()};
    if (const auto text = store.meta(ceiling_name)) {
        std::from_chars(text->data(), text->data() + text->size(), last.given);
    }
    last.given = std::max(last.given, last.stored);
    return last;
}

durable_log::durable_log(ports::commit_log& log, engine::engine& e, ports::clock& clock,
                         last_positions last)
    : log_(log),
      engine_(e),
      clock_(clock),
      stored_before_(last.stored),
      first_(last.given),
      last_(last.given),
      applied_(last.given),
      ceiling_(last.given) {
    if (applied_ != 0) {
        engine_.durable_applied(applied_);
    }
}

// The row that must reach the disk before `position` is told to anybody, if any.
std::optional<ports::meta_row> durable_log::raised(std::uint64_t position) {
    if (position <= ceiling_) {
        return std::nullopt;
    }
    ceiling_ = position + ceiling_span;
    return ports::meta_row{std::string{ceiling_name}, std::to_string(ceiling_)};
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
    if (auto row = raised(position)) {
        set.push_back(std::move(*row));
    }
    const bool queued = log_.submit(std::move(set), true, [this, position](bool ok) {
        ceiling_ = ok ? ceiling_ : 0;  // the next one stores it
        settle(position, ok);
    });
    if (!queued) {
        ceiling_ = 0;
        auto refused = std::move(queue_.back().applied);
        queue_.pop_back();
        refused(false);
    }
}

void durable_log::pass(std::uint64_t position, base::unique_function<void()> applied) {
    entry& e = enqueue(position, [f = std::move(applied)](bool) mutable { f(); });
    if (auto row = raised(position)) {
        const bool queued = log_.submit({std::move(*row)}, true, [this, position](bool ok) {
            ceiling_ = ok ? ceiling_ : 0;
            settle(position, true);  // a disk that takes nothing does not stop what is not stored
        });
        if (queued) {
            return;
        }
        ceiling_ = 0;
    }
    e.outcome = true;
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
