#include "homeserver/rooms/authorization.h"

#include <array>
#include <tuple>
#include <utility>

#include "matrix/identifier.h"

namespace porchlight::homeserver {
namespace {

using refusal = std::optional<std::string>;

constexpr std::array<std::pair<std::string_view, membership>, 5> membership_names = {{
    {"invite", membership::invite},
    {"join", membership::join},
    {"leave", membership::leave},
    {"ban", membership::ban},
    {"knock", membership::knock},
}};

refusal too_low(std::string_view action, std::int64_t own, std::int64_t needed) {
    return "Your power level " + std::to_string(own) + " is below the " + std::to_string(needed) +
           " needed to " + std::string(action);
}

bool may_vouch(const room_rules& r, std::string_view user_id) {
    return !user_id.empty() && r.power.of(user_id) >= r.power.invite();
}

refusal refuses_join(const room_rules& r, const member_change& c) {
    if (c.sender != c.target) {
        return "Only the user can join for themselves";
    }
    if (c.first_join && c.sender == r.creator) {
        return std::nullopt;
    }
    if (c.target_now == membership::ban) {
        return "You are banned from this room";
    }
    const bool let_in = c.target_now == membership::join || c.target_now == membership::invite;
    switch (r.joining) {
        case join_rule::open:
            return std::nullopt;
        case join_rule::invite:
        case join_rule::knock:
            return let_in ? std::nullopt : refusal("An invite is needed to join this room");
        case join_rule::restricted:
        case join_rule::knock_restricted:
            if (let_in || may_vouch(r, c.authorised_by)) {
                return std::nullopt;
            }
            return "An invite, or to be in one of the rooms this one names, is needed to join it";
        case join_rule::closed:
            break;
    }
    return "This room's join rule lets nobody in";
}

refusal refuses_invite(const room_rules& r, const member_change& c) {
    if (c.sender_now != membership::join) {
        return "Only members can invite";
    }
    if (c.target_now == membership::join) {
        return std::string(c.target) + " is in the room already";
    }
    if (c.target_now == membership::ban) {
        return std::string(c.target) + " is banned from this room";
    }
    const auto own = r.power.of(c.sender);
    return own >= r.power.invite() ? std::nullopt : too_low("invite", own, r.power.invite());
}

refusal refuses_leave(const room_rules& r, const member_change& c) {
    if (c.sender == c.target) {
        const bool knocked = c.target_now == membership::knock && r.version.knocking();
        const bool inside =
            c.target_now == membership::invite || c.target_now == membership::join || knocked;
        return inside ? std::nullopt : refusal("You are not in this room");
    }
    if (c.sender_now != membership::join) {
        return "Only members can kick or unban";
    }
    const auto own = r.power.of(c.sender);
    if (c.target_now == membership::ban && own < r.power.ban()) {
        return too_low("unban", own, r.power.ban());
    }
    if (own < r.power.kick()) {
        return too_low("kick", own, r.power.kick());
    }
    if (r.power.of(c.target) >= own) {
        return "The power level of " + std::string(c.target) + " is not below yours";
    }
    return std::nullopt;
}

refusal refuses_ban(const room_rules& r, const member_change& c) {
    if (c.sender_now != membership::join) {
        return "Only members can ban";
    }
    const auto own = r.power.of(c.sender);
    if (own < r.power.ban()) {
        return too_low("ban", own, r.power.ban());
    }
    if (r.power.of(c.target) >= own) {
        return "The power level of " + std::string(c.target) + " is not below yours";
    }
    return std::nullopt;
}

refusal refuses_knock(const room_rules& r, const member_change& c) {
    if (!r.version.knocking()) {
        return "Rooms of version " + std::to_string(r.version.number()) + " know no knocking";
    }
    if (r.joining != join_rule::knock && r.joining != join_rule::knock_restricted) {
        return "This room does not take knocks";
    }
    if (c.sender != c.target) {
        return "Only the user can knock for themselves";
    }
    switch (c.target_now) {
        case membership::ban:
            return "You are banned from this room";
        case membership::invite:
            return "You are invited already";
        case membership::join:
            return "You are in the room already";
        default:
            return std::nullopt;
    }
}

}  // namespace

std::string_view to_string(membership m) {
    for (const auto& [name, value] : membership_names) {
        if (value == m) {
            return name;
        }
    }
    return "leave";
}

std::optional<membership> parse_membership(std::string_view text) {
    for (const auto& [name, value] : membership_names) {
        if (name == text) {
            return value;
        }
    }
    return std::nullopt;
}

join_rule parse_join_rule(const json::object& content, matrix::room_version version) {
    const auto* found = content.if_contains("join_rule");
    if (found == nullptr || !found->is_string()) {
        return join_rule::closed;
    }
    const std::tuple<std::string_view, join_rule, bool> rules[] = {
        {"public", join_rule::open, true},
        {"invite", join_rule::invite, true},
        {"knock", join_rule::knock, version.knocking()},
        {"restricted", join_rule::restricted, version.restricted_joins()},
        {"knock_restricted", join_rule::knock_restricted, version.knock_restricted()},
    };
    for (const auto& [name, rule, known] : rules) {
        if (known && found->get_string() == name) {
            return rule;
        }
    }
    return join_rule::closed;
}

std::vector<std::string> parse_allowed_rooms(const json::object& content) {
    std::vector<std::string> rooms;
    const auto* allow = content.if_contains("allow");
    if (allow == nullptr || !allow->is_array()) {
        return rooms;
    }
    for (const auto& condition : allow->get_array()) {
        if (!condition.is_object()) {
            continue;
        }
        const auto* type = condition.get_object().if_contains("type");
        const auto* room = condition.get_object().if_contains("room_id");
        if (type != nullptr && *type == "m.room_membership" && room != nullptr &&
            room->is_string()) {
            rooms.emplace_back(room->get_string());
        }
    }
    return rooms;
}

refusal refuses_member(const room_rules& r, const member_change& c) {
    switch (c.to) {
        case membership::join:
            return refuses_join(r, c);
        case membership::invite:
            return refuses_invite(r, c);
        case membership::leave:
            return refuses_leave(r, c);
        case membership::ban:
            return refuses_ban(r, c);
        case membership::knock:
            return refuses_knock(r, c);
        case membership::none:
            break;
    }
    return "A membership is one of invite, join, leave, ban, knock";
}

refusal refuses_event(const room_rules& r, const plain_event& e) {
    if (e.type == "m.room.create") {
        return "A room is created once";
    }
    if (e.sender_now != membership::join) {
        return "You are not in this room";
    }
    // The rule asks for no membership, since other servers send these; a user here needs it.
    if (e.type == "m.room.aliases" && r.version.alias_events()) {
        const auto sender = matrix::parse_user_id(e.sender);
        const bool own_server = e.state_key && sender && sender->server == *e.state_key;
        return own_server ? std::nullopt
                          : refusal("The state key of m.room.aliases must be the sender's server");
    }
    const auto own = r.power.of(e.sender);
    const auto needed = e.type == "m.room.third_party_invite"
                            ? r.power.invite()
                            : r.power.needed_for(e.type, e.state_key.has_value());
    if (own < needed) {
        return too_low("send " + std::string(e.type), own, needed);
    }
    if (e.state_key && e.state_key->starts_with('@') && *e.state_key != e.sender) {
        return "State kept under a user id can be set by that user only";
    }
    if (e.type == "m.room.power_levels" && e.state_key) {
        const auto next = power_levels::parse(e.content, r.version);
        if (!next) {
            return next.error().message;
        }
        return r.power.refuses_change(e.sender, *next, r.version);
    }
    return std::nullopt;
}

refusal refuses_redaction(const room_rules& r, std::string_view sender,
                          std::string_view original_sender) {
    const auto own = r.power.of(sender);
    if (sender == original_sender || own >= r.power.redact()) {
        return std::nullopt;
    }
    return too_low("redact the events of others", own, r.power.redact());
}

}  // namespace porchlight::homeserver
