#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client_api/call.h"
#include "engine/token.h"
#include "presence/user.h"

// What a sliding sync (MSC4186) is asked for: parsed and checked. Immutable once read; any thread.
namespace porchlight::client_api::sliding {

// One entry of required_state; an absent half matches everything.
struct state_pattern {
    std::optional<std::string> type, key;
    bool matches(std::string_view t, std::string_view k) const {
        return (!type || *type == t) && (!key || *key == k);
    }
    friend bool operator==(const state_pattern&, const state_pattern&) = default;
};

struct required_state {
    std::vector<state_pattern> include, exclude;
    bool lazy_members = false;
    // Members that come by lazy loading alone do not pass.
    bool passes(std::string_view type, std::string_view key) const;
    friend bool operator==(const required_state&, const required_state&) = default;
};

// What is shown of a room. A room that matches several rules gets all that any of them asks for.
struct room_config {
    std::size_t timeline_limit = 0;
    std::vector<required_state> state;
    bool passes(std::string_view type, std::string_view key) const;
    bool lazy_members() const;
};
using config_ptr = std::shared_ptr<const room_config>;

struct list_filter {
    std::optional<bool> is_dm, is_encrypted, is_invite;
    // Empty string: rooms without a type (`null`).
    std::optional<std::vector<std::string>> room_types, tags, spaces;
    std::vector<std::string> not_room_types, not_tags;
    std::string name_like;  // lower case; empty: any name
    bool needs_facts() const {
        return is_encrypted || room_types || !not_room_types.empty() || !name_like.empty();
    }
    bool needs_account_data() const { return is_dm || tags || !not_tags.empty(); }
};

struct room_list {
    std::string name;
    config_ptr config;
    std::optional<std::vector<std::pair<std::size_t, std::size_t>>> ranges;  // none: all rooms
    list_filter filter;
    bool shows(std::size_t index) const;
};

struct subscription {
    std::string room_id;
    config_ptr config;
};

// The lists and subscriptions of a request.
struct rules {
    std::vector<room_list> lists;
    std::vector<subscription> subscriptions;
    std::array<std::uint8_t, 16> digest{};  // of their JSON: equal requests have equal ones
    bool empty() const { return lists.empty() && subscriptions.empty(); }
};
using rules_ptr = std::shared_ptr<const rules>;

// An extension, and for which of the matched rooms; absent: all.
struct extension {
    bool enabled = false;
    std::optional<std::vector<std::string>> lists, rooms;
};

// "D.P.k~serial": a token, and which answer of which connection it was made for.
struct position {
    engine::token token;
    std::uint64_t serial = 0;
};
std::string to_string(const position& p);
std::optional<position> parse_position(std::string_view text);

struct request {
    std::optional<position> pos;
    base::milliseconds timeout{0};  // capped; 0 without pos
    presence::stream_request marks;
    std::string conn_id, txn_id;
    rules_ptr wanted;
    extension to_device, e2ee, account_data, receipts, typing, presence;
    std::uint64_t to_device_since = 0;
    std::size_t to_device_limit = 0;

    // Which extensions of rooms are enabled, a bit each.
    std::uint8_t extensions() const {
        return static_cast<std::uint8_t>((account_data.enabled ? 1U : 0U) |
                                         (receipts.enabled ? 2U : 0U) | (typing.enabled ? 4U : 0U));
    }
};

// Malformed values are invalid_param, wrong types bad_json; both name the member. A pos that no
// answer could have had is unknown_pos. Unknown members are ignored. `user_id` stands for "$ME".
outcome<request> read_request(const call& c, const std::string& user_id);

}  // namespace porchlight::client_api::sliding
