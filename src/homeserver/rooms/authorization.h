#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "homeserver/rooms/power_levels.h"
#include "ports/store.h"

// The authorisation rules of room versions 1 to 11 (specification, rooms/v1 to v11; docs/rooms.md
// has them line by line). Pure: each answers why something is refused, or none when it is allowed.
namespace porchlight::homeserver {

using ports::membership;

std::string_view to_string(membership m);  // none: "leave"
std::optional<membership> parse_membership(std::string_view text);

enum class join_rule : std::uint8_t { open, invite, knock, restricted, knock_restricted, closed };
// Rules that are unknown, or that this version does not know, let nobody in.
join_rule parse_join_rule(const json::object& content, matrix::room_version version);
// The rooms whose members a restricted room lets in: its `allow` of type m.room_membership.
std::vector<std::string> parse_allowed_rooms(const json::object& content);

// What of the state the rules look at.
struct room_rules {
    std::string creator;
    join_rule joining = join_rule::invite;
    power_levels power;
    std::vector<std::string> allowed_rooms = {};  // restricted and knock_restricted
    matrix::room_version version = matrix::room_version::ten();
};

// One user's change of one user's membership.
struct member_change {
    std::string_view sender, target;
    membership sender_now = membership::none;
    membership target_now = membership::none;
    membership to = membership::none;
    bool first_join = false;  // nothing but the create event precedes
    // join_authorised_via_users_server: who vouches that the target is in an allowed room.
    std::string_view authorised_by = {};
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
