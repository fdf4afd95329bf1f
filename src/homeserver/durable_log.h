#pragma once

#include "homeserver/services.h"

namespace porchlight::homeserver {

// Commit before apply: gives positions (D), queues writes, and applies them to live state in log
// order once they are on disk. Deciding thread only.
class durable_log {
  public:
    // `last`: the highest position ever stored. D = max(previous + 1, wall ms * 2^10): positions that
    // never reach the store (typing) are not given twice after a restart.
    durable_log(ports::commit_log& log, engine::engine& e, ports::clock& clock, std::uint64_t last);

    // The next position, for the rows of one set. Take it in the same call stack as commit().
    std::uint64_t next_position();
    // Queues `set`, whose rows carry `position`. `applied(true)` runs after the commit, in log order:
    // apply to live state, wake streams, answer. Before it, engine.durable_applied(position) was
    // called. `applied(false)`: nothing happened, answer errc::unavailable.
    void commit(std::uint64_t position, ports::write_set set, base::unique_function<void(bool)> applied);
    // The same place in the order, nothing to store (typing).
    void pass(std::uint64_t position, base::unique_function<void()> applied);
    // No position and not durable: write-behind of presence.
    void write_behind(ports::write_set set, base::unique_function<void(bool)> done);
    std::uint64_t last_applied() const { return applied_; }

  private:
    ports::commit_log& log_;
    engine::engine& engine_;
    ports::clock& clock_;
    std::uint64_t last_ = 0;
    std::uint64_t applied_ = 0;
};

}  // namespace porchlight::homeserver
