#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "federation/server_name_parts.h"

// Where an https URL leads.
namespace porchlight::federation {

struct web_place {
    std::string url;  // written one way, without a fragment: two that lead to one place are equal
    server_name_parts where;  // `text` is what the Host header says
    std::uint16_t port = 443;
    std::string target;  // path and query
};

// `location`, a whole URL or one relative to `base`. Nothing for what is no URL, not https, longer
// than limits::redirect_bytes_max, has a user name in it, or a host that is no server name. Nothing
// of what is given has a space or a control character in it. Any thread.
std::optional<web_place> read_location(std::string_view base, std::string_view location);

}  // namespace porchlight::federation
