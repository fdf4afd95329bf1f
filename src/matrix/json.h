#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "matrix/error.h"

// The one door for JSON from outside. simdjson validates (UTF-8, numbers, nesting); the result is a
// boost::json value to work with. Depth is limited (limits::json_depth_max), duplicate keys and
// numbers outside the range of double are refused.
namespace porchlight::matrix {

namespace json = boost::json;

// errc::not_json when it isn't JSON, bad_json when it is but is refused. Any thread; the parser is
// kept per thread.
outcome<json::value> parse_json(std::string_view text);

// Valid UTF-8? (Also true of NUL bytes.)
bool is_utf8(std::string_view text);

// --- reading members, with errors that name the key and what is allowed ---
// A member of an object: null pointer when absent.
const json::value* find(const json::value& object, std::string_view key);
// bad_json when present with another type.
outcome<std::optional<std::string>> optional_string(const json::object& o, std::string_view key);
// missing_param when absent.
outcome<std::string> required_string(const json::object& o, std::string_view key);
outcome<std::optional<std::int64_t>> optional_integer(const json::object& o, std::string_view key);
outcome<std::optional<bool>> optional_bool(const json::object& o, std::string_view key);

// Appends `text` as a JSON string literal with quotes. Cost: one pass, grows `out` only.
void append_json_string(std::string& out, std::string_view text);

// Canonical JSON of the specification's appendix: keys sorted by code point, no white space, UTF-8
// as it is. bad_json for floats (also 1.0) and integers beyond 2^53 - 1.
outcome<std::string> canonical_json(const json::value& v);

}  // namespace porchlight::matrix
