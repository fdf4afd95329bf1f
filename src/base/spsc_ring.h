#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "base/assert.h"

namespace porchlight::base {

// A bounded queue between exactly one producing and one consuming thread, without locks.
// Invariants: 1. values leave in the order they came; 2. a full ring refuses, it never blocks or
// overwrites; 3. what the producer wrote before push() is visible to the consumer after pop().
template <class T>
class spsc_ring {
  public:
    // REQUIRES: slots is a power of two. All slots are allocated here, none later.
    explicit spsc_ring(std::size_t slots)
        : mask_(slots - 1), slots_(std::make_unique<std::optional<T>[]>(slots)) {
        ASSERT(std::has_single_bit(slots));
    }
    spsc_ring(const spsc_ring&) = delete;
    spsc_ring& operator=(const spsc_ring&) = delete;

    // Producer only. False, with `value` untouched, when the ring is full.
    // Cost: one store; a read of the consumer's position only when the ring looks full.
    [[nodiscard]] bool push(T&& value) {
        const auto tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_seen_ > mask_) {
            head_seen_ = head_.load(std::memory_order_acquire);
            if (tail - head_seen_ > mask_) {
                return false;
            }
        }
        slots_[tail & mask_].emplace(std::move(value));
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    // Consumer only. Nothing when the ring is empty.
    std::optional<T> pop() {
        const auto head = head_.load(std::memory_order_relaxed);
        if (head == tail_seen_) {
            tail_seen_ = tail_.load(std::memory_order_acquire);
            if (head == tail_seen_) {
                return std::nullopt;
            }
        }
        std::optional<T> value = std::move(slots_[head & mask_]);
        slots_[head & mask_].reset();
        head_.store(head + 1, std::memory_order_release);
        return value;
    }

    // Any thread; exact only on a thread that is alone with the ring at the moment.
    std::size_t size() const {
        const auto head = head_.load(std::memory_order_acquire);
        return tail_.load(std::memory_order_acquire) - head;
    }
    bool empty() const { return size() == 0; }
    std::size_t capacity() const { return mask_ + 1; }

  private:
    static constexpr std::size_t cache_line = 64;

    const std::size_t mask_;
    const std::unique_ptr<std::optional<T>[]> slots_;
    alignas(cache_line) std::atomic<std::size_t> tail_{0};  // written by the producer
    std::size_t head_seen_ = 0;                             // the producer's copy of head_
    alignas(cache_line) std::atomic<std::size_t> head_{0};  // written by the consumer
    std::size_t tail_seen_ = 0;                             // the consumer's copy of tail_
};

}  // namespace porchlight::base
