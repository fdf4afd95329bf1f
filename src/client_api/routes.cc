#include "client_api/routes.h"

#include "client_api/account/account.h"
#include "client_api/account_data/account_data.h"
#include "client_api/filters/filters.h"
#include "client_api/presence/presence.h"
#include "client_api/profile/profile.h"
#include "client_api/push/push.h"

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
    {"POST", "/io.porchlight/presence/query", unstable, required, body::object, query_presence},

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

    // --- streams ---
};
// clang-format on

}  // namespace

std::span<const route> routes() {
    return table;
}

}  // namespace porchlight::client_api
