#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/chunked_vector.h"
#include "base/time.h"

namespace porchlight::base {

// Timers by the million for one thread: a hierarchical wheel, one millisecond a tick, reaching
// 139 years. It reads no clock. There is no cancel: what fires looks up whether it is still meant
// (a generation, or a deadline that was moved on), which makes re-arming free.
// REQUIRES of T: default construction; a default value owns nothing.
// Invariants: 1. nothing fires before its time; 2. firing follows the times, and among equal times
// the order of insertion; 3. memory grows to the most timers ever held at once and is reused.
template <class T>
class timing_wheel {
  public:
    explicit timing_wheel(mono_time start) : start_(start) {}

    // A time in the past fires at the next advance(). May be called from inside advance().
    // Cost: O(1); allocates only when more timers wait than ever before.
    void insert(mono_time at, T value) {
        const auto index = allocate(std::move(value));
        nodes_[index].at = tick_of(at);
        place(index);
        ++size_;
    }

    // Calls fire(T&&) for timers with time <= now, at most `most` of them; returns how many. What
    // was held back by `most` fires first at the next call. What `fire` inserts waits for the next
    // call. Cost: O(1) per timer and per level it passes (six at most).
    template <class Fire>
    std::size_t advance(mono_time now, Fire&& fire,
                        std::size_t most = std::numeric_limits<std::size_t>::max()) {
        collect(tick_of(now));
        auto left = std::min(most, due_count_);
        const auto fired = left;
        for (; left > 0; --left) {
            const auto index = due_.first;
            remove_first(due_);
            --due_count_;
            --size_;
            T value = std::move(nodes_[index].value);
            release(index);
            fire(std::move(value));
        }
        return fired;
    }

    // When advance() next has something to do; never later than the earliest timer (it may be
    // earlier: far timers move to finer wheels on the way). Nothing when no timer waits.
    std::optional<mono_time> next() const {
        if (due_count_ > 0) {
            return time_of(elapsed_);
        }
        const auto slot = next_slot();
        return slot ? std::optional(time_of(slot->begins)) : std::nullopt;
    }

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

  private:
    using tick = std::uint64_t;
    static constexpr unsigned slot_bits = 6, level_count = 7;
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
    static constexpr tick tick_max = (tick{1} << (slot_bits * level_count)) - 1;

    struct node {
        T value{};
        tick at = 0;
        std::uint32_t next = none;
    };
    struct list {
        std::uint32_t first = none, last = none;
    };
    struct level {
        std::uint64_t occupied = 0;  // bit s: slot s holds timers
        std::array<list, 1U << slot_bits> slots;
    };
    struct slot_place {
        unsigned level, slot;
        tick begins;
    };

    tick tick_of(mono_time t) const {
        const auto ms = (t - start_).count();
        return ms < 0 ? 0 : std::min(static_cast<tick>(ms), tick_max);
    }
    mono_time time_of(tick t) const {
        return start_ + milliseconds{static_cast<milliseconds::rep>(t)};
    }

    // A timer stands on the level of the highest bit in which its time differs from now: all
    // timers of a level come before all of the next, and a slot number there is always ahead.
    void place(std::uint32_t index) {
        const auto at = nodes_[index].at;
        if (at <= elapsed_) {
            append(due_, index);
            ++due_count_;
            return;
        }
        const auto highest = static_cast<unsigned>(std::bit_width(at ^ elapsed_)) - 1;
        const auto l = highest / slot_bits;
        const auto s = static_cast<unsigned>(at >> (l * slot_bits)) & 63U;
        append(levels_[l].slots[s], index);
        levels_[l].occupied |= std::uint64_t{1} << s;
    }

    std::optional<slot_place> next_slot() const {
        for (unsigned l = 0; l < level_count; ++l) {
            if (levels_[l].occupied != 0) {
                const auto s = static_cast<unsigned>(std::countr_zero(levels_[l].occupied));
                const auto above = (l + 1) * slot_bits;
                const auto begins = ((elapsed_ >> above) << above) | (tick{s} << (l * slot_bits));
                return slot_place{l, s, begins};
            }
        }
        return std::nullopt;
    }

    // Moves all that is due by `now` to due_, in order.
    void collect(tick now) {
        for (auto next = next_slot(); next && next->begins <= now; next = next_slot()) {
            elapsed_ = std::max(elapsed_, next->begins);
            auto& l = levels_[next->level];
            l.occupied &= ~(std::uint64_t{1} << next->slot);
            auto waiting = std::exchange(l.slots[next->slot], list{});
            while (waiting.first != none) {
                const auto index = waiting.first;
                remove_first(waiting);
                place(index);
            }
        }
        elapsed_ = std::max(elapsed_, now);
    }

    void append(list& l, std::uint32_t index) {
        nodes_[index].next = none;
        if (l.first == none) {
            l.first = index;
        } else {
            nodes_[l.last].next = index;
        }
        l.last = index;
    }
    void remove_first(list& l) { l.first = nodes_[l.first].next; }

    std::uint32_t allocate(T&& value) {
        if (free_ == none) {
            ASSERT(nodes_.size() < none);
            nodes_.push_back({std::move(value), 0, none});
            return static_cast<std::uint32_t>(nodes_.size() - 1);
        }
        const auto index = free_;
        free_ = nodes_[index].next;
        nodes_[index].value = std::move(value);
        return index;
    }
    void release(std::uint32_t index) {
        nodes_[index].value = T{};  // what it owned goes now
        nodes_[index].next = free_;
        free_ = index;
    }

    const mono_time start_;
    tick elapsed_ = 0;
    std::size_t size_ = 0, due_count_ = 0;
    list due_;
    std::uint32_t free_ = none;
    chunked_vector<node, 9> nodes_;
    std::array<level, level_count> levels_;
};

}  // namespace porchlight::base
