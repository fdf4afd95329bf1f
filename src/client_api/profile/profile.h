#pragma once

#include "client_api/call.h"

// Display name and avatar.
namespace porchlight::client_api {

void profile(call_ptr c);
void profile_displayname(call_ptr c);
void profile_avatar_url(call_ptr c);
void set_displayname(call_ptr c);
void set_avatar_url(call_ptr c);
void search_user_directory(call_ptr c);

}  // namespace porchlight::client_api
