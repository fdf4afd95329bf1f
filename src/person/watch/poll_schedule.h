#pragma once

#include <optional>
#include <random>
#include <string>

#include "base/time.h"

namespace porchlight::person {

// When to ask again. However quick the answers or the failures come, requests stay apart: at least
// limits::poll_gap_min, poll_gap_empty after an answer without news, and a doubling time after
// failures.
class poll_schedule {
  public:
    poll_schedule(base::instant now, unsigned seed) : due_(now.mono), random_(seed) {}

    void began(base::instant now) { began_ = now.mono; }
    void answered(base::instant now, bool news);
    void failed(base::instant now, const std::string& why,
                std::optional<base::milliseconds> retry_after);
    // Given up by ourselves; the next may begin at once.
    void given_up(base::instant now) { due_ = now.mono; }

    base::mono_time due() const { return due_; }
    // Set while there is no connection.
    const std::optional<base::instant>& lost_since() const { return lost_since_; }
    const std::string& why() const { return why_; }

  private:
    base::mono_time due_, began_;
    std::optional<base::instant> lost_since_;
    std::string why_;
    int failures_ = 0;
    std::minstd_rand random_;
};

}  // namespace porchlight::person
