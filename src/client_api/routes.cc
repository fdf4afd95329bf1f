#include "client_api/routes.h"

#include "client_api/account/account.h"
#include "client_api/account_data/account_data.h"
#include "client_api/filters/filters.h"
#include "client_api/presence/presence.h"
#include "client_api/profile/profile.h"
#include "client_api/push/push.h"
#include "client_api/rooms/rooms.h"
#include "client_api/sync/sync.h"
#include "client_api/to_device/to_device.h"

namespace porchlight::client_api {

namespace {

using enum auth;

// Endpoints that exist since the first specification, without the presence module's odd prefixes.
constexpr std::uint8_t classic = api_v1 | r0 | v3;

// clang-format off
constexpr route table[] = {
    // --- server: versions, discovery, capabilities ---
    {"GET",  "/_matrix/client/versions",   root,   none,     body::none,   versions},
    {"GET",  "/.well-known/matrix/client", root,   none,     body::none,   well_known_client},
    {"GET",  "/capabilities",              stable, required, body::none,   capabilities},

    // --- accounts and sessions ---
    {"GET",  "/login",                classic, none,     body::none,   login_flows},
    {"POST", "/login",                classic, none,     body::object, login},
    {"POST", "/logout",               classic, required, body::none,   logout},
    {"POST", "/logout/all",           classic, required, body::none,   logout_all},
    {"POST", "/register",             classic, none,     body::object, register_account},
    {"GET",  "/register/available",   stable,  none,     body::none,   register_available},
    {"GET",  "/account/whoami",       stable,  required, body::none,   whoami},
    {"POST", "/account/password",     stable,  required, body::object, change_password},
    {"POST", "/account/deactivate",   stable,  required, body::object, deactivate},

    // --- profile ---
    {"GET",  "/profile/{userId}",             classic, optional, body::none,   profile},
    {"GET",  "/profile/{userId}/displayname", classic, optional, body::none,   profile_displayname},
    {"GET",  "/profile/{userId}/avatar_url",  classic, optional, body::none,   profile_avatar_url},
    {"PUT",  "/profile/{userId}/displayname", classic, required, body::object, set_displayname},
    {"PUT",  "/profile/{userId}/avatar_url",  classic, required, body::object, set_avatar_url},

    // --- presence ---
    {"GET",  "/presence/{userId}/status", historic, required, body::none,   presence_status},
    {"PUT",  "/presence/{userId}/status", historic, required, body::object, set_presence_status},
    {"GET",  "/presence/list/{userId}",   historic, required, body::none,   presence_list},
    {"POST", "/presence/list/{userId}",   historic, required, body::object, change_presence_list},
    {"POST", "/io.porchlight/presence/query", unstable, required, body::object, query_presence},
    {"GET",  "/io.porchlight/presence/invites/{userId}", unstable, required, body::none,   presence_invites},
    {"POST", "/io.porchlight/presence/invites/{userId}", unstable, required, body::object, answer_presence_invites},
    {"GET",  "/io.porchlight/presence/policy/{userId}",  unstable, required, body::none,   presence_policy},
    {"PUT",  "/io.porchlight/presence/policy/{userId}",  unstable, required, body::object, set_presence_policy},

    // --- filters ---
    {"POST", "/user/{userId}/filter",            stable, required, body::object, add_filter},
    {"GET",  "/user/{userId}/filter/{filterId}", stable, required, body::none,   filter},

    // --- account data ---
    {"GET",  "/user/{userId}/account_data/{type}", stable, required, body::none,   account_data},
    {"PUT",  "/user/{userId}/account_data/{type}", stable, required, body::object, set_account_data},
    {"GET",  "/user/{userId}/rooms/{roomId}/account_data/{type}", stable, required, body::none,   room_account_data},
    {"PUT",  "/user/{userId}/rooms/{roomId}/account_data/{type}", stable, required, body::object, set_room_account_data},

    // --- push rules ---
    {"GET",  "/pushrules",                                   stable,  required, body::none, push_rules},
    {"GET",  "/pushrules/",                                  classic, required, body::none, push_rules},
    {"GET",  "/pushrules/global/",                           classic, required, body::none, push_rules_scope},
    {"GET",  "/pushrules/global/{kind}/{ruleId}",            classic, required, body::none, push_rule},
    {"GET",  "/pushrules/global/{kind}/{ruleId}/{part}",     classic, required, body::none, push_rule_part},

    // --- rooms ---
    {"POST", "/createRoom",                     classic, required, body::object, create_room},
    {"POST", "/join/{roomIdOrAlias}",           classic, required, body::object, join_by_name},
    {"POST", "/knock/{roomIdOrAlias}",          stable,  required, body::object, knock_by_name},
    {"POST", "/rooms/{roomId}/join",            classic, required, body::object, join_room},
    {"POST", "/rooms/{roomId}/leave",           classic, required, body::object, leave_room},
    {"POST", "/rooms/{roomId}/invite",          classic, required, body::object, invite_user},
    {"POST", "/rooms/{roomId}/kick",            classic, required, body::object, kick_user},
    {"POST", "/rooms/{roomId}/ban",             classic, required, body::object, ban_user},
    {"POST", "/rooms/{roomId}/unban",           classic, required, body::object, unban_user},
    {"POST", "/rooms/{roomId}/forget",          classic, required, body::object, forget_room},
    {"GET",  "/joined_rooms",                   stable,  required, body::none,   joined_rooms},

    // --- room state ---
    {"GET",  "/rooms/{roomId}/members",                     classic, required, body::none,   room_members},
    {"GET",  "/rooms/{roomId}/joined_members",              stable,  required, body::none,   room_joined_members},
    {"GET",  "/rooms/{roomId}/state",                       classic, required, body::none,   room_state},
    {"GET",  "/rooms/{roomId}/state/{type}",                classic, required, body::none,   state_event},
    {"GET",  "/rooms/{roomId}/state/{type}/",               classic, required, body::none,   state_event},
    {"GET",  "/rooms/{roomId}/state/{type}/{stateKey}",     classic, required, body::none,   state_event},
    {"PUT",  "/rooms/{roomId}/state/{type}",                classic, required, body::object, set_state_event},
    {"PUT",  "/rooms/{roomId}/state/{type}/",               classic, required, body::object, set_state_event},
    {"PUT",  "/rooms/{roomId}/state/{type}/{stateKey}",     classic, required, body::object, set_state_event},

    // --- messages ---
    {"PUT",  "/rooms/{roomId}/send/{type}/{txnId}",         classic, required, body::object, send_event},
    {"POST", "/rooms/{roomId}/send/{type}",                 classic, required, body::object, post_event},
    {"PUT",  "/rooms/{roomId}/redact/{eventId}/{txnId}",    classic, required, body::object, redact_event},
    {"POST", "/rooms/{roomId}/redact/{eventId}",            classic, required, body::object, redact_event},
    {"GET",  "/rooms/{roomId}/messages",                    classic, required, body::none,   room_messages},
    {"GET",  "/rooms/{roomId}/event/{eventId}",             stable,  required, body::none,   room_event},
    {"GET",  "/rooms/{roomId}/context/{eventId}",           classic, required, body::none,   event_context},
    {"GET",  "/events/{eventId}",                           classic, required, body::none,   event_by_id},

    // --- room directory ---
    {"GET",    "/directory/room/{roomAlias}", classic, none,     body::none,   room_alias},
    {"PUT",    "/directory/room/{roomAlias}", classic, required, body::object, set_room_alias},
    {"DELETE", "/directory/room/{roomAlias}", classic, required, body::none,   remove_room_alias},
    {"GET",  "/rooms/{roomId}/aliases",       stable,  required, body::none,   room_aliases},
    {"GET",  "/publicRooms",                  classic, none,     body::none,   public_rooms},
    {"POST", "/publicRooms",                  stable,  required, body::object, public_rooms},

    // --- typing and reading ---
    {"PUT",  "/rooms/{roomId}/typing/{userId}",              classic, required, body::object, set_typing},
    {"POST", "/rooms/{roomId}/receipt/{receiptType}/{eventId}", classic, required, body::object, send_receipt},
    {"POST", "/rooms/{roomId}/read_markers",                 stable,  required, body::object, set_read_markers},

    // --- messages to devices ---
    {"PUT",  "/sendToDevice/{eventType}/{txnId}",            stable | unstable, required, body::object, send_to_device},

    // --- streams ---
    {"GET", "/sync",                        stable,  required, body::none, sync},
    {"POST", "/org.matrix.simplified_msc3575/sync", unstable, required, body::object, sliding_sync},
    {"GET", "/events",                      classic, required, body::none, events},
    {"GET", "/initialSync",                 classic, required, body::none, initial_sync},
    {"GET", "/rooms/{roomId}/initialSync",  classic, required, body::none, room_initial_sync},
};
// clang-format on

}  // namespace

std::span<const route> routes() {
    return table;
}

}  // namespace porchlight::client_api
