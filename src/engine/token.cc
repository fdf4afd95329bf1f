#include "engine/token.h"

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
    std::string text =
        std::to_string(t.durable) + '.' + std::to_string(t.presence) + '.' + std::to_string(t.cut);
    if (t.messages < t.durable) {
        text += '.' + std::to_string(t.messages);
    }
    return text;
}

std::optional<token> parse_token(std::string_view text) {
    token t;
    const bool with_messages = std::ranges::count(text, '.') == 3;
    if (!read_number(text, t.durable, '.') || !read_number(text, t.presence, '.') ||
        !read_number(text, t.cut, with_messages ? '.' : '\0')) {
        return std::nullopt;
    }
    if (with_messages && (!read_number(text, t.messages, '\0') || t.messages >= t.durable)) {
        return std::nullopt;
    }
    return t;
}

}  // namespace porchlight::engine
