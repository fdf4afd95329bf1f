#include "net/secure_random.h"

#include <sodium.h>

#include "base/assert.h"

namespace porchlight::net {

secure_random::secure_random() {
    ASSERT(sodium_init() >= 0);
}

void secure_random::fill(std::span<std::uint8_t> bytes) {
    randombytes_buf(bytes.data(), bytes.size());
}

}  // namespace porchlight::net
