#include <algorithm>

#include "homeserver/rooms/impl.h"
#include "matrix/identifier.h"

// Joining a restricted room (specification: room version 8, "restricted"). All rooms and users are
// this server's, so that it knows who is in the rooms named and may vouch for them itself.
namespace porchlight::homeserver {

std::string rooms::impl::voucher_for(live_room& live, room_key r, user_key target) {
    const room_rules& rules = live.state.rules();
    const bool restricted =
        rules.joining == join_rule::restricted || rules.joining == join_rule::knock_restricted;
    const membership now = table.member(r, target).state;
    if (!restricted || now == membership::join || now == membership::invite ||
        now == membership::ban) {
        return {};
    }
    const bool allowed = std::ranges::any_of(rules.allowed_rooms, [&](const std::string& room_id) {
        const auto other = table.find(room_id);
        return other && table.member(*other, target).state == membership::join;
    });
    if (!allowed) {
        return {};
    }
    for (const auto& [user_id, level] : rules.power.users()) {
        const auto user = level >= rules.power.invite() ? a.find(user_id) : std::nullopt;
        if (user && table.member(r, *user).state == membership::join) {
            know_member(live, r, user_id, *user);
            return user_id;
        }
    }
    if (rules.power.users_default() < rules.power.invite()) {
        return {};
    }
    for (const member_entry& m : table.at(r).members) {
        const std::string_view user_id = a.user_id(m.user);
        if (m.state == membership::join && rules.power.of(user_id) >= rules.power.invite()) {
            know_member(live, r, user_id, m.user);
            return std::string(user_id);
        }
    }
    return {};
}

}  // namespace porchlight::homeserver
