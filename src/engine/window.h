#pragma once

#include <algorithm>
#include <cstdint>

#include "base/limits.h"
#include "base/time.h"

namespace porchlight::engine {

// W of one net thread: the configured window, doubled for each time the thread was behind and
// halved again when it is not. It reads no clock. See docs/internals/engine.md, "An answer".
// Invariant: configured <= length() <= max(configured, limits::window_max). A configured 0 is no
// window, and stays so.
class thread_window {
  public:
    base::milliseconds length(base::milliseconds configured) const {
        return std::min(configured * (1 << doublings_), longest(configured));
    }

    // An answer waited so long after its session was ready. True: the window was doubled. It is
    // not again before the longer window had time to show its effect.
    bool note_wait(base::milliseconds waited, base::mono_time now, base::milliseconds configured) {
        if (waited < base::limits::ready_wait_calm) {
            return false;
        }
        calm_since_ = now;
        const base::milliseconds before = length(configured);
        const bool effect_seen = doublings_ == 0 || now - raised_at_ >= before;
        if (waited <= base::limits::ready_wait_max || !effect_seen ||
            before >= longest(configured)) {
            return false;
        }
        ++doublings_;
        raised_at_ = now;
        return true;
    }

    // Halves it for each stretch of limits::window_calm in which nothing waited noticeably.
    void pass(base::mono_time now) {
        while (doublings_ != 0 && now - calm_since_ >= base::limits::window_calm) {
            --doublings_;
            calm_since_ += base::limits::window_calm;
        }
    }

  private:
    static base::milliseconds longest(base::milliseconds configured) {
        return configured.count() == 0
                   ? configured
                   : std::max<base::milliseconds>(configured, base::limits::window_max);
    }

    base::mono_time calm_since_{}, raised_at_{};  // meaningful while doublings_ != 0
    std::uint8_t doublings_ = 0;
};

}  // namespace porchlight::engine
