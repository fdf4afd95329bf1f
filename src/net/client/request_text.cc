#include "net/client/request_text.h"

#include <algorithm>
#include <string_view>

namespace porchlight::net {
namespace {

// Method, target, host and the names of headers end at a space.
bool is_word(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](unsigned char c) { return c > 0x20 && c != 0x7f; });
}

bool is_line(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; });
}

void add_header(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::optional<std::string> request_text(const ports::client_request& r) {
    if (!is_word(r.method) || !is_word(r.target) || !is_word(r.host)) {
        return std::nullopt;
    }
    std::string out;
    out.reserve(r.target.size() + r.body.size() + 512);
    out.append(r.method).append(" ").append(r.target).append(" HTTP/1.1\r\n");
    add_header(out, "Host", r.host);
    add_header(out, "User-Agent", "Porchlight");
    for (const auto& [name, value] : r.headers) {
        if (!is_word(name) || name.find(':') != std::string::npos || !is_line(value)) {
            return std::nullopt;
        }
        add_header(out, name, value);
    }
    if (!r.body.empty()) {
        add_header(out, "Content-Type", "application/json");
    }
    // Without it some servers wait for the body of a PUT or POST.
    if (!r.body.empty() || (r.method != "GET" && r.method != "HEAD")) {
        add_header(out, "Content-Length", std::to_string(r.body.size()));
    }
    if (!r.keep_alive) {
        add_header(out, "Connection", "close");
    }
    return out.append("\r\n").append(r.body);
}

}  // namespace porchlight::net
