#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Unpadded Base64 of the specification's appendix: how keys, hashes and signatures are written.
namespace porchlight::matrix {

std::string to_base64(std::span<const std::uint8_t> bytes);
// With and without padding; bits of the last character that mean nothing are ignored, as elsewhere.
// None: another character, or a length that no bytes have.
std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text);

}  // namespace porchlight::matrix
