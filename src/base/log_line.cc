#include "base/log_line.h"

#include <cstdint>

#include "base/limits.h"

namespace porchlight::base::log {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `s`; 0 when there is none.
std::size_t sequence_length(std::string_view s) {
    const auto byte = [&](std::size_t i) {
        return i < s.size() ? static_cast<std::uint8_t>(s[i]) : std::uint8_t{0};
    };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
    const std::uint8_t first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        return continues(1) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        const bool overlong = first == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = first == 0xed && byte(1) > 0x9f;
        return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool overlong = first == 0xf0 && byte(1) < 0x90;
        const bool beyond = first == 0xf4 && byte(1) > 0x8f;
        return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

// The value as it may be written, at most limits::log_value_bytes_max of it and whole sequences
// only.
std::string_view shortened(std::string_view value) {
    if (value.size() <= limits::log_value_bytes_max) {
        return value;
    }
    std::size_t end = limits::log_value_bytes_max;
    while (end > limits::log_value_bytes_max - 4 &&
           (static_cast<std::uint8_t>(value[end]) & 0xc0) == 0x80) {
        --end;
    }
    return value.substr(0, end);
}

struct escapes {
    std::string_view control_format;  // for what has no letter of its own
    std::string_view bad_byte_format;
};
constexpr escapes text_escapes{"\\x{:02x}", "\\x{:02x}"};
constexpr escapes json_escapes{"\\u{:04x}", "\xef\xbf\xbd"};

void append_escaped(std::string& out, std::string_view value, const escapes& how) {
    const std::string_view kept = shortened(value);
    for (std::size_t i = 0; i < kept.size();) {
        const std::size_t length = sequence_length(kept.substr(i));
        const auto byte = static_cast<std::uint8_t>(kept[i]);
        if (length == 0) {
            fmt::format_to(std::back_inserter(out), fmt::runtime(how.bad_byte_format), byte);
            ++i;
            continue;
        }
        // U+0080 to U+009F: among them the control sequence introducer of terminals.
        const auto second = length == 2 ? static_cast<std::uint8_t>(kept[i + 1]) : std::uint8_t{0};
        if (length == 2 && byte == 0xc2 && second < 0xa0) {
            fmt::format_to(std::back_inserter(out), fmt::runtime(how.control_format), second);
        } else if (byte == '"' || byte == '\\') {
            out += '\\';
            out += kept[i];
        } else if (byte == '\n') {
            out += "\\n";
        } else if (byte == '\r') {
            out += "\\r";
        } else if (byte == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(out), fmt::runtime(how.control_format), byte);
        } else {
            out += kept.substr(i, length);
        }
        i += length;
    }
    if (kept.size() < value.size()) {
        out += "\xe2\x80\xa6";
    }
}

bool is_plain(std::string_view value) {
    for (const char c : value) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte <= 0x20 || byte >= 0x7f || c == '"' || c == '\\' || c == '=') {
            return false;
        }
    }
    return !value.empty() && value.size() <= limits::log_value_bytes_max;
}

void append_json_string(std::string& out, std::string_view value) {
    out += '"';
    append_escaped(out, value, json_escapes);
    out += '"';
}

}  // namespace

std::string_view name_of(level l) {
    switch (l) {
        case level::debug:
            return "debug";
        case level::info:
            return "info";
        case level::warn:
            return "warn";
        case level::error:
            return "error";
    }
    return "error";
}

std::string text_line(level l, std::string_view area, std::string_view message,
                      std::span<const field> fields) {
    std::string out{name_of(l)};
    out += ' ';
    append_escaped(out, area, text_escapes);
    out += ": ";
    append_escaped(out, message, text_escapes);
    for (const field& f : fields) {
        out += ' ';
        append_escaped(out, f.key, text_escapes);
        out += '=';
        if (is_plain(f.value)) {
            out += f.value;
        } else {
            out += '"';
            append_escaped(out, f.value, text_escapes);
            out += '"';
        }
    }
    return out;
}

std::string json_line(level l, std::string_view area, std::string_view message,
                      std::span<const field> fields) {
    std::string out = "\"level\":";
    append_json_string(out, name_of(l));
    out += ",\"area\":";
    append_json_string(out, area);
    out += ",\"message\":";
    append_json_string(out, message);
    for (const field& f : fields) {
        out += ',';
        append_json_string(out, f.key);
        out += ':';
        append_json_string(out, f.value);
    }
    out += '}';
    return out;
}

}  // namespace porchlight::base::log
