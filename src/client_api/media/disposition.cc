#include "client_api/media/disposition.h"

#include <algorithm>
#include <array>

namespace porchlight::client_api {

namespace {

constexpr std::string_view shown[] = {
    "text/css",     "text/plain", "text/csv",    "application/json", "application/ld+json",
    "image/jpeg",   "image/gif",  "image/png",   "image/apng",       "image/webp",
    "image/avif",   "video/mp4",  "video/webm",  "video/ogg",        "video/quicktime",
    "audio/mp4",    "audio/webm", "audio/aac",   "audio/mpeg",       "audio/ogg",
    "audio/wave",   "audio/wav",  "audio/x-wav", "audio/x-pn-wav",   "audio/flac",
    "audio/x-flac",
};

bool is_plain(char c) {  // attr-char of RFC 8187
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"!#$&+-.^_`|~"}.find(c) != std::string_view::npos;
}

// A name, and not a path or a line.
std::string tame(std::string_view name) {
    std::string out{name};
    for (char& c : out) {
        const auto u = static_cast<unsigned char>(c);
        if (u < 0x20 || u == 0x7f || c == '/' || c == '\\') {
            c = '_';
        }
    }
    return out;
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_plain(c)) {
            out += c;
        } else {
            const auto u = static_cast<unsigned char>(c);
            out += {'%', digits[u >> 4], digits[u & 15]};
        }
    }
    return out;
}

}  // namespace

bool may_be_shown(std::string_view content_type) {
    std::string type{content_type.substr(0, content_type.find(';'))};
    while (type.ends_with(' ')) {
        type.pop_back();
    }
    std::ranges::transform(type, type.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return std::ranges::find(shown, type) != std::end(shown);
}

std::string content_disposition(std::string_view content_type, std::string_view file_name) {
    std::string out = may_be_shown(content_type) ? "inline" : "attachment";
    if (file_name.empty()) {
        return out;
    }
    const std::string name = tame(file_name);
    std::string simple = name;
    std::ranges::replace_if(
        simple, [](char c) { return c != ' ' && !is_plain(c); }, '_');
    out += "; filename=\"" + simple + "\"";
    if (simple != name) {
        out += "; filename*=UTF-8''" + percent_encoded(name);
    }
    return out;
}

}  // namespace porchlight::client_api
