#pragma once

#include <algorithm>

#include "base/time.h"

namespace porchlight::federation {

// `first` after the first failure, twice that after the next, and so on, but never above `most`.
constexpr base::milliseconds backoff(base::milliseconds first, base::milliseconds most,
                                     unsigned failures_before) {
    return std::min(most, first * (1 << std::min(failures_before, 16U)));
}

}  // namespace porchlight::federation
