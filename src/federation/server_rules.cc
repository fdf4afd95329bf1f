#include "federation/server_rules.h"

#include <algorithm>

namespace porchlight::federation {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view server) {
    return std::ranges::any_of(patterns,
                               [&](const std::string& p) { return matches_glob(p, server); });
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;  // the last one, and what it began to stand for
    std::size_t starred = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            starred = t;
        } else if (p < pattern.size() &&
                   (pattern[p] == '?' || lower(pattern[p]) == lower(text[t]))) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++starred;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool allows(const settings& s, std::string_view server) {
    return !any_matches(s.deny, server) && (s.allow.empty() || any_matches(s.allow, server));
}

}  // namespace porchlight::federation
