#pragma once

#include <string>
#include <vector>

#include "client_api/sync/plan.h"
#include "ports/store.h"

// Messages to the device in the answers of streams. Cold pool.
namespace porchlight::client_api {

// The oldest of those the plan says wait, up to next.durable: at most `limit`, and not more than
// the limits of one response. Where some are left over `next` says how far these go, and the next
// poll is answered at once. Throws ports::store_error.
std::vector<ports::to_device_row> read_messages(const sync_plan& plan, ports::store_reader& store,
                                                std::size_t limit, engine::token& next);
// {"type":...,"sender":...,"content":...}
void append_message(std::string& out, const ports::to_device_row& row);

}  // namespace porchlight::client_api
