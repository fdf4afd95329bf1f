#include "person/watch/poll_schedule.h"

#include <algorithm>

#include "person/limits.h"

namespace porchlight::person {

void poll_schedule::answered(base::instant now, bool news) {
    due_ = news ? now.mono + limits::poll_gap_min
                : std::max(now.mono, began_ + base::milliseconds{limits::poll_gap_empty});
    lost_since_.reset();
    failures_ = 0;
}

void poll_schedule::failed(base::instant now, const std::string& why,
                           std::optional<base::milliseconds> retry_after) {
    if (!lost_since_) {
        lost_since_ = now;
    }
    why_ = why;
    const int doublings = std::min(failures_++, 10);
    const base::milliseconds longest = limits::retry_max;
    base::milliseconds wait =
        std::min(base::milliseconds{limits::retry_first} * (1 << doublings), longest);
    // Up to a quarter less, so that those who lost the same server don't come back together.
    wait -= wait * static_cast<int>(random_() % 251) / 1000;
    due_ = now.mono + std::max(wait, std::min(retry_after.value_or(wait), longest * 10));
}

}  // namespace porchlight::person
