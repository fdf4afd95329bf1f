#include "federation/server_name_parts.h"

#include <arpa/inet.h>

#include <charconv>

#include "matrix/identifier.h"

namespace porchlight::federation {

namespace {

constexpr std::size_t label_bytes_max = 63, host_bytes_max = 253;  // RFC 1035

bool is_ipv4(const std::string& host) {
    in_addr address{};
    return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_host_name(std::string_view host) {
    if (host.size() > host_bytes_max) {
        return false;
    }
    if (host.ends_with('.')) {  // the root may be written
        host.remove_suffix(1);
    }
    while (true) {
        const auto dot = host.find('.');
        const auto label = host.substr(0, dot);
        if (label.empty() || label.size() > label_bytes_max) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        host.remove_prefix(dot + 1);
    }
}

}  // namespace

std::optional<server_name_parts> split_server_name(std::string_view text) {
    if (!matrix::is_server_name(text)) {
        return std::nullopt;
    }
    server_name_parts parts;
    parts.text = text;
    std::size_t end = 0;
    if (text.front() == '[') {
        const auto close = text.find(']');
        parts.host = text.substr(1, close - 1);
        parts.is_address = true;
        end = close + 1;
    } else {
        end = std::min(text.find(':'), text.size());
        parts.host = text.substr(0, end);
        parts.is_address = is_ipv4(parts.host);
        if (!parts.is_address && !is_host_name(parts.host)) {
            return std::nullopt;
        }
    }
    if (end < text.size()) {
        std::uint16_t port = 0;
        const auto [stop, fault] =
            std::from_chars(text.data() + end + 1, text.data() + text.size(), port);
        if (fault != std::errc{} || port == 0) {
            return std::nullopt;
        }
        parts.port = port;
    }
    return parts;
}

}  // namespace porchlight::federation
