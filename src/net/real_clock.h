#pragma once

#include "ports/clock.h"

namespace porchlight::net {

// The machine's clocks (CLOCK_MONOTONIC and CLOCK_REALTIME). Any thread.
class real_clock final : public ports::clock {
  public:
    base::instant now() const override;
};

}  // namespace porchlight::net
