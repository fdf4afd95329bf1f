#pragma once

#include <string>

#include "homeserver/rooms.h"

namespace porchlight::client_api {

// {"m.heroes":[...],"m.joined_member_count":n,"m.invited_member_count":n}
void append_summary(std::string& out, const homeserver::room_population& p);

}  // namespace porchlight::client_api
