#include "matrix/identifier.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "base/limits.h"

namespace porchlight::matrix {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::optional<parsed_id> parse(std::string_view text, char sigil) {
    if (text.size() < 4 || text.size() > base::limits::id_bytes_max || text.front() != sigil ||
        text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 1) {
        return std::nullopt;
    }
    const parsed_id id{text.substr(1, colon - 1), text.substr(colon + 1)};
    return is_server_name(id.server) ? std::optional{id} : std::nullopt;
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit);
}

}  // namespace

std::optional<parsed_id> parse_user_id(std::string_view text) {
    return parse(text, '@');
}

std::optional<parsed_id> parse_room_alias(std::string_view text) {
    return parse(text, '#');
}

bool is_room_id(std::string_view text) {
    return parse(text, '!').has_value();
}

bool is_event_id(std::string_view text) {
    return text.size() >= 2 && text.size() <= base::limits::id_bytes_max && text.front() == '$' &&
           text.find('\0') == std::string_view::npos;
}

bool is_new_localpart(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') ||
               std::string_view{"._=/+-"}.find(c) != std::string_view::npos;
    });
}

bool is_server_name(std::string_view text) {
    if (text.empty() || text.size() > base::limits::id_bytes_max) {
        return false;
    }
    std::string_view host = text;
    std::string_view rest;
    if (text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos) {
            return false;
        }
        host = text.substr(1, close - 1);
        rest = text.substr(close + 1);
        in6_addr address{};
        if (inet_pton(AF_INET6, std::string{host}.c_str(), &address) != 1) {
            return false;
        }
    } else {
        const auto colon = text.find(':');
        host = text.substr(0, colon);
        rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
        if (host.empty() || !std::all_of(host.begin(), host.end(), [](char c) {
                return is_alnum(c) || c == '-' || c == '.';
            })) {
            return false;
        }
    }
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
}

}  // namespace porchlight::matrix
