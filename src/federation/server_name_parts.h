#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The parts of a server name (specification appendix 4.1), as far as finding the server needs them.
namespace porchlight::federation {

struct server_name_parts {
    std::string text;         // as given: what a Host header says
    std::string host;         // without the port, and without the brackets of an IPv6 address
    bool is_address = false;  // `host` is an IP address in text
    std::optional<std::uint16_t> port;
};
// Nothing for what is no server name, or none that DNS could know: a port of 0 or above 65535, an
// empty label, one of more than 63 bytes, a host name of more than 253.
std::optional<server_name_parts> split_server_name(std::string_view text);

}  // namespace porchlight::federation
