#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "homeserver/rooms/power_levels.h"
#include "ports/store.h"

// The authorisation rules of room version 10 (specification, rooms/v10). Pure: each answers why
// something is refused, or none when it is allowed.
namespace porchlight::homeserver {

using ports::membership;

std::string_view to_string(membership m);  // none: "leave"
std::optional<membership> parse_membership(std::string_view text);

enum class join_rule : std::uint8_t { open, invite, knock, restricted, knock_restricted, closed };
// Unknown rules let nobody in.
join_rule parse_join_rule(const json::object& content);

// What of the state the rules look at.
struct room_rules {
    std::string creator;
    join_rule joining = join_rule::invite;
    power_levels power;
};

// One user's change of one user's membership.
struct member_change {
    std::string_view sender, target;
    membership sender_now = membership::none;
    membership target_now = membership::none;
    membership to = membership::none;
    bool first_join = false;  // nothing but the create event precedes
};
std::optional<std::string> refuses_member(const room_rules& r, const member_change& c);

// Any event but m.room.member, m.room.create.
struct plain_event {
    std::string_view sender;
    membership sender_now = membership::none;
    std::string_view type;
    std::optional<std::string_view> state_key;
    const json::object& content;
};
std::optional<std::string> refuses_event(const room_rules& r, const plain_event& e);

// Redacting an event of `original_sender` (one of this server's users).
std::optional<std::string> refuses_redaction(const room_rules& r, std::string_view sender,
                                             std::string_view original_sender);

}  // namespace porchlight::homeserver
