#pragma once

#include <optional>
#include <string>

#include "ports/http_client.h"

namespace porchlight::net {

// The request as it goes over the wire. Nothing when a part of it holds a character that would end
// that part: it would say something else than was meant.
std::optional<std::string> request_text(const ports::client_request& r);

}  // namespace porchlight::net
