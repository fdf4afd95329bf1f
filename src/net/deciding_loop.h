#pragma once

#include <optional>

#include "base/timing_wheel.h"
#include "net/mailbox.h"
#include "ports/clock.h"
#include "ports/executor.h"

namespace porchlight::net {

// What the server runs besides tasks, on the deciding thread.
struct turn_hooks {
    // After each burst of tasks, and when `next_turn` has come.
    base::unique_function<void(base::instant now)> after_tasks;
    // When after_tasks wants to be called even if no task comes. Nothing: not at all.
    base::unique_function<std::optional<base::mono_time>()> next_turn;
};

// The executor: what the deciding thread does, whichever thread that is. The thread calls
// run_burst() whenever it was woken or next_deadline() has come.
class deciding_loop final : public ports::executor {
  public:
    // `owner`: number of the thread that decides. `clock` and `wake` outlive the loop.
    deciding_loop(const void* runtime, std::uint32_t owner, std::uint32_t threads,
                  const ports::clock& clock, wakeup& wake,
                  std::size_t ring_slots = base::limits::ring_slots);

    void set_hooks(turn_hooks hooks) { hooks_ = std::move(hooks); }

    // ports::executor
    void post(ports::task t) override { inbox_.post(std::move(t)); }
    void post_after(base::milliseconds delay, ports::task t) override;

    // Thread number `poster` only: another request may be posted. See mailbox::has_room.
    bool has_room(std::uint32_t poster) const { return inbox_.has_room(poster); }
    // Any thread, about.
    std::size_t waiting() const { return inbox_.waiting(); }

    // Deciding thread only. Runs waiting tasks (not those they post) and due timers, then the turn
    // if there was anything of these or its time has come.
    void run_burst();
    // Deciding thread only: nothing to run before this; nothing at all: only posts matter.
    std::optional<base::mono_time> next_deadline();
    bool idle() const { return inbox_.empty(); }

  private:
    const ports::clock& clock_;
    mailbox inbox_;
    base::timing_wheel<ports::task> timers_;
    turn_hooks hooks_;
};

}  // namespace porchlight::net
