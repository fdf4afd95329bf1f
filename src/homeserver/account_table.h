#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "homeserver/accounts.h"

namespace porchlight::homeserver {

// The live state of accounts: names, devices, tokens, profiles. Only what was committed is in here,
// and names: user ids that are no account here, which have a key because something refers to them.
// Deciding thread only. Cost of a user without device and profile: 16 bytes, the name, 8 to 16 of
// the index.
class account_table {
  public:
    account_table() = default;
    account_table(const account_table&) = delete;
    account_table& operator=(const account_table&) = delete;

    // Start-up: all accounts by load(), then index_names() once, before anything is looked for.
    void load(user_key u, std::string_view user_id, wall_time created, bool deactivated);
    void reserve(std::uint32_t users) { records_.reserve(users); }  // keys below it will come
    void index_names();
    // Where `u` is the key of that very name, the name becomes an account.
    // REQUIRES: neither is an account yet.
    void add(user_key u, std::string_view user_id, wall_time created, bool deactivated);
    std::optional<user_key> find(std::string_view user_id) const;  // accounts only
    bool has(user_key u) const { return u.index() < records_.size() && at(u).name_size != 0; }
    std::string_view user_id(user_key u) const;  // of names too
    wall_time created(user_key u) const {
        return base::from_unix_ms(static_cast<std::int64_t>(at(u).created));
    }
    bool is_deactivated(user_key u) const { return records_[u.index()].deactivated != 0; }
    void deactivate(user_key u);                  // also drops the profile. REQUIRES: no devices
    std::size_t count() const { return count_; }  // of accounts
    std::uint32_t key_bound() const { return static_cast<std::uint32_t>(records_.size()); }

    // A user id that is no account here.
    struct outsider {
        std::unique_ptr<char[]> text;
        std::size_t size = 0;
        std::uint32_t holds = 0;     // by rows and by what is under way
        bool stored = false;         // its row was given to the store
        std::uint32_t removals = 0;  // of the row, on their way
    };
    void add_name(user_key u, std::string_view user_id);
    void remove_name(user_key u);
    std::optional<user_key> find_any(std::string_view user_id) const;  // accounts and names
    outsider* find_name(user_key u);  // null: an account, or nobody; until the next change
    const outsider* find_name(user_key u) const;
    std::vector<user_key> names() const;
    std::vector<user_key> free_keys() const;  // below key_bound()

    struct device {
        user_key user;
        device_key next;  // the user's devices are a list
        std::string device_id, display_name;
        token_hash hash{};
        wall_time created;
        std::optional<wall_time> last_seen = {};
    };
    void add_device(device_key d, device info);
    void remove_device(device_key d);
    const device* find_device(device_key d) const;
    void rename_device(device_key d, std::string display_name) {
        devices_.find(d)->second.display_name = std::move(display_name);
    }
    void device_seen(device_key d, wall_time at) { devices_.find(d)->second.last_seen = at; }
    std::optional<device_key> find_device(user_key u, std::string_view device_id) const;
    std::vector<device_key> devices(user_key u) const;  // oldest first
    std::optional<device_key> find_token(const token_hash& t) const;

    struct profile {
        std::string displayname, avatar_url;
    };
    const profile& profile_of(user_key u) const;
    void set_profile(user_key u, profile p);

  private:
    struct record {
        std::uint64_t created : 48 = 0;   // unix ms
        std::uint64_t name_size : 8 = 0;  // 0: no such account
        std::uint64_t deactivated : 1 = 0;
        std::uint32_t name = 0;  // where it begins in the arena
        device_key first_device;
    };
    static_assert(sizeof(record) == 16);

    // A token hash is as random as a hash can be.
    struct token_prefix {
        std::size_t operator()(const token_hash& t) const;
    };

    const record& at(user_key u) const;
    record& at(user_key u);
    std::uint32_t keep(std::string_view name);
    std::size_t slot_of(std::string_view name) const;
    void put_in_index(user_key u, std::size_t slot);

    std::vector<record> records_;
    // Names to keys: open addressing, at most half full; the names are looked up in the records.
    std::vector<user_key> by_name_;  // a power of two of slots; not valid(): free
    std::size_t count_ = 0;
    boost::unordered_flat_map<device_key, device, std::hash<device_key>> devices_;
    boost::unordered_flat_map<token_hash, device_key, token_prefix> tokens_;
    boost::unordered_flat_map<user_key, profile, std::hash<user_key>> profiles_;
    boost::unordered_flat_map<user_key, outsider, std::hash<user_key>> names_;
    boost::unordered_flat_map<std::string_view, user_key> keys_of_names_;  // views of their texts
    std::vector<std::unique_ptr<char[]>> arena_;  // blocks of one size: names stay where they are
    std::size_t arena_left_ = 0;                  // in the last one
};

}  // namespace porchlight::homeserver
