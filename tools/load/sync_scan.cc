#include "load/sync_scan.h"

#include <string.h>

#include <charconv>

namespace porchlight::load {
namespace {

constexpr std::string_view prefix = "porchlight-load ";

// memmem is vectorized; string_view::find is not.
std::size_t find(std::string_view text, std::string_view wanted) {
    const void* at = ::memmem(text.data(), text.size(), wanted.data(), wanted.size());
    return at == nullptr ? std::string_view::npos
                         : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

// Takes a number and the character `end` after it off the front.
template <class Number>
bool take(std::string_view& text, Number& into, char end) {
    const auto [behind, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    if (error != std::errc{} || behind == text.data() + text.size() || *behind != end) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(behind + 1 - text.data()));
    return true;
}

void skip_space(std::string_view& text) {
    const auto n = text.find_first_not_of(" \t\r\n");
    text.remove_prefix(std::min(n, text.size()));
}

}  // namespace

std::string status_text(std::string_view run, const sighting& s) {
    std::string text(prefix);
    text.append(run).append(" ").append(std::to_string(s.subject)).append(".");
    text.append(std::to_string(s.sequence)).append(".");
    return text.append(std::to_string(s.intended.count()));
}

sync_scanner::sync_scanner(std::string_view run)
    : mark_(std::string("\"").append(prefix).append(run).append(" ")) {}

std::optional<sighting> sync_scanner::next(std::string_view& rest) const {
    for (;;) {
        const auto at = find(rest, mark_);
        if (at == std::string_view::npos) {
            rest = {};
            return std::nullopt;
        }
        rest.remove_prefix(at + mark_.size());
        sighting s;
        moment::rep intended = 0;
        if (take(rest, s.subject, '.') && take(rest, s.sequence, '.') &&
            take(rest, intended, '"')) {
            s.intended = moment(intended);
            return s;
        }
    }
}

std::string_view next_batch(std::string_view body) {
    constexpr std::string_view key = "\"next_batch\"";
    const auto at = find(body, key);
    if (at == std::string_view::npos) {
        return {};
    }
    body.remove_prefix(at + key.size());
    skip_space(body);
    if (!body.starts_with(':')) {
        return {};
    }
    body.remove_prefix(1);
    skip_space(body);
    if (!body.starts_with('"')) {
        return {};
    }
    body.remove_prefix(1);
    const auto end = body.find('"');
    return end == std::string_view::npos ? std::string_view{} : body.substr(0, end);
}

}  // namespace porchlight::load
