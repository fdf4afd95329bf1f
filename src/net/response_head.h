#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "ports/http.h"

namespace porchlight::net {

// How the connection goes on after a response.
enum class persistence { keep_alive_1_1, keep_alive_1_0, close };

// The head of a 200 with a JSON body: what nearly every response has. `out` is overwritten.
// Cost: three copies, no allocation once `out` has grown.
void write_json_head(std::string& out, std::size_t body_bytes, persistence p);

// Any other head. Control characters in header values become spaces, so that a value can't end
// its line.
void write_head(std::string& out, const ports::http_response& r, persistence p);

// {"errcode":...,"error":...}. REQUIRES: both are plain text without quotes.
std::string error_body(std::string_view errcode, std::string_view error);

// A response of this status has no body (RFC 9110 6.4.1).
constexpr bool has_no_body(int status) {
    return status == 204 || status == 304 || (status >= 100 && status < 200);
}

}  // namespace porchlight::net
