#pragma once

#include <string>

#include "client_api/sync/answer.h"
#include "client_api/sync/plan.h"
#include "ports/store.h"

// The historic snapshots. Cold pool; they throw ports::store_error.
namespace porchlight::client_api {

// GET /initialSync. `presence`: rendered events with commas between them.
answer_text compose_initial_sync(const sync_plan& plan, ports::store_reader& store,
                                 const std::string& presence, std::size_t limit);

// GET /rooms/{roomId}/initialSync of the one room in plan.joined; forbidden when the user may read
// neither the room nor what it was.
struct room_initial_sync_query {
    const sync_plan& plan;
    bool readable_now;  // joined, invited where allowed, or world readable
    std::size_t limit;
    const std::string& presence;
};
outcome<answer_text> compose_room_initial_sync(const room_initial_sync_query& q,
                                               ports::store_reader& store);

}  // namespace porchlight::client_api
