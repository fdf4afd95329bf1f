#pragma once

#include <string>
#include <string_view>

#include "matrix/json.h"

// Room events of all known versions: content hash, redaction and the id made from the reference
// hash (specification: room versions, and server-server API "Signing events").
namespace porchlight::matrix {

// Removes what the redaction algorithm of `version` removes.
json::object redact(const json::object& event, std::string_view version = "10");
// Adds "hashes":{"sha256":...} over the event without signatures, unsigned and hashes.
outcome<json::object> with_content_hash(json::object event);
// "$" + unpadded base64 of the reference hash, URL-safe from version 4 on.
// unsupported_room_version for versions 1 and 2, whose ids are chosen, and for those not known.
outcome<std::string> event_id(const json::object& event, std::string_view version = "10");

}  // namespace porchlight::matrix
