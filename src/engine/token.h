#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace porchlight::engine {

// A sync token, "D.P.k" in decimal: see docs/internals/sync_token.md.
struct token {
    std::uint64_t durable = 0;   // D: last applied durable position
    std::uint64_t presence = 0;  // P: presence position
    std::uint32_t cut = 0;       // k: where a response was cut among equal P; 0: not cut
    friend bool operator==(const token&, const token&) = default;
};

std::string to_string(const token& t);
// None unless `text` is exactly what to_string could have made.
std::optional<token> parse_token(std::string_view text);

}  // namespace porchlight::engine
