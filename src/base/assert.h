#pragma once

namespace porchlight::base {
// Prints the broken invariant with its place to stderr and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace porchlight::base

// A programmer's error, on in release too. Never for what users or peers send.
#define ASSERT(condition)         \
    (static_cast<bool>(condition) \
         ? static_cast<void>(0)   \
         : ::porchlight::base::assertion_failed(#condition, __FILE__, __LINE__))
