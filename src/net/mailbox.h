#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/limits.h"
#include "base/spsc_ring.h"
#include "net/wakeup.h"
#include "ports/executor.h"

namespace porchlight::net {

// Which of a runtime's own threads is running. Threads that belong to no runtime, or to another
// one, have no number there.
class thread_number {
  public:
    static constexpr std::uint32_t none = 0xffff'ffff;
    // Until destroyed, the calling thread is number `n` of `runtime` (any address that names it).
    thread_number(const void* runtime, std::uint32_t n);
    ~thread_number();
    thread_number(const thread_number&) = delete;
    thread_number& operator=(const thread_number&) = delete;
    static std::uint32_t in(const void* runtime);
    // The calling thread comes to the end of a burst of work: wakes, once each, the readers that it
    // posted to. Called by every thread with a number before it waits for anything.
    static void burst_over();
};

// Tasks on their way to one thread. Each of the runtime's other threads has a ring of its own to
// it, the thread itself a plain list, all other threads share a list under a lock.
// Invariants: 1. tasks of one poster run in the order they were posted; 2. posting never blocks and
// none is lost: a full ring spills into a list (counted) until the reader has caught up.
// Posters keep the list short: net threads stop reading requests while has_room() is false, and
// what goes to a net thread are answers, at most one for each request that it handed over. See
// docs/decisions/0011-full-rings.md.
class mailbox {
  public:
    // `owner`: the reading thread's number; `threads`: how many numbers the runtime has.
    // `wake` outlives the mailbox and wakes the reading thread.
    mailbox(const void* runtime, std::uint32_t owner, std::uint32_t threads, wakeup& wake,
            std::size_t ring_slots = base::limits::ring_slots);

    // Any thread. Cost: one allocation-free ring slot; a system call only if the reader sleeps, and
    // then once for all that a thread with a number posts in one burst.
    void post(ports::task t);

    // Thread number `poster` only: its ring is not nearly full. The eighth that is left is for what
    // can't be held back.
    bool has_room(std::uint32_t poster) const;

    // Any thread, about: tasks that wait, but for those the reading thread posted to itself.
    std::size_t waiting() const;

    // Reading thread only: runs what was there when called; true when that was anything.
    bool run_all();
    // Reading thread only.
    bool empty() const;

  private:
    struct lane {
        explicit lane(std::size_t slots) : ring(slots) {}
        base::spsc_ring<ports::task> ring;
        // While `spilled`, the poster adds to `spill` only, so that order is kept.
        std::atomic<bool> spilled{false};
        mutable std::mutex mutex;
        std::vector<ports::task> spill;
    };
    void post_to(lane& to, ports::task t);
    void take_from(lane& from);

    const void* const runtime_;
    const std::uint32_t owner_;
    wakeup& wake_;
    std::vector<ports::task> local_;    // posted by the reading thread itself
    std::vector<ports::task> running_;  // being run; kept for its memory
    std::vector<std::unique_ptr<lane>> lanes_;
    lane others_;
};

}  // namespace porchlight::net
