#include "homeserver/rooms/authorization.h"

#include <array>
#include <utility>

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
    if (r.joining == join_rule::open || c.target_now == membership::join) {
        return std::nullopt;
    }
    if (r.joining == join_rule::closed) {
        return "This room's join rule lets nobody in";
    }
    if (c.target_now == membership::invite) {
        return std::nullopt;
    }
    if (r.joining == join_rule::restricted || r.joining == join_rule::knock_restricted) {
        return "This room is restricted to members of other rooms, which this server does not "
               "check: an invite is needed";
    }
    return "An invite is needed to join this room";
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
        const bool inside = c.target_now == membership::invite ||
                            c.target_now == membership::join || c.target_now == membership::knock;
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

join_rule parse_join_rule(const json::object& content) {
    constexpr std::array<std::pair<std::string_view, join_rule>, 5> names = {{
        {"public", join_rule::open},
        {"invite", join_rule::invite},
        {"knock", join_rule::knock},
        {"restricted", join_rule::restricted},
        {"knock_restricted", join_rule::knock_restricted},
    }};
    const auto* found = content.if_contains("join_rule");
    if (found == nullptr || !found->is_string()) {
        return join_rule::closed;
    }
    for (const auto& [name, rule] : names) {
        if (found->get_string() == name) {
            return rule;
        }
    }
    return join_rule::closed;
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
        const auto next = power_levels::parse(e.content);
        if (!next) {
            return next.error().message;
        }
        return r.power.refuses_change(e.sender, *next);
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
