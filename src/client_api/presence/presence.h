#pragma once

#include "client_api/call.h"

// Presence of one user at a time; streams and lists are elsewhere.
namespace porchlight::client_api {

void presence_status(call_ptr c);
void set_presence_status(call_ptr c);
void query_presence(call_ptr c);  // bulk read, an extension

}  // namespace porchlight::client_api
