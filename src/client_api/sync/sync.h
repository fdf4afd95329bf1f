#pragma once

#include "client_api/call.h"

// The streams (specification "Syncing", and the older /events and /initialSync).
namespace porchlight::client_api {

void sync(call_ptr c);
void sliding_sync(call_ptr c);
void events(call_ptr c);
void initial_sync(call_ptr c);
void room_initial_sync(call_ptr c);

}  // namespace porchlight::client_api
