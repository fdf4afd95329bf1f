#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

// Reading and showing single values of the configuration. Everything arrives as text in TOML's
// notation, or as a bare word.
namespace porchlight::server::values {

bool read_text(std::string_view text, std::string& out);               // "x" or x
bool read_list(std::string_view text, std::vector<std::string>& out);  // ["a", "b"] or a
bool read_bool(std::string_view text, bool& out);
bool read_integer(std::string_view text, std::int64_t least, std::int64_t most, std::int64_t& out);
bool read_duration(std::string_view text, base::milliseconds least, base::milliseconds most,
                   base::milliseconds& out);
// Bytes: 8192, 64KiB, 19MiB.
bool read_bytes(std::string_view text, std::int64_t least, std::int64_t most, std::int64_t& out);

std::string quote(std::string_view text);
std::string show(bool b);
std::string show(std::int64_t n);
std::string show(const std::vector<std::string>& list);

}  // namespace porchlight::server::values
