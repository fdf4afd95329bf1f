#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Percent-encoding of paths and queries, strict: an escape that isn't %XX, bytes that are no UTF-8
// and NUL are refused. Pure.
namespace porchlight::client_api {

// The segments of a path that begins with '/'; "%2F" within one is data. A trailing '/' makes an
// empty last segment. None when refused.
std::optional<std::vector<std::string>> split_path(std::string_view path);

using query_parameters = std::vector<std::pair<std::string, std::string>>;
// Of a query without '?'; '+' is a space. None when refused.
std::optional<query_parameters> split_query(std::string_view query);

}  // namespace porchlight::client_api
