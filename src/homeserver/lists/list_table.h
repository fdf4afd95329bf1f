#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "homeserver/lists/pair.h"
#include "presence/consent.h"
#include "presence/visibility.h"

namespace porchlight::homeserver {

using base::user_key;
using base::wall_time;

// The observer's half of a pair.
struct entry_half {
    presence::entry_state state = presence::entry_state::none;
    wall_time invited;  // of the newest invite
    friend bool operator==(const entry_half&, const entry_half&) = default;
};

// The subject's half. Without a state and a notice it is as if it were not there.
struct consent_half {
    presence::consent_state state = presence::consent_state::none;
    wall_time since;                   // of the state
    std::optional<wall_time> noticed;  // whole seconds
    bool there() const { return state != presence::consent_state::none || noticed; }
    friend bool operator==(const consent_half&, const consent_half&) = default;
};

// What a user said about who may see them.
struct user_policy {
    presence::user_visibility visibility = presence::user_visibility::everyone;
    presence::user_visibility before = presence::user_visibility::everyone;  // the last change
    std::optional<presence::auto_accept> auto_accept = {};  // none: the server's default
    std::uint64_t presence_position = 1;  // of the last change of visibility; 1: never
    bool says_nothing() const {
        return visibility == presence::user_visibility::everyone && !auto_accept;
    }
    friend bool operator==(const user_policy&, const user_policy&) = default;
};

// The live state of lists, consents, blocks and policies. Only what was committed is in here.
// Deciding thread only. Cost of an accepted entry: 28 bytes, and a share of its two users (about
// 60 bytes each).
class list_table {
  public:
    // As they are kept; ascending by the other user's key.
    struct entry {
        user_key subject;
        std::uint32_t invited_low;
        std::uint16_t invited_high;
        presence::entry_state state;
        entry_half half() const;
    };
    struct consent {
        user_key observer;
        std::uint32_t since_low;
        std::uint16_t since_high;
        presence::consent_state state;
        std::uint32_t noticed;  // seconds since 1970; 0: never
        consent_half half() const;
    };
    static_assert(sizeof(entry) == 12 && sizeof(consent) == 16);

    entry_half entry_of(list_pair p) const;
    consent_half consent_of(list_pair p) const;
    void set(list_pair p, const entry_half& e);    // state none: removes it
    void set(list_pair p, const consent_half& c);  // not there(): removes it
    std::span<const entry> entries_of(user_key observer) const;
    std::span<const consent> consents_of(user_key subject) const;
    std::size_t entry_count() const { return entry_count_; }

    bool blocks(list_pair p) const;  // the subject blocks the observer
    void set_block(list_pair p, bool blocked);
    std::span<const user_key> blocked_by(user_key subject) const;
    std::vector<user_key> blockers_of(user_key observer) const;  // Cost: all who block anybody

    const user_policy& policy_of(user_key u) const;
    void set_policy(user_key u, const user_policy& p);  // what says nothing is forgotten

    std::vector<user_key> users() const;  // who has anything in here, in no order
    void shrink();                        // after loading

  private:
    struct lists_of_one {
        std::vector<entry> entries;
        std::vector<consent> consents;
    };
    template <class Value>
    using by_user = boost::unordered_flat_map<user_key, Value, std::hash<user_key>>;

    void drop_if_empty(user_key u);

    by_user<lists_of_one> lists_;
    by_user<std::vector<user_key>> blocks_;
    by_user<user_policy> policies_;
    std::size_t entry_count_ = 0;
};

}  // namespace porchlight::homeserver
