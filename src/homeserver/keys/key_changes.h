#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "homeserver/rooms.h"

namespace porchlight::homeserver {

// Whose devices or keys changed when: what `device_lists` of streams is made from. Users without
// keys are not in it. Deciding thread only. Cost: about 40 bytes a user with keys.
class key_changes {
  public:
    explicit key_changes(const rooms& r) : rooms_(r) {}

    void changed(user_key u, std::uint64_t position);  // positions grow
    void load(user_key u, std::uint64_t position);     // in any order; then sort() once
    void sort();
    bool has_keys(user_key u) const { return newest_.contains(u); }

    struct found {
        std::vector<user_key> changed, left;  // by key, each once
    };
    // What a device of the observer that knows everything up to `after` has to hear of: users who
    // share a room and whose keys changed, or who began to share one; and those who ended to.
    // Cost: the changes since then, or the members of the observer's rooms if these are fewer; and
    // the members of rooms where somebody came or went since then.
    found since(user_key observer, std::uint64_t after) const;
    // May since() find something of changed keys? Those who came and went are news of rooms anyway.
    bool has_news(user_key observer, std::uint64_t after) const;

  private:
    struct change {
        std::uint64_t position;
        user_key user;
    };
    using changes = std::vector<change>;
    changes::const_iterator after(std::uint64_t position) const;
    bool is_newest(const change& c) const { return newest_.at(c.user) == c.position; }
    void keys_since(user_key observer, std::uint64_t position, found& f) const;
    void memberships_since(user_key observer, std::uint64_t position, found& f) const;

    const rooms& rooms_;
    boost::unordered_flat_map<user_key, std::uint64_t, std::hash<user_key>> newest_;
    changes by_position_;  // also what is no longer the newest of its user, until there is too much
};

}  // namespace porchlight::homeserver
