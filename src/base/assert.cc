#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace porchlight::base {

void assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "porchlight: broken invariant: %s (%s:%d)\n", condition, file, line);
    std::fflush(stderr);
    std::abort();
}

}  // namespace porchlight::base
