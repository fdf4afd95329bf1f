#pragma once

#include <string>
#include <vector>

#include "client_api/sync/answer.h"
#include "client_api/sync/plan.h"
#include "ports/store.h"

namespace porchlight::client_api {

struct composed_events {
    answer_text answer;
    bool empty = true;
    std::size_t presence_events = 0;  // that it holds
};
// An answer of /events: what happened in the planned rooms, oldest first, then presence. When more
// than `limit` happened it ends there, and its `end` covers exactly what it shows. `presence`:
// rendered events. REQUIRES: plan.since. Cold pool; throws ports::store_error.
composed_events compose_events(const sync_plan& plan, ports::store_reader& store,
                               const std::vector<std::string>& presence, std::size_t limit,
                               bool peeks);

}  // namespace porchlight::client_api
