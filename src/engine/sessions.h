#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/chunked_vector.h"
#include "engine/engine.h"
#include "engine/users.h"

// Streams: one session per poll loop of a device. It lives on for a while between two polls, so
// that what changes meanwhile need not be found again. Deciding thread only.
namespace porchlight::engine {

// Keys of subjects that changed since the token. Three inside, then a block of 16, 64, 256.
// Repeats are kept until it is full; then it is made unique, and grows if that did not help.
class pending_subjects {
  public:
    pending_subjects() = default;
    pending_subjects(pending_subjects&& other) noexcept { take(other); }
    pending_subjects& operator=(pending_subjects&& other) noexcept {
        if (this != &other) {
            release();
            take(other);
        }
        return *this;
    }
    ~pending_subjects() { release(); }

    // False: more than limits::pending_subjects_max different ones; then it is unchanged.
    // Cost: O(1) amortized; allocates only when it grows.
    bool add(user_key u);
    bool empty() const { return size_ == 0; }
    std::span<const std::uint32_t> all() const { return {data(), size_}; }
    void clear() { size_ = 0; }
    // Frees the block.
    void reset() {
        release();
        size_ = 0;
        capacity_ = inside_max;
    }

  private:
    static constexpr std::uint16_t inside_max = 3;
    bool grow();
    std::uint32_t* block() const {
        std::uint32_t* p = nullptr;
        std::memcpy(&p, words_, sizeof p);
        return p;
    }
    const std::uint32_t* data() const { return capacity_ == inside_max ? words_ : block(); }
    std::uint32_t* data() { return capacity_ == inside_max ? words_ : block(); }
    void release() {
        if (capacity_ != inside_max) {
            delete[] block();
        }
    }
    void take(pending_subjects& other) noexcept;

    std::uint16_t size_ = 0, capacity_ = inside_max;
    std::uint32_t words_[inside_max] = {};  // the keys, or the address of the block
};
static_assert(sizeof(pending_subjects) == 16);

// Invariants: (1) parked = a poll waits under `handle`; (2) every subject whose effective position
// lies beyond `since` is in `pending`, or `rebuild` is set, or an unfinished job will mark it, or
// the rebuild under way will find it; (3) stream_open = the core counts this stream.
struct session {
    ports::http_handle handle;
    token since;  // the one presented while parked, the one issued last while not
    std::shared_ptr<const subject_filter> filter;
    mono_time until = mono_time::max();      // parked: end of the poll; else end of the session
    mono_time answer_at = mono_time::max();  // parked with news: end of the window
    mono_time armed = mono_time::max();      // the entry of the wheel that is valid
    mono_time last_answer = mono_time::min();
    mono_time marked{};  // when the oldest of `pending` was
    user_key user;
    device_key device;
    room_key peek;
    std::uint32_t kind = 0;
    std::uint32_t next_of_user = no_index;
    std::uint32_t puts = 0;  // of the user, when the poll was opened
    pending_subjects pending;
    presence::stream_request marks;
    bool used : 1 = false;
    bool parked : 1 = false;
    bool stream_open : 1 = false;
    bool on_ready : 1 = false;
    bool rebuild : 1 = false;      // find the news from the token
    bool rebuilding : 1 = false;   // that takes turns, and is waiting or under way
    bool everything : 1 = false;   // first sync, full state: not only what is news
    bool full : 1 = false;         // everything, the offline too
    bool had_token : 1 = false;    // `since` was presented (else a first sync)
    bool must_answer : 1 = false;  // also when there is nothing
    bool at_once : 1 = false;      // no window: own change, rest of a cut response, durable news
    bool durable_news : 1 = false;
    bool timed_out : 1 = false;
    bool cut : 1 = false;   // the last response left something over
    bool ends : 1 = false;  // not kept after the answer
};
static_assert(sizeof(session) <= 192, "parked streams by the ten thousand: see design of memory");

class session_table {
  public:
    std::uint32_t allocate();
    void release(std::uint32_t i);
    session& operator[](std::uint32_t i) { return all_[i]; }
    const session& operator[](std::uint32_t i) const { return all_[i]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(all_.size()); }
    std::size_t used() const { return used_; }

    // The session parked under this very handle; no_index: none.
    std::uint32_t parked_at(const ports::http_handle& h) const;
    // Whoever is parked on that connection, under whatever generation.
    std::uint32_t on_connection(const ports::http_handle& h) const;
    void park(std::uint32_t i, const ports::http_handle& h);
    void unpark(std::uint32_t i);

  private:
    base::chunked_vector<session, 8> all_;  // they don't move
    std::vector<std::uint32_t> free_;
    std::vector<std::vector<std::uint32_t>> by_slot_;  // of each net thread
    std::size_t used_ = 0;
};

}  // namespace porchlight::engine
