#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client_api/call.h"
#include "client_api/sliding/connection.h"
#include "client_api/sync/key_news.h"
#include "homeserver/ephemeral.h"

namespace porchlight::client_api {
class unread_cache;
}

namespace porchlight::client_api::sliding {

struct planned_room {
    std::string room_id;
    homeserver::membership_info membership;
    std::uint64_t recency = 0;  // position of what happened last that the user may know of
    std::uint64_t receipts = 0;
    std::size_t joined_members = 0;
    homeserver::ephemeral::typing_state typing;
};

// What an answer is made from, taken in the step that made its token. See sync_plan.
struct plan {
    caller who;
    std::string user_id;
    engine::token next;
    std::uint64_t serial = 0;
    base::wall_time now;
    std::shared_ptr<const request> asked;
    checkpoint base;
    std::shared_ptr<const sent_rooms> sent;
    bool look = false;  // the rooms may have news; false: `rooms` is empty
    std::optional<std::uint64_t> messages_after;
    unread_cache* unread = nullptr;
    key_news keys;  // where they were asked for
    std::uint64_t account_data_position = 0;
    std::vector<planned_room> rooms;  // newest first

    bool first() const { return base.pos.serial == 0; }
};

// Fills in the rooms. Deciding thread. Cost: one pass over the user's rooms, and sorting them.
void plan_rooms(plan& p, const api& server);

// Has anything that the request asks for news past `d`? True too often, never too rarely.
bool has_news(const api& server, const request& asked, caller who, std::uint64_t d);

}  // namespace porchlight::client_api::sliding
