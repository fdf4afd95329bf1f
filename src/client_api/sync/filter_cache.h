#pragma once

#include <string>
#include <unordered_map>

#include "client_api/sync/filter.h"

namespace porchlight::client_api {

// Compiled filters by text and by (user, id), so that a poll compiles nothing and equal filters are
// one object. Deciding thread only. Bounded: two generations of at most
// limits::compiled_filters_max each; when the young one is full it becomes the old one, and what
// the old one held unused is forgotten.
class filter_cache {
  public:
    explicit filter_cache(user_name names) : names_(std::move(names)) {}

    matrix::outcome<filter_ptr> compile(const std::string& text);
    // Null when it must be loaded; then remember() it.
    filter_ptr find(base::user_key u, std::uint32_t id);
    void remember(base::user_key u, std::uint32_t id, filter_ptr f);

  private:
    template <class Key>
    class generations {
      public:
        filter_ptr find(const Key& key);
        void keep(const Key& key, filter_ptr f);

      private:
        std::unordered_map<Key, filter_ptr> young_, old_;
    };

    user_name names_;
    generations<std::string> by_text_;
    generations<std::uint64_t> by_id_;
};

}  // namespace porchlight::client_api
