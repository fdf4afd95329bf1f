#include "net/mailbox.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "net/metrics.h"

namespace porchlight::net {
namespace {
struct position {
    const void* runtime = nullptr;
    std::uint32_t number = thread_number::none;
    std::vector<wakeup*> woken;  // in this burst; a handful at most
};
thread_local position current;
constexpr std::size_t no_ring = 1;  // the shared list: its ring is never used
}  // namespace

thread_number::thread_number(const void* runtime, std::uint32_t n) {
    current = {runtime, n, {}};
}

thread_number::~thread_number() {
    burst_over();
    current = {};
}

// Who was woken by the first post of a burst may sleep again before the last.
void thread_number::burst_over() {
    for (wakeup* w : current.woken) {
        w->wake();
    }
    current.woken.clear();
}

std::uint32_t thread_number::in(const void* runtime) {
    return current.runtime == runtime ? current.number : none;
}

mailbox::mailbox(const void* runtime, std::uint32_t owner, std::uint32_t threads, wakeup& wake,
                 std::size_t ring_slots)
    : runtime_(runtime), owner_(owner), wake_(wake), others_(no_ring) {
    for (std::uint32_t n = 0; n < threads; ++n) {
        lanes_.push_back(n == owner ? nullptr : std::make_unique<lane>(ring_slots));
    }
}

void mailbox::post(ports::task t) {
    const auto poster = thread_number::in(runtime_);
    if (poster == owner_) {
        local_.push_back(std::move(t));
        return;
    }
    if (poster < lanes_.size()) {
        post_to(*lanes_[poster], std::move(t));
    } else {
        const std::lock_guard lock(others_.mutex);
        others_.spill.push_back(std::move(t));
        others_.spilled.store(true, std::memory_order_release);
    }
    if (poster == thread_number::none) {
        wake_.wake();
    } else if (std::ranges::find(current.woken, &wake_) == current.woken.end()) {
        wake_.wake();
        current.woken.push_back(&wake_);
    }
}

void mailbox::post_to(lane& to, ports::task t) {
    if (!to.spilled.load(std::memory_order_acquire) && to.ring.push(std::move(t))) {
        return;
    }
    const std::lock_guard lock(to.mutex);
    if (!to.spilled.exchange(true, std::memory_order_acq_rel)) {
        metrics::thread_ring.reached();
    }
    to.spill.push_back(std::move(t));
}

bool mailbox::has_room(std::uint32_t poster) const {
    ASSERT(poster < lanes_.size());
    const auto& to = lanes_[poster];
    return !to || (!to->spilled.load(std::memory_order_acquire) &&
                   to->ring.size() < to->ring.capacity() / 8 * 7);
}

void mailbox::take_from(lane& from) {
    // Looked at first: once set, nothing enters the ring until the list was taken.
    const bool spilled = from.spilled.load(std::memory_order_acquire);
    for (auto left = from.ring.size(); left > 0; --left) {
        running_.push_back(std::move(*from.ring.pop()));
    }
    if (spilled) {
        const std::lock_guard lock(from.mutex);
        for (auto& t : from.spill) {
            running_.push_back(std::move(t));
        }
        from.spill.clear();
        from.spilled.store(false, std::memory_order_release);
    }
}

std::size_t mailbox::waiting() const {
    std::size_t sum = 0;
    const auto add = [&sum](const lane& l) {
        sum += l.ring.size();
        if (l.spilled.load(std::memory_order_acquire)) {
            const std::lock_guard lock(l.mutex);
            sum += l.spill.size();
        }
    };
    for (const auto& from : lanes_) {
        if (from) {
            add(*from);
        }
    }
    add(others_);
    return sum;
}

bool mailbox::run_all() {
    std::swap(running_, local_);
    for (const auto& from : lanes_) {
        if (from) {
            take_from(*from);
        }
    }
    take_from(others_);
    if (running_.empty()) {
        return false;
    }
    for (auto& t : running_) {
        t();
        t = nullptr;
    }
    running_.clear();
    return true;
}

bool mailbox::empty() const {
    if (!local_.empty() || others_.spilled.load(std::memory_order_acquire)) {
        return false;
    }
    for (const auto& from : lanes_) {
        if (from && (!from->ring.empty() || from->spilled.load(std::memory_order_acquire))) {
            return false;
        }
    }
    return true;
}

}  // namespace porchlight::net
