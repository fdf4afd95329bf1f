#include "homeserver/media/byte_range.h"

#include <algorithm>
#include <charconv>

namespace porchlight::homeserver {

namespace {

// Empty text is no number and no error.
bool read_number(std::string_view text, std::optional<std::uint64_t>& out) {
    if (text.empty()) {
        return true;
    }
    std::uint64_t n = 0;
    const auto end = text.data() + text.size();
    const auto [stopped, problem] = std::from_chars(text.data(), end, n);
    out = n;
    return problem == std::errc{} && stopped == end;
}

}  // namespace

std::optional<byte_range> parse_range(std::string_view header) {
    constexpr std::string_view unit = "bytes=";
    if (!header.starts_with(unit)) {
        return std::nullopt;
    }
    header.remove_prefix(unit.size());
    const auto dash = header.find('-');
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    byte_range r;
    if (!read_number(header.substr(0, dash), r.first) ||
        !read_number(header.substr(dash + 1), r.last) || (!r.first && !r.last) ||
        (r.first && r.last && *r.last < *r.first)) {
        return std::nullopt;
    }
    return r;
}

std::optional<byte_part> part_of(const byte_range& r, std::uint64_t whole) {
    if (!r.first) {
        const auto bytes = std::min(r.last.value_or(0), whole);
        return bytes == 0 ? std::nullopt : std::optional{byte_part{whole - bytes, bytes}};
    }
    if (*r.first >= whole) {
        return std::nullopt;
    }
    const auto last = std::min(r.last.value_or(whole - 1), whole - 1);
    return byte_part{*r.first, last - *r.first + 1};
}

}  // namespace porchlight::homeserver
