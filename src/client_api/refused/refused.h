#pragma once

#include "client_api/call.h"

// What a client may ask of a homeserver and this one doesn't have, each said so that a client goes
// on. The routes that end here are the ones that docs/client-api.md calls "refused cleanly".
namespace porchlight::client_api {

// 404 M_UNRECOGNIZED: the feature is not here.
void feature_not_here(call_ptr c);
// 403 M_THREEPID_DENIED: no e-mail addresses, no telephone numbers.
void no_third_party_ids(call_ptr c);
// 403 M_FORBIDDEN.
void no_room_upgrades(call_ptr c);
// 404 M_NOT_FOUND: there are none of what was asked for.
void no_third_party_networks(call_ptr c);

// Is the endpoint one of those above?
bool is_refusal(void (*endpoint)(call_ptr));

// Truthful empty answers to what only reads.
void third_party_ids(call_ptr c);        // {"threepids":[]}
void third_party_protocols(call_ptr c);  // {}
void pushers(call_ptr c);                // {"pushers":[]}
// Removing a pusher succeeds, since there is none; making one is refused as above.
void set_pusher(call_ptr c);

}  // namespace porchlight::client_api
