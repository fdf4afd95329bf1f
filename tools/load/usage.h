#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>

namespace porchlight::load {

// What processes of this machine have used so far.
struct usage {
    double cpu_seconds = 0;  // in user space and kernel, to 10 ms
    std::uint64_t resident_bytes = 0;
};

// The sum over the processes, from /proc. Throws failure where there is no such process.
usage read_usage(std::span<const pid_t> processes);

// Of this process.
double own_cpu_seconds();

}  // namespace porchlight::load
