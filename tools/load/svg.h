#pragma once

#include <string>

#include "load/result.h"

namespace porchlight::load {

// The latency of deliveries over the time at which their changes were due: p50, p99 and the
// greatest of each interval on a logarithmic axis. One file for light and dark backgrounds.
std::string latency_picture(const run_result& r);

}  // namespace porchlight::load
