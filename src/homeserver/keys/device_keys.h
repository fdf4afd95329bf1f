#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "homeserver/accounts.h"
#include "homeserver/keys/key_changes.h"

namespace porchlight::homeserver {

// Keys of devices and users for end-to-end encryption (client-server API, "End-to-End Encryption"):
// kept, given out and announced, never used. Deciding thread only. See
// docs/internals/device_keys.md.
//
// 1. A change is durable before it is answered, and announced to nobody before.
// 2. A one-time key is given at most once, whatever crashes lie between.
// 3. Of a device that logged out nothing is left.
class device_keys {
  public:
    device_keys(services& s, accounts& a, rooms& r);
    ~device_keys();
    void load(ports::store_reader& store);  // start-up, after accounts and rooms

    // --- the owner's ---
    struct upload_wish {
        std::optional<json::object> device_keys;
        json::object one_time_keys, fallback_keys;
    };
    // Answers {"one_time_key_counts":{...}}. invalid_param: a malformed key, too many, or another
    // one-time key with a name that is taken. too_large.
    void upload(caller who, upload_wish w, completion<json::object> done);
    // Absent: stays. unauthorized: there are keys already, and the caller is not `authenticated`
    // anew. invalid_signature, missing_param (no master key), invalid_param.
    struct cross_signing_wish {
        std::optional<json::value> master, self_signing, user_signing;
    };
    void set_cross_signing(caller who, cross_signing_wish w, bool authenticated,
                           completion<json::object> done);
    // user id -> device id or public key -> signed object. Answers {"failures":{...}} alike.
    void add_signatures(caller who, json::object signatures, completion<json::object> done);

    // --- others' ---
    struct device_wish {
        user_key user;
        std::string device_id;  // query: empty is all
        std::string algorithm;  // claim only
    };
    // Answers device_keys, master_keys, self_signing_keys and user_signing_keys, the last one's own
    // alone. Users without any are named with an empty object.
    void query(caller who, std::vector<device_wish> wishes, completion<json::object> done);
    // Answers {user id: {device id: {"ALGORITHM:ID": key}}}; who has none left is not in it. Where
    // the one-time keys are used up, the fallback key.
    void claim(std::vector<device_wish> wishes, completion<json::object> done);

    // --- streams ---
    const key_changes& changes() const;
    // What /sync says of a device's own keys, rendered: of equal texts there is one.
    // {"device_one_time_keys_count":{...},"device_unused_fallback_key_types":[...]} without braces.
    using counts_text = std::shared_ptr<const std::string>;
    counts_text counts(device_key d) const;             // null: it has no keys
    std::uint64_t counts_position(device_key d) const;  // since when somebody else changed them

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::homeserver
