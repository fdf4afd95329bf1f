#pragma once

#include <string>
#include <string_view>

#include "matrix/json.h"

// Room events of version 10: content hash, redaction and the id made from the reference hash
// (specification: room version 10 and server-server API "Signing events").
namespace porchlight::matrix {

// Removes what the redaction algorithm of `version` removes.
json::object redact(const json::object& event, std::string_view version = "10");
// Adds "hashes":{"sha256":...} over the event without signatures, unsigned and hashes.
outcome<json::object> with_content_hash(json::object event);
// "$" + URL-safe unpadded base64 of the reference hash.
outcome<std::string> event_id(const json::object& event, std::string_view version = "10");

}  // namespace porchlight::matrix
