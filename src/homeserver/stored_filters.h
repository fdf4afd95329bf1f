#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <string>

#include "homeserver/key_queue.h"
#include "homeserver/services.h"

namespace porchlight::homeserver {

// The filters of users, numbered from 0 each, never changed. Deciding thread only; reads run on the
// cold pool, the latest limits::filter_cache_max texts are kept.
class stored_filters {
  public:
    // `changes`: the queue of the accounts, which a new filter enters.
    stored_filters(services& s, key_queue<user_key>& changes) : s_(s), changes_(changes) {}

    // The same text gets the same number again. invalid_param when too long, resource_limit.
    void add(user_key u, std::string json, completion<std::uint32_t> done);
    // not_found, unavailable.
    void read(user_key u, std::uint32_t id, completion<std::shared_ptr<const std::string>> done);

  private:
    void remember(std::uint64_t key, std::shared_ptr<const std::string> text);
    void find_or_add(user_key u, std::string json, completion<std::uint32_t> done);

    services& s_;
    key_queue<user_key>& changes_;
    // Two generations, so that forgetting is cheap.
    boost::unordered_flat_map<std::uint64_t, std::shared_ptr<const std::string>> young_, old_;
};

}  // namespace porchlight::homeserver
