#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace porchlight::engine {

// A sync token, "D.P.k" or "D.P.k.M" in decimal: see docs/internals/sync_token.md.
struct token {
    std::uint64_t durable = 0;   // D: last applied durable position
    std::uint64_t presence = 0;  // P: presence position
    std::uint32_t cut = 0;       // k: where a response was cut among equal P; 0: not cut
    // M: of the messages to the device those up to here were told, when that is less than D.
    std::uint64_t messages = ~std::uint64_t{0};

    std::uint64_t messages_told() const { return std::min(messages, durable); }
    friend bool operator==(const token&, const token&) = default;
};

std::string to_string(const token& t);
// None unless `text` is exactly what to_string could have made.
std::optional<token> parse_token(std::string_view text);

}  // namespace porchlight::engine
