#pragma once

#include <optional>
#include <string>
#include <string_view>

// User, room and alias names (specification appendix 4). Lengths: limits::id_bytes_max.
namespace porchlight::matrix {

struct parsed_id {
    std::string_view localpart;
    std::string_view server;  // as after the first ':'
};
// "@localpart:server"; historical localparts (any but NUL and ':') are accepted when reading.
std::optional<parsed_id> parse_user_id(std::string_view text);
std::optional<parsed_id> parse_room_alias(std::string_view text);  // "#localpart:server"
bool is_room_id(std::string_view text);                            // "!opaque:server"
bool is_event_id(std::string_view text);                           // "$..."
// What new accounts may be called: [a-z0-9._=/+-]+
bool is_new_localpart(std::string_view text);
// hostname, IPv4 or [IPv6], with an optional port
bool is_server_name(std::string_view text);

}  // namespace porchlight::matrix
