#pragma once

#include "base/time.h"

namespace porchlight::person {

// Now; `mono` goes on while the machine sleeps (CLOCK_BOOTTIME), as idleness and "3 min ago" do.
base::instant boot_now();

}  // namespace porchlight::person
