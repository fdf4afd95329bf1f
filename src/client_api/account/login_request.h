#pragma once

#include <string>

#include "client_api/call.h"

namespace porchlight::client_api {

// Who wants to log in: {"identifier":{"type":"m.id.user","user":...}} or the older {"user":...}.
outcome<std::string> login_user(const json::object& o);

}  // namespace porchlight::client_api
