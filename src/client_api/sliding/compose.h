#pragma once

#include <string>
#include <utility>
#include <vector>

#include "client_api/sliding/matching.h"
#include "client_api/sync/answer.h"

namespace porchlight::client_api::sliding {

struct composed {
    answer_text answer;
    checkpoint after;  // what the client knows then
    std::vector<std::pair<base::room_key, sent_room>> changes;
    bool empty = true;  // nothing is new
};
// The answer of a plan. `presence`: rendered events with commas between them. Cold pool; throws
// ports::store_error.
composed compose(const plan& p, ports::store_reader& store, facts_cache& facts,
                 const std::string& presence);
// The answer to a request that another of the same connection took the place of: nothing, and
// where it was.
std::string nothing_new(const request& asked);

}  // namespace porchlight::client_api::sliding
