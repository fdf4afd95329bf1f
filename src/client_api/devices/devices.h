#pragma once

#include "client_api/call.h"

// One's own devices (specification "Device management").
namespace porchlight::client_api {

void devices(call_ptr c);
void device(call_ptr c);
void rename_device(call_ptr c);
void end_device(call_ptr c);
void end_devices(call_ptr c);

}  // namespace porchlight::client_api
