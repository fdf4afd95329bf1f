#pragma once

#include "matrix/json.h"
#include "presence/state.h"

namespace porchlight::client_api {

// The body of PUT /presence/{userId}/status:
// {"presence", "status_msg"?, "io.porchlight.status_expires_at"?, "io.porchlight.unhide"?}.
// `status_msg` absent: keep; "" or null: clear. An expiry needs a text.
matrix::outcome<presence::put_request> read_put_request(const boost::json::object& body,
                                                        bool busy_enabled);

}  // namespace porchlight::client_api
