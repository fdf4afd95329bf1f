#pragma once

#include "client_api/call.h"

// Accounts and sessions: specification "Client authentication", "Account registration",
// "Capabilities negotiation", and what a client asks before it has an account.
namespace porchlight::client_api {

void versions(call_ptr c);
void well_known_client(call_ptr c);
void capabilities(call_ptr c);

void login_flows(call_ptr c);
void login(call_ptr c);
void refresh(call_ptr c);
void logout(call_ptr c);
void logout_all(call_ptr c);
void whoami(call_ptr c);

void register_account(call_ptr c);
void register_available(call_ptr c);
void change_password(call_ptr c);
void deactivate(call_ptr c);

}  // namespace porchlight::client_api
