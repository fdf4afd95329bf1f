#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "client_api/call.h"

// User-interactive authentication with flows of one stage. Such a stage is complete in the request
// that carries it, so a session needs no memory here: it is a text that says when it ends.
namespace porchlight::client_api {

std::string make_auth_session(ports::random& random, base::wall_time now);
// Absent (empty) sessions are fine, foreign and expired ones are not.
bool is_auth_session(std::string_view session, base::wall_time now);

// The type a client gives in `auth`; empty when it has yet to be told the flows, or when its
// session has ended.
std::string auth_type(const call& c);
// 401 with the one stage there is and a new session; with `f` also why the stage failed.
void ask_for_auth(call& c, std::string_view stage, const failure* f = nullptr);

// Goes on with `then` once the caller's password was given in `auth`; answers by itself otherwise.
void with_password(call_ptr c, base::unique_function<void(call_ptr)> then);

}  // namespace porchlight::client_api
