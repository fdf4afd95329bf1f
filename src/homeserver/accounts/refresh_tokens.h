#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <optional>
#include <string>

#include "homeserver/accounts.h"

namespace porchlight::homeserver {

// The refresh tokens of devices and when their access tokens expire (client-server API, "Refresh
// tokens"). Devices without one are not in here: their access tokens last. Deciding thread only.
class refresh_tokens {
  public:
    struct lease {
        wall_time expires;  // of the access token
        token_hash refresh{};
        // The one before, while nobody used the access token that came with the new one: the answer
        // may have been lost.
        std::optional<token_hash> before = {};
    };
    struct fresh {
        std::string token;
        lease stored;
    };
    static fresh make(ports::random& random, wall_time expires);

    static ports::document_row row_of(user_key u, const std::string& device_id, const lease& l);
    static ports::document_removal removal_of(user_key u, const std::string& device_id);
    using device_finder = std::function<std::optional<device_key>(user_key, std::string_view)>;
    void load(ports::store_reader& store, const device_finder& find);

    void add(device_key d, const lease& l);  // REQUIRES: it has none
    void end(device_key d);
    const lease* find(device_key d) const;  // null: none
    std::optional<device_key> by_token(const token_hash& refresh) const;
    // Forgets the one before. False: there was none.
    bool arrived(device_key d);

  private:
    struct token_prefix {
        std::size_t operator()(const token_hash& t) const;
    };
    boost::unordered_flat_map<device_key, lease, std::hash<device_key>> leases_;
    boost::unordered_flat_map<token_hash, device_key, token_prefix> by_token_;
};

}  // namespace porchlight::homeserver
