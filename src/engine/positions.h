#pragma once

#include <cstdint>

#include "base/time.h"

namespace porchlight::engine {

class outside;

// Makes presence positions: P = max(previous + 1, wall ms * 2^16), never beyond a ceiling that was
// announced ahead of use, so that after a crash no position is made twice. Deciding thread only.
class positions {
  public:
    // `ceiling`: the highest that may have been used before; 0: none.
    positions(outside& o, std::uint64_t ceiling, base::instant now);

    std::uint64_t next(base::instant now);
    std::uint64_t current() const { return current_; }
    // The first position of this run: larger than every one of earlier runs.
    std::uint64_t restart() const { return restart_; }
    // Those of the earlier run's last minute, and of some minutes more, are at or above this.
    std::uint64_t recent() const { return recent_; }

  private:
    void reserve(std::uint64_t needed, base::instant now);

    outside& out_;
    std::uint64_t restart_ = 0, recent_ = 0, current_ = 0;
    std::uint64_t usable_ = 0;  // announced long enough ago to be stored
    std::uint64_t asked_ = 0;   // announced
    base::mono_time asked_at_;
};

}  // namespace porchlight::engine
