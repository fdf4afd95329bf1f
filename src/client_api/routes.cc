#include "client_api/routes.h"

#include "client_api/account/account.h"
#include "client_api/account_data/account_data.h"
#include "client_api/devices/devices.h"
#include "client_api/filters/filters.h"
#include "client_api/keys/keys.h"
#include "client_api/media/media.h"
#include "client_api/presence/presence.h"
#include "client_api/profile/profile.h"
#include "client_api/push/push.h"
#include "client_api/refused/refused.h"
#include "client_api/rooms/rooms.h"
#include "client_api/sync/sync.h"
#include "client_api/to_device/to_device.h"

namespace porchlight::client_api {

namespace {

using enum auth;

// Endpoints that exist since the first specification, without the presence module's odd prefixes.
constexpr std::uint16_t classic = api_v1 | r0 | v3;

// clang-format off
constexpr route table[] = {
    // --- server: versions, discovery, capabilities ---
    {"GET",  "/_matrix/client/versions",   root,   none,     body::none,   versions},
    {"GET",  "/.well-known/matrix/client", root,   none,     body::none,   well_known_client},
    {"GET",  "/capabilities",              stable, required, body::none,   capabilities},

    // --- accounts and sessions ---
    {"GET",  "/login",                classic, none,     body::none,   login_flows},
    {"POST", "/login",                classic, none,     body::object, login},
    {"POST", "/refresh",              stable | v1, none,     body::object, refresh},
    {"POST", "/logout",               classic, required, body::none,   logout},
    {"POST", "/logout/all",           classic, required, body::none,   logout_all},
    {"POST", "/register",             classic, none,     body::object, register_account},
    {"GET",  "/register/available",   stable,  none,     body::none,   register_available},
    {"GET",  "/account/whoami",       stable,  required, body::none,   whoami},
    {"POST", "/account/password",     stable,  required, body::object, change_password},
    {"POST", "/account/deactivate",   stable,  required, body::object, deactivate},

    // --- devices ---
    {"GET",    "/devices",            stable,  required, body::none,   devices},
    {"GET",    "/devices/{deviceId}", stable,  required, body::none,   device},
    {"PUT",    "/devices/{deviceId}", stable,  required, body::object, rename_device},
    {"DELETE", "/devices/{deviceId}", stable,  required, body::object, end_device},
    {"POST",   "/delete_devices",     stable,  required, body::object, end_devices},

    // --- profile ---
    {"GET",  "/profile/{userId}",             classic, optional, body::none,   profile},
    {"GET",  "/profile/{userId}/displayname", classic, optional, body::none,   profile_displayname},
    {"GET",  "/profile/{userId}/avatar_url",  classic, optional, body::none,   profile_avatar_url},
    {"PUT",  "/profile/{userId}/displayname", classic, required, body::object, set_displayname},
    {"PUT",  "/profile/{userId}/avatar_url",  classic, required, body::object, set_avatar_url},

    {"POST", "/user_directory/search",        stable,  required, body::object, search_user_directory},

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

    // --- keys for encryption ---
    {"POST", "/keys/upload",                    stable | unstable, required, body::object, upload_keys},
    {"POST", "/keys/query",                     stable | unstable, required, body::object, query_keys},
    {"POST", "/keys/claim",                     stable | unstable, required, body::object, claim_keys},
    {"GET",  "/keys/changes",                   stable | unstable, required, body::none,   changed_keys},
    {"POST", "/keys/device_signing/upload",     stable | unstable, required, body::object, upload_cross_signing_keys},
    {"POST", "/keys/signatures/upload",         stable | unstable, required, body::object, upload_key_signatures},
    {"POST",   "/room_keys/version",            stable | unstable, required, body::object, make_key_backup},
    {"GET",    "/room_keys/version",            stable | unstable, required, body::none,   key_backup},
    {"GET",    "/room_keys/version/{version}",  stable | unstable, required, body::none,   key_backup},
    {"PUT",    "/room_keys/version/{version}",  stable | unstable, required, body::object, change_key_backup},
    {"DELETE", "/room_keys/version/{version}",  stable | unstable, required, body::none,   remove_key_backup},
    {"GET",    "/room_keys/keys",               stable | unstable, required, body::none,   backed_up_keys},
    {"PUT",    "/room_keys/keys",               stable | unstable, required, body::object, back_up_keys},
    {"DELETE", "/room_keys/keys",               stable | unstable, required, body::none,   remove_backed_up_keys},
    {"GET",    "/room_keys/keys/{roomId}",      stable | unstable, required, body::none,   backed_up_keys},
    {"PUT",    "/room_keys/keys/{roomId}",      stable | unstable, required, body::object, back_up_keys},
    {"DELETE", "/room_keys/keys/{roomId}",      stable | unstable, required, body::none,   remove_backed_up_keys},
    {"GET",    "/room_keys/keys/{roomId}/{sessionId}", stable | unstable, required, body::none,   backed_up_keys},
    {"PUT",    "/room_keys/keys/{roomId}/{sessionId}", stable | unstable, required, body::object, back_up_keys},
    {"DELETE", "/room_keys/keys/{roomId}/{sessionId}", stable | unstable, required, body::none,   remove_backed_up_keys},

    // --- media ---
    {"POST", "/upload",                            any_media,           required, body::raw,  upload_media},
    {"POST", "/create",                            media_v1,            required, body::none, create_media},
    {"PUT",  "/upload/{serverName}/{mediaId}",     media_v3,            required, body::raw,  upload_created_media},
    {"GET",  "/config",                            any_media,           required, body::none, media_config},
    {"GET",  "/media/config",                      v1,                  required, body::none, media_config},
    {"GET",  "/media/download/{serverName}/{mediaId}",            v1,   required, body::none, download_media},
    {"GET",  "/media/download/{serverName}/{mediaId}/{fileName}", v1,   required, body::none, download_media},
    {"GET",  "/media/thumbnail/{serverName}/{mediaId}",           v1,   required, body::none, media_thumbnail},
    {"GET",  "/download/{serverName}/{mediaId}",            any_media,  none,     body::none, legacy_download_media},
    {"GET",  "/download/{serverName}/{mediaId}/{fileName}", any_media,  none,     body::none, legacy_download_media},
    {"GET",  "/thumbnail/{serverName}/{mediaId}",           any_media,  none,     body::none, legacy_media_thumbnail},

    // --- streams ---
    {"GET", "/sync",                        stable,  required, body::none, sync},
    {"POST", "/org.matrix.simplified_msc3575/sync", unstable, required, body::object, sliding_sync},
    {"GET", "/events",                      classic, required, body::none, events},
    {"GET", "/initialSync",                 classic, required, body::none, initial_sync},
    {"GET", "/rooms/{roomId}/initialSync",  classic, required, body::none, room_initial_sync},

    // --- refused cleanly ---
    {"GET",  "/account/3pid",                                stable, required, body::none,   third_party_ids},
    {"POST", "/account/3pid",                                stable, required, body::object, no_third_party_ids},
    {"POST", "/account/3pid/add",                            stable, required, body::object, no_third_party_ids},
    {"POST", "/account/3pid/bind",                           stable, required, body::object, no_third_party_ids},
    {"POST", "/account/3pid/delete",                         stable, required, body::object, no_third_party_ids},
    {"POST", "/account/3pid/unbind",                         stable, required, body::object, no_third_party_ids},
    {"POST", "/account/3pid/email/requestToken",             stable, none,     body::object, no_third_party_ids},
    {"POST", "/account/3pid/msisdn/requestToken",            stable, none,     body::object, no_third_party_ids},
    {"POST", "/account/password/email/requestToken",         stable, none,     body::object, no_third_party_ids},
    {"POST", "/account/password/msisdn/requestToken",        stable, none,     body::object, no_third_party_ids},
    {"POST", "/register/email/requestToken",                 stable, none,     body::object, no_third_party_ids},
    {"POST", "/register/msisdn/requestToken",                stable, none,     body::object, no_third_party_ids},
    {"GET",  "/pushers",                                     stable, required, body::none,   pushers},
    {"POST", "/pushers/set",                                 stable, required, body::object, set_pusher},
    {"GET",  "/notifications",                               stable, required, body::none,   feature_not_here},
    {"GET",  "/voip/turnServer",                             stable, required, body::none,   feature_not_here},
    {"GET",  "/org.matrix.msc4143/rtc/transports",           unstable, required, body::none, feature_not_here},
    {"GET",  "/login/sso/redirect",                          stable, none,     body::none,   feature_not_here},
    {"GET",  "/login/sso/redirect/{idpId}",                  stable, none,     body::none,   feature_not_here},
    {"POST", "/login/get_token",                             v1,     required, body::object, feature_not_here},
    {"POST", "/search",                                      stable, required, body::object, feature_not_here},
    {"POST", "/rooms/{roomId}/upgrade",                      stable, required, body::object, no_room_upgrades},
    {"GET",  "/rooms/{roomId}/hierarchy",                    v1,     required, body::none,   feature_not_here},
    {"GET",  "/rooms/{roomId}/threads",                      v1,     required, body::none,   feature_not_here},
    {"GET",  "/rooms/{roomId}/timestamp_to_event",           v1,     required, body::none,   feature_not_here},
    {"GET",  "/rooms/{roomId}/relations/{eventId}",                       v1, required, body::none, feature_not_here},
    {"GET",  "/rooms/{roomId}/relations/{eventId}/{relType}",             v1, required, body::none, feature_not_here},
    {"GET",  "/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}", v1, required, body::none, feature_not_here},
    {"POST", "/rooms/{roomId}/report",                       stable, required, body::object, feature_not_here},
    {"POST", "/rooms/{roomId}/report/{eventId}",             stable, required, body::object, feature_not_here},
    {"POST", "/users/{userId}/report",                       stable, required, body::object, feature_not_here},
    {"POST", "/user/{userId}/openid/request_token",          stable, required, body::object, feature_not_here},
    {"GET",  "/admin/whois/{userId}",                        stable, required, body::none,   feature_not_here},
    {"GET",  "/thirdparty/protocols",                        stable, required, body::none,   third_party_protocols},
    {"GET",  "/thirdparty/protocol/{protocol}",              stable, required, body::none,   no_third_party_networks},
    {"GET",  "/thirdparty/location",                         stable, required, body::none,   no_third_party_networks},
    {"GET",  "/thirdparty/location/{protocol}",              stable, required, body::none,   no_third_party_networks},
    {"GET",  "/thirdparty/user",                             stable, required, body::none,   no_third_party_networks},
    {"GET",  "/thirdparty/user/{protocol}",                  stable, required, body::none,   no_third_party_networks},
};
// clang-format on

}  // namespace

std::span<const route> routes() {
    return table;
}

}  // namespace porchlight::client_api
