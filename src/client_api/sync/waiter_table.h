#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "base/chunked_vector.h"
#include "ports/http.h"

namespace porchlight::client_api {

// What waits under the handle of an unanswered request. A connection has at most one of these, so
// the place is found by its slot, and that costs half of what a hash table takes for each. The
// memory grows with the most connections of a thread and is used again.
// REQUIRES of T: default construction; a default value owns nothing. Deciding thread only.
template <class T>
class waiter_table {
  public:
    // Takes the place of what the connection's earlier request left, if that was not taken back.
    // Cost: O(1); allocates once in 128 new slots.
    void insert_or_assign(const ports::http_handle& h, T value) {
        if (h.thread >= of_thread_.size()) {
            of_thread_.resize(std::size_t{h.thread} + 1);
        }
        auto& slots = of_thread_[h.thread];
        while (h.slot >= slots.size()) {
            slots.push_back({});
        }
        entry& e = slots[h.slot];
        size_ += e.generation == none ? 1 : 0;
        e = {h.generation, std::move(value)};
    }
    // Null: nothing waits under this very handle. Good until that changes.
    const T* find(const ports::http_handle& h) const {
        if (h.thread >= of_thread_.size() || h.slot >= of_thread_[h.thread].size()) {
            return nullptr;
        }
        const entry& e = of_thread_[h.thread][h.slot];
        return e.generation == h.generation && h.generation != none ? &e.value : nullptr;
    }
    bool contains(const ports::http_handle& h) const { return find(h) != nullptr; }
    // Whether anything waited under this very handle.
    bool erase(const ports::http_handle& h) {
        if (!contains(h)) {
            return false;
        }
        of_thread_[h.thread][h.slot] = entry{};
        --size_;
        return true;
    }
    std::size_t size() const { return size_; }

  private:
    static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
    struct entry {
        std::uint64_t generation = none;
        T value{};
    };
    std::vector<base::chunked_vector<entry, 7>> of_thread_;  // by slot
    std::size_t size_ = 0;
};

}  // namespace porchlight::client_api
