#pragma once

#include "client_api/call.h"

// Rooms: creation, membership, state, messages, directory (specification, "Rooms").
namespace porchlight::client_api {

// creation.cc
void create_room(call_ptr c);

// membership.cc
void join_by_name(call_ptr c);  // POST /join/{roomIdOrAlias}
void join_room(call_ptr c);
void knock_by_name(call_ptr c);
void leave_room(call_ptr c);
void invite_user(call_ptr c);
void kick_user(call_ptr c);
void ban_user(call_ptr c);
void unban_user(call_ptr c);
void forget_room(call_ptr c);
void joined_rooms(call_ptr c);

// state.cc
void room_members(call_ptr c);
void room_joined_members(call_ptr c);
void room_state(call_ptr c);
void state_event(call_ptr c);  // state key: a parameter, or "" without
void set_state_event(call_ptr c);

// messages.cc
void send_event(call_ptr c);    // PUT with a transaction id
void post_event(call_ptr c);    // the old POST without
void redact_event(call_ptr c);  // with or without a transaction id
void room_messages(call_ptr c);

// events.cc
void room_event(call_ptr c);
void event_by_id(call_ptr c);  // the old GET /events/{eventId}
void event_context(call_ptr c);

// directory.cc
void room_alias(call_ptr c);
void set_room_alias(call_ptr c);
void remove_room_alias(call_ptr c);
void room_aliases(call_ptr c);
void public_rooms(call_ptr c);

// activity.cc
void set_typing(call_ptr c);
void send_receipt(call_ptr c);
void set_read_markers(call_ptr c);

}  // namespace porchlight::client_api
