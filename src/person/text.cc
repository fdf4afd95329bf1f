#include "person/text.h"

#include <algorithm>
#include <clocale>
#include <cwchar>
#include <optional>

namespace porchlight::person {

namespace {

constexpr char32_t replacement = 0xFFFD;
constexpr int marks_max = 3;

// Widths as in any UTF-8 locale, whatever the environment says.
class utf8_scope {
  public:
    utf8_scope() : before_(::uselocale(of_utf8())) {}
    ~utf8_scope() { ::uselocale(before_); }
    utf8_scope(const utf8_scope&) = delete;
    utf8_scope& operator=(const utf8_scope&) = delete;

  private:
    static locale_t of_utf8() {
        static const locale_t once = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
        return once;
    }
    locale_t before_;
};

// The next code point; moves `at` beyond it.
char32_t next(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at++);
    if (first < 0x80) {
        return first;
    }
    const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4) {
        return replacement;
    }
    char32_t point = first & (0x3FU >> more);
    for (int i = 0; i < more; ++i) {
        if (at >= text.size() || (byte(at) & 0xC0) != 0x80) {
            return replacement;
        }
        point = (point << 6) | (byte(at++) & 0x3FU);
    }
    const bool overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
    return overlong || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000) ? replacement
                                                                               : point;
}

void append(std::string& out, char32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | (c >> 6));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | (c >> 12));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (c >> 18));
        out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
}

// Beyond the sequence whose introducer was read: CSI to its final byte, a string (OSC, DCS, ...) to
// BEL or ST, else one character after ESC.
void skip_sequence(std::string_view text, std::size_t& at, char32_t kind) {
    if (kind == '[') {
        while (at < text.size()) {
            const char32_t c = next(text, at);
            if (c >= 0x40 && c <= 0x7E) {
                return;
            }
        }
    } else if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_') {
        while (at < text.size()) {
            const char32_t c = next(text, at);
            if (c == 0x07 || c == 0x9C) {
                return;
            }
            if (c == 0x1B) {
                at += at < text.size() && text[at] == '\\' ? 1 : 0;
                return;
            }
        }
    }
}

std::optional<char32_t> kind_of_sequence(std::string_view text, std::size_t& at, char32_t c) {
    if (c == 0x1B) {
        return at < text.size() ? next(text, at) : U'\0';
    }
    switch (c) {
        case 0x9B:
            return U'[';
        case 0x9D:
            return U']';
        case 0x90:
            return U'P';
        case 0x98:
            return U'X';
        case 0x9E:
            return U'^';
        case 0x9F:
            return U'_';
        default:
            return std::nullopt;
    }
}

// Without a width of its own and able to change how the rest looks.
bool is_invisible(char32_t c) {
    return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0x061C ||
           c == 0xFEFF || c == 0x00AD || (c >= 0xFFF9 && c <= 0xFFFB) ||
           (c >= 0xE0000 && c <= 0xE0FFF);
}

int width(char32_t c) {
    const int w = ::wcwidth(static_cast<wchar_t>(c));
    return w < 0 ? 1 : w;
}

}  // namespace

std::string cleaned(std::string_view text) {
    const utf8_scope scope;
    std::string out;
    int marks = marks_max;  // a mark needs a letter to stand on
    for (std::size_t at = 0; at < text.size();) {
        char32_t c = next(text, at);
        if (const auto kind = kind_of_sequence(text, at, c)) {
            skip_sequence(text, at, *kind);
            continue;
        }
        if (c == '\n' || c == '\r' || c == '\t' || c == 0x2028 || c == 0x2029 || c == 0x85) {
            c = ' ';
        }
        if (c < 0x20 || (c >= 0x7F && c < 0xA0) || is_invisible(c)) {
            continue;
        }
        const int columns = ::wcwidth(static_cast<wchar_t>(c));
        marks = columns == 0 ? marks + 1 : 0;
        if (marks <= marks_max) {
            append(out, columns < 0 ? replacement : c);
        }
    }
    return out;
}

std::size_t width_of(std::string_view text) {
    const utf8_scope scope;
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        columns += static_cast<std::size_t>(width(next(text, at)));
    }
    return columns;
}

std::string shortened(std::string_view text, std::size_t columns) {
    if (width_of(text) <= columns) {
        return std::string(text);
    }
    if (columns == 0) {
        return {};
    }
    const utf8_scope scope;
    std::size_t taken = 0, end = 0;
    for (std::size_t at = 0; at < text.size();) {
        taken += static_cast<std::size_t>(width(next(text, at)));
        if (taken > columns - 1) {
            break;
        }
        end = at;
    }
    return std::string(text.substr(0, end)) + "…";
}

std::string fitted(std::string_view text, std::size_t columns) {
    std::string out = shortened(text, columns);
    out.append(columns - std::min(columns, width_of(out)), ' ');
    return out;
}

}  // namespace porchlight::person
