#pragma once

#include <deque>
#include <optional>

#include "homeserver/services.h"

namespace porchlight::homeserver {

// Commit before apply: gives positions (D), queues writes, and applies them to live state in log
// order once they are on disk. Deciding thread only.
//
// Invariants: (1) positions are applied in growing order, stored ones and passing ones alike;
// (2) no applied() runs inside another one; (3) each applied() runs exactly once.
class durable_log {
  public:
    // D = max(previous + 1, wall ms * 2^10). Not every position is found again in the store
    // (typing, profiles), so a ceiling is stored with the first that passes the one before:
    // none is given twice, and none that a client has is unknown after a restart.
    struct last_positions {
        std::uint64_t stored = 0;  // the highest that a row has
        std::uint64_t given = 0;   // none above it was given
    };
    static last_positions last_of(ports::store_reader& store);
    durable_log(ports::commit_log& log, engine::engine& e, ports::clock& clock,
                last_positions last);

    // The next position, for the rows of one set. Take it in the same call stack as commit().
    std::uint64_t next_position();
    // Queues `set`, whose rows carry `position`. `applied(true)` runs after the commit, in log
    // order: apply to live state, wake streams, answer. Before it, engine.durable_applied(position)
    // was called. `applied(false)`: nothing happened, answer errc::unavailable (at once within the
    // call when the log is full).
    void commit(std::uint64_t position, ports::write_set set,
                base::unique_function<void(bool)> applied);
    // The same place in the order, nothing to store (typing).
    void pass(std::uint64_t position, base::unique_function<void()> applied);
    // No position and not durable: write-behind of presence.
    void write_behind(ports::write_set set, base::unique_function<void(bool)> done);
    std::uint64_t last_applied() const { return applied_; }
    // As this run found it: what has no position of its own since then is at most so new.
    std::uint64_t last_stored_before() const { return stored_before_; }
    // Above every position of earlier runs, at most every one of this run.
    std::uint64_t first() const { return first_; }

  private:
    struct entry {
        std::uint64_t position;
        base::unique_function<void(bool)> applied;
        std::optional<bool> outcome;  // none: still on its way to the disk
    };
    entry& enqueue(std::uint64_t position, base::unique_function<void(bool)> applied);
    void settle(std::uint64_t position, bool ok);
    std::optional<ports::meta_row> raised(std::uint64_t position);
    void drain();

    ports::commit_log& log_;
    engine::engine& engine_;
    ports::clock& clock_;
    const std::uint64_t stored_before_, first_;
    std::uint64_t last_, applied_, ceiling_;
    std::deque<entry> queue_;  // by position
    bool draining_ = false;
};

}  // namespace porchlight::homeserver
