#pragma once

#include "base/time.h"

namespace porchlight::person {

// The module's idle timer: no input for so long, and one is away; input, and one is back at once.
// Decides by when the last input was alone, so it does not matter how often or seldom it is asked:
// after a laptop's sleep the answer is right at the first question.
class idle_timer {
  public:
    // Starting the program is input.
    idle_timer(base::milliseconds limit, base::mono_time now) : limit_(limit), last_(now) {}

    void input(base::mono_time now) { last_ = now; }
    bool is_idle(base::mono_time now) const { return now - last_ >= limit_; }
    // When it will be, if there is no input; in the past when it is.
    base::mono_time idle_at() const { return last_ + limit_; }

  private:
    base::milliseconds limit_;
    base::mono_time last_;
};

}  // namespace porchlight::person
