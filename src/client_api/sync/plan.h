#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client_api/call.h"
#include "client_api/sync/filter.h"
#include "client_api/sync/key_news.h"
#include "engine/engine.h"
#include "homeserver/ephemeral.h"
#include "homeserver/rooms.h"

// What an answer will hold, decided in the step that made its token: memberships and positions.
// Positions are immutable, so what is read for it later is what was true then.
namespace porchlight::client_api {

class unread_cache;

struct room_plan {
    std::string room_id;
    homeserver::membership_info membership;
    bool events = false;  // it may have events past since
    bool receipts = false;
    std::optional<std::vector<std::string>> typing;  // who types, when that changed
    bool is_public = false;
    std::size_t joined_members = 0;
    // Set where the reader is told: at first sight, or when a membership changed.
    std::optional<homeserver::room_population> population;
};

struct sync_plan {
    base::user_key user;
    base::device_key device;
    std::string user_id;
    std::optional<engine::token> since;  // none: first sync
    engine::token next;
    bool full_state = false;
    bool account_data = false;                    // some is newer than since
    std::optional<std::uint64_t> messages_after;  // to the device wait past here; none: none
    key_news keys;
    base::wall_time now;
    filter_ptr filter;  // never null
    std::vector<room_plan> joined, invited, knocked, left;
    unread_cache* unread = nullptr;  // null: counts are made from nothing

    std::uint64_t after() const { return since ? since->durable : 0; }
    bool everything() const { return !since || full_state; }
};

// Fills in the rooms from live state; the rest is set. Deciding thread only.
// Cost: one pass over the user's rooms.
void plan_rooms(sync_plan& plan, const api& server);
// As above for one room that is peeked into: it stands in `joined`, whatever the membership.
void plan_peek(sync_plan& plan, base::room_key room, const api& server);
// Is there anything durable for the user past `d`?
bool has_news(const api& server, base::user_key u, std::uint64_t d);
bool has_peek_news(const api& server, base::room_key room, std::uint64_t d);

}  // namespace porchlight::client_api
