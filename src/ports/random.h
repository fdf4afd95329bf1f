#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace porchlight::ports {

// Randomness. The real adapter is cryptographic (libsodium); the simulator's is seeded.
class random {
  public:
    virtual ~random() = default;
    virtual void fill(std::span<std::uint8_t> bytes) = 0;
};

// `length` characters of [A-Za-z] drawn evenly (5.7 bits each), for ids, tokens and sessions.
std::string random_text(random& r, std::size_t length);

}  // namespace porchlight::ports
