#include "client_api/sliding/plan.h"

#include <algorithm>

#include "homeserver/to_device.h"

namespace porchlight::client_api::sliding {

using ports::membership;

namespace {

// Rooms that the user left, or was taken out of, stand in lists only of who was told of them.
bool is_listed(const plan& p, const homeserver::membership_info& m) {
    switch (m.state) {
        case membership::join:
        case membership::invite:
        case membership::knock:
            return true;
        case membership::leave:
        case membership::ban:
            return p.sent->contains(m.room);
        case membership::none:
            break;
    }
    return false;
}

}  // namespace

void plan_rooms(plan& p, const api& server) {
    for (const homeserver::membership_info& m : server.rooms.rooms_of(p.who.user)) {
        if (!is_listed(p, m)) {
            continue;
        }
        planned_room r;
        r.room_id = server.rooms.room_id(m.room);
        r.membership = m;
        r.recency = m.position;
        if (m.state == membership::join) {
            r.recency = server.rooms.last_position(m.room);
            r.joined_members = server.rooms.joined_count(m.room);
            if (p.asked->receipts.enabled) {
                r.receipts = server.ephemeral.receipts_position(m.room);
            }
            if (p.asked->typing.enabled) {
                r.typing = server.ephemeral.typing(m.room);
            }
        }
        p.rooms.push_back(std::move(r));
    }
    std::ranges::sort(p.rooms, [](const planned_room& a, const planned_room& b) {
        return a.recency != b.recency ? a.recency > b.recency
                                      : a.membership.room < b.membership.room;
    });
}

bool has_news(const api& server, const request& asked, caller who, std::uint64_t d) {
    const bool rooms = !asked.wanted->empty();
    if (rooms && server.rooms.news_position(who.user) > d) {
        return true;
    }
    // Account data says which rooms are direct chats, and their tags.
    if ((rooms || asked.account_data.enabled) &&
        server.ephemeral.account_data_position(who.user) > d) {
        return true;
    }
    if (rooms && (asked.receipts.enabled || asked.typing.enabled) &&
        server.ephemeral.news_position(who.user) > d) {
        return true;
    }
    if (asked.e2ee.enabled && has_key_news(server, who, d)) {
        return true;
    }
    return asked.to_device.enabled &&
           server.to_device.waiting_after(who.device, asked.to_device_since).has_value();
}

}  // namespace porchlight::client_api::sliding
