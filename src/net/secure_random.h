#pragma once

#include "ports/random.h"

namespace porchlight::net {

// The operating system's cryptographic randomness by way of libsodium. Any thread.
class secure_random final : public ports::random {
  public:
    secure_random();
    void fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace porchlight::net
