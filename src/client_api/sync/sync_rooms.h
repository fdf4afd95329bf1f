#pragma once

#include <string>
#include <vector>

#include "client_api/sync/answer.h"
#include "client_api/sync/plan.h"
#include "ports/store.h"

// The sections of a /sync answer that come from the store. Cold pool; throws ports::store_error.
namespace porchlight::client_api {

// Writes {"join":{...},"invite":{...},"knock"?:{...},"leave":{...}}. False: nothing is in it.
// `account_data`: the user's rows past since.
bool write_rooms(answer_text& out, const sync_plan& plan, ports::store_reader& store,
                 const std::vector<ports::account_data_row>& account_data);

struct composed_sync {
    answer_text answer;
    bool empty = true;  // nothing durable passed the filter
};
// The whole answer. `presence`: rendered events with commas between them.
composed_sync compose_sync(const sync_plan& plan, ports::store_reader& store,
                           const std::string& presence);

}  // namespace porchlight::client_api
