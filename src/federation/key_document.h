#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/time.h"
#include "matrix/json.h"
#include "matrix/signing.h"

// What a server says of its keys at /_matrix/key/v2/server (specification: server-server API,
// "Publishing Keys"). Pure.
namespace porchlight::federation {

// Of this server, signed with the key.
std::string key_document(std::string_view server, const matrix::signing_key& key,
                         base::wall_time valid_until);

struct server_keys {
    std::map<std::string, matrix::verify_key, std::less<>> keys;  // by key id; in use now
    base::wall_time valid_until;  // at most limits::server_keys_age_max from now
};
// bad_json, or unauthorized when it is another server's, is over, or lacks the signature of one of
// its own keys. Keys of other kinds than Ed25519 are passed over.
matrix::outcome<server_keys> read_key_document(const matrix::json::value& v,
                                               std::string_view server, base::wall_time now);

}  // namespace porchlight::federation
