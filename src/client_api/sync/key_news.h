#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client_api/call.h"

namespace porchlight::client_api {

// What an answer says of keys for encryption: whose devices changed, and the device's own.
struct key_news {
    std::vector<std::string> changed, left;  // user ids
    std::shared_ptr<const std::string> own;  // device_keys::counts(); null: none
    bool own_changed = false;                // somebody else did that

    bool empty() const { return changed.empty() && left.empty() && !own_changed; }
};

// Past `after`; none: a first answer, which names nobody. Deciding thread.
key_news find_key_news(const api& server, const caller& who, std::optional<std::uint64_t> after);
// May it find something past `after`?
bool has_key_news(const api& server, const caller& who, std::uint64_t after);
// "device_lists":{...},"device_one_time_keys_count":{...},"device_unused_fallback_key_types":[...]
void append_key_news(std::string& out, const key_news& keys);

}  // namespace porchlight::client_api
