#pragma once

#include "base/time.h"

namespace porchlight::ports {

// Reads both clocks together. Implemented by net (real) and by tests (set by hand).
class clock {
  public:
    virtual ~clock() = default;
    virtual base::instant now() const = 0;
};

}  // namespace porchlight::ports
