#pragma once

#include <string>

#include "client_api/call.h"

namespace porchlight::client_api {

// Who wants to log in: {"identifier":{"type":"m.id.user","user":...}} or the older {"user":...}.
outcome<std::string> login_user(const json::object& o);
// access_token and, where there is one, refresh_token and expires_in_ms.
void add_tokens(json::object& answer, const homeserver::login_result& r);

// An attempt to give the password of `user` (localpart or whole id) is limited by the address it
// comes from and by the account it is for, that of nobody too; one that was right is given back.
std::optional<failure> take_login_attempt(const call& c, const std::string& user);
void give_login_attempt_back(const call& c, const std::string& user);

}  // namespace porchlight::client_api
