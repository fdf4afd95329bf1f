#pragma once

#include <cstdint>

namespace porchlight::server {

// What the kernel says of this process.
std::uint64_t resident_bytes();  // 0: not known
double cpu_seconds();            // of all threads, user and system

}  // namespace porchlight::server
