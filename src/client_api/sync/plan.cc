#include "client_api/sync/plan.h"

#include <algorithm>

namespace porchlight::client_api {

namespace {

using ports::membership;

room_plan plan_room(const sync_plan& plan, const homeserver::membership_info& m,
                    const api& server) {
    const std::uint64_t after = plan.after();
    room_plan r;
    r.room_id = server.rooms.room_id(m.room);
    r.membership = m;
    r.is_public = server.rooms.is_public(m.room);
    r.joined_members = server.rooms.joined_count(m.room);
    r.events = server.rooms.last_position(m.room) > after;
    // Who sees the room for the first time gets what is so now; others what changed.
    const bool first_sight = !plan.since || m.position > after;
    if (first_sight || plan.full_state || server.rooms.members_position(m.room) > after) {
        r.population = server.rooms.population(m.room, plan.user);
    }
    r.receipts = server.ephemeral.receipts_position(m.room) > (first_sight ? 0 : after);
    auto typing = server.ephemeral.typing(m.room);
    if (!typing.user_ids.empty() ? first_sight || typing.position > after
                                 : plan.since && typing.position > after) {
        r.typing = std::move(typing.user_ids);
    }
    return r;
}

// Most rooms of somebody who is in many have nothing new; those cost no more than this.
bool may_show(const sync_plan& plan, const homeserver::membership_info& m, const api& server) {
    const std::uint64_t after = plan.after();
    return plan.everything() || plan.account_data || m.position > after ||
           server.rooms.last_position(m.room) > after ||
           server.ephemeral.receipts_position(m.room) > after ||
           server.ephemeral.typing_position(m.room) > after;
}

}  // namespace

void plan_rooms(sync_plan& plan, const api& server) {
    plan.account_data = server.ephemeral.account_data_position(plan.user) > plan.after();
    for (const homeserver::membership_info& m : server.rooms.rooms_of(plan.user)) {
        if (!plan.filter->rooms.passes(server.rooms.room_id(m.room))) {
            continue;
        }
        const bool is_new = m.position > plan.after();
        switch (m.state) {
            case membership::join:
                if (may_show(plan, m, server)) {
                    plan.joined.push_back(plan_room(plan, m, server));
                }
                break;
            case membership::invite:
                if (is_new || plan.everything()) {
                    plan.invited.push_back(plan_room(plan, m, server));
                }
                break;
            case membership::leave:
            case membership::ban:
                if (plan.since ? is_new : plan.filter->include_leave) {
                    plan.left.push_back(plan_room(plan, m, server));
                }
                break;
            case membership::knock:
                if (is_new || plan.everything()) {
                    plan.knocked.push_back(plan_room(plan, m, server));
                }
                break;
            case membership::none:
                break;
        }
    }
}

void plan_peek(sync_plan& plan, base::room_key room, const api& server) {
    homeserver::membership_info m = server.rooms.membership_of(room, plan.user);
    m.room = room;
    plan.joined.push_back(plan_room(plan, m, server));
}

bool has_news(const api& server, base::user_key u, std::uint64_t d) {
    return std::max(server.rooms.news_position(u), server.ephemeral.news_position(u)) > d;
}

bool has_peek_news(const api& server, base::room_key room, std::uint64_t d) {
    return std::max({server.rooms.last_position(room), server.ephemeral.receipts_position(room),
                     server.ephemeral.typing(room).position}) > d;
}

}  // namespace porchlight::client_api
