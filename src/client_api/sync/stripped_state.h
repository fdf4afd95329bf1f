#pragma once

#include <string>

#include "base/key.h"
#include "ports/store.h"

namespace porchlight::client_api {

// The state that an invited user is shown, events with commas between them: of the room, of who
// invited, and their own member event of that position. False, and nothing written: there is none.
// Cold pool; throws ports::store_error.
bool append_stripped_state(std::string& out, ports::store_reader& store, base::room_key room,
                           const std::string& user_id, std::uint64_t position);

}  // namespace porchlight::client_api
