#pragma once

#include "client_api/call.h"
#include "homeserver/lists.h"

// Presence lists as JSON, for clients and for the administrator's export.
namespace porchlight::client_api {

// {"incoming":[{"user_id","invited_ts"}], "outgoing", "observers":[{"user_id","accepted_ts"}],
//  "preapproved":[id], "denied", "blocked"}
json::object overview_json(const homeserver::accounts& a, const homeserver::lists::overview& o);
// {"visibility","auto_accept"}
json::object policy_json(const homeserver::lists::policy& p);

std::optional<presence::user_visibility> visibility_of(std::string_view word);
std::optional<presence::auto_accept> auto_accept_of(std::string_view word);

}  // namespace porchlight::client_api
