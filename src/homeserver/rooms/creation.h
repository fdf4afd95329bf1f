#pragma once

#include <string>
#include <vector>

#include "homeserver/rooms.h"
#include "homeserver/rooms/event_builder.h"

// What a new room begins with (specification: POST createRoom). Pure.
namespace porchlight::homeserver {

// Refuses wishes that no room can meet: invalid_param, bad_json, unsupported_room_version.
// The version the room will have.
matrix::outcome<matrix::room_version> check_wish(const create_room& wish,
                                                 const std::string& default_version);

// The events in order: create, the creator's join, power levels, canonical alias, what the preset
// says, initial state, name, topic, invites. `alias` empty: none. REQUIRES: check_wish succeeded.
std::vector<event_draft> plan_room(const create_room& wish, const engine::profile& creator,
                                   matrix::room_version version, const std::string& alias,
                                   const std::vector<engine::profile>& invited);

}  // namespace porchlight::homeserver
