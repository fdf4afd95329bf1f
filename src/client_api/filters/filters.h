#pragma once

#include "client_api/call.h"

// Stored filters. Their meaning is read by the streams that use them.
namespace porchlight::client_api {

void add_filter(call_ptr c);
void filter(call_ptr c);

}  // namespace porchlight::client_api
