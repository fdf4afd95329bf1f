#include "server/config_values.h"

#include <toml++/toml.h>

#include "server/config.h"

namespace porchlight::server {

namespace {

struct unit {
    std::string_view name;
    std::int64_t ms;
};
constexpr unit units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

}  // namespace

bool parse_duration(std::string_view text, base::milliseconds& out) {
    std::int64_t n = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (problem != std::errc{} || n < 0) {
        return false;
    }
    const std::string_view rest{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    if (rest.empty() && n == 0) {
        out = base::milliseconds{0};
        return true;
    }
    for (const unit& u : units) {
        if (rest == u.name) {
            if (n > INT64_MAX / u.ms) {
                return false;
            }
            out = base::milliseconds{n * u.ms};
            return true;
        }
    }
    return false;
}

std::string print_duration(base::milliseconds d) {
    const std::int64_t ms = d.count();
    if (ms == 0) {
        return "0s";
    }
    for (std::size_t i = std::size(units); i-- > 0;) {
        if (ms % units[i].ms == 0) {
            return std::to_string(ms / units[i].ms) + std::string(units[i].name);
        }
    }
    return std::to_string(ms) + "ms";
}

}  // namespace porchlight::server

namespace porchlight::server::values {

namespace {

// The value behind `text`, or an empty node when it isn't TOML (a bare word, a duration).
toml::table as_toml(std::string_view text) {
    try {
        return toml::parse("value = " + std::string(text));
    } catch (const toml::parse_error&) {
        return {};
    }
}

}  // namespace

bool read_text(std::string_view text, std::string& out) {
    const toml::table t = as_toml(text);
    if (const auto* s = t.get_as<std::string>("value")) {
        out = s->get();
        return true;
    }
    if (t.contains("value") && (t["value"].is_array() || t["value"].is_table())) {
        return false;
    }
    out = std::string(text);
    return true;
}

bool read_list(std::string_view text, std::vector<std::string>& out) {
    const toml::table t = as_toml(text);
    const toml::array* list = t["value"].as_array();
    std::vector<std::string> read;
    if (list == nullptr) {
        std::string single;
        if (!read_text(text, single)) {
            return false;
        }
        if (!single.empty()) {
            read.push_back(std::move(single));
        }
    } else {
        for (const toml::node& n : *list) {
            const auto* s = n.as_string();
            if (s == nullptr) {
                return false;
            }
            read.push_back(s->get());
        }
    }
    out = std::move(read);
    return true;
}

bool read_bool(std::string_view text, bool& out) {
    if (text == "true" || text == "false") {
        out = text == "true";
        return true;
    }
    return false;
}

bool read_integer(std::string_view text, std::int64_t least, std::int64_t most, std::int64_t& out) {
    std::int64_t n = 0;
    const char* last = text.data() + text.size();
    const auto [end, problem] = std::from_chars(text.data(), last, n);
    if (problem != std::errc{} || end != last || n < least || n > most) {
        return false;
    }
    out = n;
    return true;
}

bool read_duration(std::string_view text, base::milliseconds least, base::milliseconds most,
                   base::milliseconds& out) {
    std::string plain;
    base::milliseconds d{};
    if (!read_text(text, plain) || !parse_duration(plain, d) || d < least || d > most) {
        return false;
    }
    out = d;
    return true;
}

bool read_bytes(std::string_view text, std::int64_t least, std::int64_t most, std::int64_t& out) {
    std::string plain;
    if (!read_text(text, plain)) {
        return false;
    }
    std::int64_t factor = 1;
    std::string_view digits = plain;
    for (const auto& [suffix, bytes] : {std::pair<std::string_view, std::int64_t>{"KiB", 1024},
                                        {"MiB", 1024 * 1024},
                                        {"GiB", 1024 * 1024 * 1024}}) {
        if (digits.ends_with(suffix)) {
            digits.remove_suffix(suffix.size());
            factor = bytes;
            break;
        }
    }
    std::int64_t n = 0;
    if (!read_integer(digits, 0, most / factor, n) || n * factor < least) {
        return false;
    }
    out = n * factor;
    return true;
}

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

std::string show(bool b) {
    return b ? "true" : "false";
}

std::string show(std::int64_t n) {
    return std::to_string(n);
}

std::string show(const std::vector<std::string>& list) {
    std::string out = "[";
    for (const std::string& s : list) {
        out += (out.size() > 1 ? ", " : "") + quote(s);
    }
    return out + "]";
}

}  // namespace porchlight::server::values
