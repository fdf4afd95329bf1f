#pragma once

#include "client_api/call.h"

// Presence of one user at a time, and presence lists; streams are elsewhere.
namespace porchlight::client_api {

void presence_status(call_ptr c);
void set_presence_status(call_ptr c);
void query_presence(call_ptr c);  // bulk read, an extension

// The list's owner (lists.cc).
void presence_list(call_ptr c);
void change_presence_list(call_ptr c);
// Who is asked to be on lists: extensions, as no specification had a way to accept (invites.cc).
void presence_invites(call_ptr c);
void answer_presence_invites(call_ptr c);
void presence_policy(call_ptr c);
void set_presence_policy(call_ptr c);

}  // namespace porchlight::client_api
