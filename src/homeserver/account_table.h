#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
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
// Deciding thread only. Cost of a user without device and profile: 24 bytes, the name, about 8 of
// the index.
class account_table {
  public:
    account_table() : by_name_(0, name_hash{this}, name_equal{this}) {}
    account_table(const account_table&) = delete;
    account_table& operator=(const account_table&) = delete;

    // Where `u` is the key of that very name, the name becomes an account.
    void add(user_key u, std::string_view user_id, wall_time created, bool deactivated);
    std::optional<user_key> find(std::string_view user_id) const;  // accounts only
    std::string_view user_id(user_key u) const;                    // of names too
    wall_time created(user_key u) const { return at(u).created; }
    bool is_deactivated(user_key u) const { return at(u).kind == kind::deactivated; }
    void deactivate(user_key u);  // also drops the profile. REQUIRES: no devices
    std::size_t count() const { return by_name_.size() - names_.size(); }  // of accounts
    std::uint32_t key_bound() const { return static_cast<std::uint32_t>(records_.size()); }

    // A user id that is no account here.
    struct outsider {
        std::unique_ptr<char[]> text;
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
    };
    void add_device(device_key d, device info);
    void remove_device(device_key d);
    const device* find_device(device_key d) const;
    std::optional<device_key> find_device(user_key u, std::string_view device_id) const;
    std::vector<device_key> devices(user_key u) const;  // oldest first
    std::optional<device_key> find_token(const token_hash& t) const;

    struct profile {
        std::string displayname, avatar_url;
    };
    const profile& profile_of(user_key u) const;
    void set_profile(user_key u, profile p);

  private:
    enum class kind : std::uint8_t { account, deactivated, name };
    struct record {
        const char* name = nullptr;  // in the arena, or in names_; null: no such user
        wall_time created;
        device_key first_device;
        std::uint8_t name_size = 0;
        account_table::kind kind = kind::account;
    };
    static_assert(sizeof(record) == 24);

    // The index holds keys and looks the names up in the records.
    struct name_hash {
        using is_transparent = void;
        const account_table* table;
        std::size_t operator()(std::string_view name) const;
        std::size_t operator()(user_key u) const { return (*this)(table->user_id(u)); }
    };
    struct name_equal {
        using is_transparent = void;
        const account_table* table;
        bool operator()(user_key a, user_key b) const { return a == b; }
        bool operator()(std::string_view a, user_key b) const { return a == table->user_id(b); }
        bool operator()(user_key a, std::string_view b) const { return b == table->user_id(a); }
    };
    // A token hash is as random as a hash can be.
    struct token_prefix {
        std::size_t operator()(const token_hash& t) const;
    };

    const record& at(user_key u) const;
    record& at(user_key u);
    record& put(user_key u, const char* text, std::size_t size);
    const char* keep(std::string_view name);

    std::vector<record> records_;
    boost::unordered_flat_set<user_key, name_hash, name_equal> by_name_;
    boost::unordered_flat_map<device_key, device, std::hash<device_key>> devices_;
    boost::unordered_flat_map<token_hash, device_key, token_prefix> tokens_;
    boost::unordered_flat_map<user_key, profile, std::hash<user_key>> profiles_;
    boost::unordered_flat_map<user_key, outsider, std::hash<user_key>> names_;
    std::vector<std::unique_ptr<char[]>> arena_;
    std::size_t arena_left_ = 0;
};

}  // namespace porchlight::homeserver
