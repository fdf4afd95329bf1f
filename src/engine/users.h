#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/assert.h"
#include "base/key.h"
#include "base/time.h"
#include "presence/user.h"
#include "presence/visibility.h"

// The tables of users: a compact record for everyone known, a live_user for who has a device, a
// stream or a deadline. Deciding thread only.
namespace porchlight::engine {

using base::instant;
using base::mono_time;
using base::room_key;
using base::user_key;

inline constexpr std::uint32_t no_index = 0xffff'ffff;

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

inline constexpr std::int64_t never_active = std::numeric_limits<std::int64_t>::min();

// What is kept of every known user. Nothing is added here without a line in docs/internals.
struct user_record {
    std::int64_t last_active = never_active;  // unix ms
    room_list rooms;
    std::uint32_t live = no_index;                     // index of the live_user
    presence::state saved = presence::state::offline;  // aggregate, as last told to the store
    bool known : 1 = false;
    bool deactivated : 1 = false;
    bool unsaved : 1 = false;        // on the list of what is to be saved
    bool interesting : 1 = false;    // others see more than a bare offline
    bool resting : 1 = false;        // has a row in the table of resting users
    bool saved_behind : 1 = false;   // a status row of it was written behind in this run
    bool is_observer : 1 = false;    // on a presence list somebody accepted this user
    bool has_observers : 1 = false;  // ... this user accepted somebody
    bool is_blocked : 1 = false;     // by somebody
    presence::user_visibility visibility : 2 = presence::user_visibility::everyone;
};
static_assert(sizeof(user_record) <= 48, "1 M known users: see docs/internals/engine.md");

// A user with a device that counts, a session or a deadline.
struct live_user {
    live_user(user_key u, const presence::settings& s, presence::saved_state saved)
        : user(u), core(s, std::move(saved)) {}

    user_key user;
    presence::user core;
    std::uint32_t first_session = no_index;  // chained through session::next_of_user
    std::uint32_t session_count = 0;
    std::uint32_t puts = 0;              // PUTs so far, so that a resumed poll does not undo one
    std::uint64_t pass = 0;              // epoch of the last fan-out that reached this user
    std::uint64_t self_changed = 0;      // position of the last change only the user sees
    mono_time armed = mono_time::max();  // the entry of the wheel that is valid
    // After a restart the state of before counts until then, and for the grace from then on.
    std::optional<mono_time> hold_until;
};

// Texts and hiding of users who are not live.
struct resting_user {
    presence::saved_state saved;
    std::uint64_t self_changed = 0;
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
