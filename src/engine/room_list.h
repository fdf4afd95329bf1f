#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/key.h"

namespace porchlight::engine {

using base::room_key;

// The rooms of one user, ascending. Up to four live inside; more in one block on the heap.
class room_list {
  public:
    room_list() = default;
    room_list(room_list&& other) noexcept { take(other); }
    room_list& operator=(room_list&& other) noexcept {
        if (this != &other) {
            release();
            take(other);
        }
        return *this;
    }
    ~room_list() { release(); }

    std::span<const room_key> all() const { return {data(), size_}; }
    bool contains(room_key r) const { return std::ranges::binary_search(all(), r); }
    bool insert(room_key r);  // false: was there
    bool erase(room_key r);   // false: was not there

  private:
    static constexpr std::uint32_t inline_max = 4;
    const room_key* data() const { return capacity_ == 0 ? inside_ : outside_; }
    room_key* data() { return capacity_ == 0 ? inside_ : outside_; }
    void take(room_list& other) noexcept;
    void release() {
        if (capacity_ != 0) {
            delete[] outside_;
        }
    }

    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;  // 0: inside
    union {
        room_key inside_[inline_max] = {};
        room_key* outside_;
    };
};

inline bool room_list::insert(room_key r) {
    const auto at = static_cast<std::uint32_t>(std::ranges::lower_bound(all(), r) - all().begin());
    if (at < size_ && data()[at] == r) {
        return false;
    }
    if (size_ == (capacity_ == 0 ? inline_max : capacity_)) {
        const std::uint32_t capacity = size_ * 2;
        room_key* block = new room_key[capacity];
        std::copy_n(data(), size_, block);
        release();
        outside_ = block;
        capacity_ = capacity;
    }
    std::copy_backward(data() + at, data() + size_, data() + size_ + 1);
    data()[at] = r;
    ++size_;
    return true;
}

inline bool room_list::erase(room_key r) {
    const auto at = static_cast<std::uint32_t>(std::ranges::lower_bound(all(), r) - all().begin());
    if (at == size_ || data()[at] != r) {
        return false;
    }
    std::copy(data() + at + 1, data() + size_, data() + at);
    --size_;
    if (capacity_ != 0 && size_ <= inline_max / 2) {
        room_key* block = outside_;
        room_key kept[inline_max];
        std::copy_n(block, size_, kept);
        std::copy_n(kept, size_, inside_);
        capacity_ = 0;
        delete[] block;
    }
    return true;
}

inline void room_list::take(room_list& other) noexcept {
    size_ = other.size_;
    capacity_ = other.capacity_;
    if (capacity_ == 0) {
        std::copy_n(other.inside_, inline_max, inside_);
    } else {
        outside_ = other.outside_;
    }
    other.size_ = 0;
    other.capacity_ = 0;
}

}  // namespace porchlight::engine
