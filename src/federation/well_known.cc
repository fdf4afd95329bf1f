#include "federation/well_known.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/limits.h"
#include "federation/backoff.h"
#include "federation/server_name_parts.h"
#include "matrix/json.h"

namespace porchlight::federation {

namespace limits = base::limits;

namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

bool same_word(std::string_view a, std::string_view lower) {
    return std::ranges::equal(a, lower, [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
    });
}

// What a number of seconds says; as much as is ever kept when it is too long to read.
std::optional<base::milliseconds> seconds(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
        return std::nullopt;
    }
    std::int32_t n = 0;
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), n);
    return fault == std::errc{} ? std::chrono::seconds{n} : limits::well_known_keep_max;
}

// Two or four digits.
std::optional<int> digits(std::string_view text) {
    int n = 0;
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), n);
    const bool whole = fault == std::errc{} && stop == text.data() + text.size() && n >= 0;
    return whole && text.front() != '-' ? std::optional{n} : std::nullopt;
}

// "Sun, 06 Nov 1994 08:49:37 GMT". The two forms that RFC 9110 calls obsolete are not read: whoever
// sends one is asked again soon.
std::optional<base::wall_time> http_date(std::string_view text) {
    constexpr std::string_view pattern = "aaa, dd aaa dddd dd:dd:dd GMT";
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (text.size() != pattern.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (pattern[i] != 'a' && pattern[i] != 'd' && pattern[i] != text[i]) {
            return std::nullopt;
        }
    }
    const auto month = months.find(text.substr(8, 3));
    const auto day = digits(text.substr(5, 2)), year = digits(text.substr(12, 4)),
               hour = digits(text.substr(17, 2)), minute = digits(text.substr(20, 2)),
               second = digits(text.substr(23, 2));
    if (month % 3 != 0 || !day || !year || !hour || !minute || !second || *hour > 23 ||
        *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{unsigned(month / 3 + 1)},
                                           std::chrono::day{unsigned(*day)}};
    if (!date.ok()) {
        return std::nullopt;
    }
    const auto since_epoch = std::chrono::sys_days{date}.time_since_epoch() +
                             std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
                             std::chrono::seconds{*second};
    return base::wall_time{since_epoch};
}

// What Cache-Control says, of all its lines: the shortest. Nothing: it says nothing of this.
std::optional<base::milliseconds> cache_control(const ports::client_response& answer) {
    std::optional<base::milliseconds> shortest;
    const auto at_most = [&shortest](base::milliseconds d) {
        shortest = shortest ? std::min(*shortest, d) : d;
    };
    for (const auto& [name, value] : answer.headers) {
        std::string_view rest = name == "cache-control" ? std::string_view{value} : "";
        while (!rest.empty()) {
            const auto comma = std::min(rest.find(','), rest.size());
            const auto directive = trimmed(rest.substr(0, comma));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            const auto equals = std::min(directive.find('='), directive.size());
            const auto word = trimmed(directive.substr(0, equals));
            if (same_word(word, "no-store") || same_word(word, "no-cache")) {
                at_most({});
            } else if (same_word(word, "max-age") && equals < directive.size()) {
                // What cannot be read is taken for stale (RFC 9111, 4.2.1).
                at_most(
                    seconds(trimmed(directive.substr(equals + 1))).value_or(base::milliseconds{}));
            }
        }
    }
    return shortest;
}

base::milliseconds lifetime(const ports::client_response& answer, base::wall_time now) {
    if (const auto said = cache_control(answer)) {
        return *said;
    }
    if (const auto* expires = answer.header("expires")) {
        const auto end = http_date(*expires);
        const auto* date = answer.header("date");
        const auto begin = date ? http_date(*date).value_or(now) : now;
        return end ? *end - begin : base::milliseconds{};
    }
    return limits::well_known_keep_usual;
}

}  // namespace

well_known no_well_known(std::string why_not, unsigned failures_before) {
    return {std::nullopt, std::move(why_not),
            backoff(limits::well_known_error_keep_min, limits::well_known_error_keep_max,
                    failures_before)};
}

well_known read_well_known(const ports::client_response& answer, base::wall_time now,
                           unsigned failures_before) {
    const auto refuse = [failures_before](std::string why) {
        return no_well_known(std::move(why), failures_before);
    };
    if (answer.status != 200) {
        return refuse("the answer has status " + std::to_string(answer.status));
    }
    if (answer.body.size() > limits::well_known_bytes_max) {
        return refuse("the answer is longer than " + std::to_string(limits::well_known_bytes_max) +
                      " bytes");
    }
    const auto value = matrix::parse_json(answer.body);
    if (!value || !value->is_object()) {
        return refuse("the answer is no JSON object");
    }
    const auto* server = matrix::find(*value, "m.server");
    if (server == nullptr || !server->is_string()) {
        return refuse("the answer has no text m.server");
    }
    const auto& name = server->get_string();
    if (!split_server_name(std::string_view{name.data(), name.size()})) {
        return refuse("m.server is no valid server name");
    }
    return {std::string{name.data(), name.size()}, "",
            std::clamp(lifetime(answer, now), base::milliseconds{limits::well_known_keep_min},
                       base::milliseconds{limits::well_known_keep_max})};
}

}  // namespace porchlight::federation
