#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "matrix/json.h"
#include "matrix/signing.h"

// The shapes of the keys that clients hand in (client-server API, "End-to-End Encryption"). Pure.
// Failures name the key that is wrong and what is allowed.
namespace porchlight::homeserver {

namespace json = boost::json;

// Of POST /keys/upload: names the user and the device, lists algorithms, has keys named
// ALGORITHM:DEVICE, and is signed by its own Ed25519 key.
matrix::outcome<void> check_device_keys(const json::object& keys, std::string_view user_id,
                                        std::string_view device_id);

// "signed_curve25519:AAAAHQ": its parts, or none.
struct key_name {
    std::string_view algorithm, id;
};
std::optional<key_name> parse_key_name(std::string_view name);
// One-time and fallback keys: names ALGORITHM:ID, values strings or objects with a string `key`.
matrix::outcome<void> check_one_time_keys(const json::object& keys);

// One of master, self_signing and user_signing: names the user and its usage, holds one key.
matrix::outcome<void> check_cross_signing_key(const json::value& key, std::string_view user_id,
                                              std::string_view usage);
// The one public key such an object holds. REQUIRES: it was checked.
std::string public_key_of(const json::object& cross_signing_key);
// Signed by the master key? errc::invalid_signature when not.
matrix::outcome<void> check_signed_by_master(const json::object& key, const json::object& master,
                                             std::string_view user_id, std::string_view usage);

// Adds the signatures of `more` (user id -> key id -> signature) to those of `object`; of the same
// key the newer stays.
void merge_signatures(json::object& object, const json::object& more);

}  // namespace porchlight::homeserver
