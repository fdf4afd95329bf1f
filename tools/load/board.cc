#include "load/board.h"

#include <sys/mman.h>

#include <memory>

#include "base/assert.h"

namespace porchlight::load {

static_assert(std::atomic<phase>::is_always_lock_free &&
                  std::atomic<std::uint64_t>::is_always_lock_free,
              "a lock would not be shared between processes");

board::board(std::size_t processes, std::size_t subjects)
    : bytes_(sizeof(orders) + processes * sizeof(slot) +
             subjects * sizeof(std::atomic<std::uint32_t>)) {
    memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT(memory_ != MAP_FAILED);
    orders_ = std::construct_at(static_cast<orders*>(memory_));
    auto* const slots = reinterpret_cast<slot*>(orders_ + 1);
    std::uninitialized_value_construct_n(slots, processes);
    slots_ = {slots, processes};
    auto* const last = reinterpret_cast<std::atomic<std::uint32_t>*>(slots + processes);
    std::uninitialized_value_construct_n(last, subjects);
    last_ = {last, subjects};
}

board::~board() {
    ::munmap(memory_, bytes_);
}

std::vector<std::uint32_t> board::last_states() const {
    std::vector<std::uint32_t> last;
    last.reserve(last_.size());
    for (const auto& l : last_) {
        last.push_back(l.load(std::memory_order_acquire));
    }
    return last;
}

bool board::all_follow() const {
    for (const auto& s : slots_) {
        if (s.seen != orders_->now) {
            return false;
        }
    }
    return true;
}

std::uint64_t board::sum(std::atomic<std::uint64_t> slot::*what) const {
    std::uint64_t total = 0;
    for (const auto& s : slots_) {
        const auto n = (s.*what).load();
        total = n > UINT64_MAX - total ? UINT64_MAX : total + n;
    }
    return total;
}

}  // namespace porchlight::load
