#pragma once

#include "client_api/call.h"

// What a user's clients keep for each other, for the account and per room.
namespace porchlight::client_api {

void account_data(call_ptr c);
void set_account_data(call_ptr c);
void room_account_data(call_ptr c);
void set_room_account_data(call_ptr c);

}  // namespace porchlight::client_api
