#pragma once

#include "client_api/call.h"

// Messages from one device to others. They are given by the streams.
namespace porchlight::client_api {

void send_to_device(call_ptr c);

}  // namespace porchlight::client_api
