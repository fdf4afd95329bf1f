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

// The live state of accounts: names, devices, tokens, profiles. Only what was committed is in here.
// Deciding thread only. Cost of a user without device and profile: 24 bytes, the name, about 8 of
// the index.
class account_table {
  public:
    account_table() : by_name_(0, name_hash{this}, name_equal{this}) {}
    account_table(const account_table&) = delete;
    account_table& operator=(const account_table&) = delete;

    void add(user_key u, std::string_view user_id, wall_time created, bool deactivated);
    std::optional<user_key> find(std::string_view user_id) const;
    std::string_view user_id(user_key u) const;
    wall_time created(user_key u) const { return at(u).created; }
    bool is_deactivated(user_key u) const { return at(u).deactivated; }
    void deactivate(user_key u);  // also drops the profile. REQUIRES: no devices
    std::size_t count() const { return by_name_.size(); }
    std::uint32_t key_bound() const { return static_cast<std::uint32_t>(records_.size()); }

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
    struct record {
        const char* name = nullptr;  // in the arena; null: no such user
        wall_time created;
        device_key first_device;
        std::uint8_t name_size = 0;
        bool deactivated = false;
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
    const char* keep(std::string_view name);

    std::vector<record> records_;
    boost::unordered_flat_set<user_key, name_hash, name_equal> by_name_;
    boost::unordered_flat_map<device_key, device, std::hash<device_key>> devices_;
    boost::unordered_flat_map<token_hash, device_key, token_prefix> tokens_;
    boost::unordered_flat_map<user_key, profile, std::hash<user_key>> profiles_;
    std::vector<std::unique_ptr<char[]>> arena_;
    std::size_t arena_left_ = 0;
};

}  // namespace porchlight::homeserver
