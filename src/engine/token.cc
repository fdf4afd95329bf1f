#include "engine/token.h"

#include <array>
#include <charconv>

namespace porchlight::engine {

namespace {

// Reads a decimal without sign or leading zeros and what must follow it; false: not ours.
template <class Number>
bool read_number(std::string_view& text, Number& out, char after) {
    const char* const end = text.data() + text.size();
    if (text.empty() || text.front() < '0' || text.front() > '9') {
        return false;
    }
    const auto [rest, error] = std::from_chars(text.data(), end, out);
    if (error != std::errc{} || (text.front() == '0' && rest != text.data() + 1)) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (after == '\0') {
        return text.empty();
    }
    if (text.empty() || text.front() != after) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::string to_string(const token& t) {
    std::array<char, 20 + 1 + 20 + 1 + 10> out;
    char* const end = out.data() + out.size();
    char* at = std::to_chars(out.data(), end, t.durable).ptr;
    *at++ = '.';
    at = std::to_chars(at, end, t.presence).ptr;
    *at++ = '.';
    at = std::to_chars(at, end, t.cut).ptr;
    return {out.data(), at};
}

std::optional<token> parse_token(std::string_view text) {
    token t;
    if (!read_number(text, t.durable, '.') || !read_number(text, t.presence, '.') ||
        !read_number(text, t.cut, '\0')) {
        return std::nullopt;
    }
    return t;
}

}  // namespace porchlight::engine
