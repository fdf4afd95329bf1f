#include <sodium.h>

#include "client_api/account/account.h"
#include "client_api/account/auth_session.h"
#include "client_api/account/login_request.h"
#include "client_api/rate_limits.h"
#include "matrix/identifier.h"

namespace porchlight::client_api {

namespace {

using homeserver::registration;

struct registration_wish {
    std::string username, password;
    homeserver::device_wish device;
    bool inhibit_login = false;
};

outcome<registration_wish> read_registration(const json::object& o) {
    auto username = matrix::optional_string(o, "username");
    auto password = matrix::optional_string(o, "password");
    auto device_id = matrix::optional_string(o, "device_id");
    auto name = matrix::optional_string(o, "initial_device_display_name");
    for (const auto* text : {&username, &password, &device_id, &name}) {
        if (!*text) {
            return text->error();
        }
    }
    const auto inhibit = matrix::optional_bool(o, "inhibit_login");
    const auto refreshes = matrix::optional_bool(o, "refresh_token");
    if (!inhibit || !refreshes) {
        return inhibit ? refreshes.error() : inhibit.error();
    }
    const auto or_empty = [](auto& text) { return std::move(*text).value_or(std::string{}); };
    return registration_wish{or_empty(username),
                             or_empty(password),
                             {or_empty(device_id), or_empty(name), refreshes->value_or(false)},
                             inhibit->value_or(false)};
}

std::optional<failure> check_name(const call& c, const std::string& username) {
    if (!matrix::is_new_localpart(username)) {
        return fail(errc::invalid_username);
    }
    const auto& accounts = c.server.accounts;
    return accounts.is_free(accounts.make_user_id(username))
               ? std::nullopt
               : std::optional{fail(errc::user_in_use)};
}

std::optional<failure> check_open(const call& c) {
    const auto* kind = c.parameter("kind");
    if (kind != nullptr && *kind == "guest") {
        return fail(errc::guest_access_forbidden, "This server has no guest accounts.");
    }
    if (kind != nullptr && *kind != "user") {
        return fail(errc::invalid_param, "The parameter kind must be user or guest.");
    }
    if (c.server.services.config.registration_mode == registration::closed) {
        return fail(errc::forbidden, "Registration is closed on this server.");
    }
    return std::nullopt;
}

// Takes as long for each wrong token.
bool is_right_token(const call& c) {
    const auto& right = c.server.services.config.registration_token;
    const auto given = matrix::optional_string(c.object().at("auth").get_object(), "token");
    if (!given || !*given || right.empty()) {
        return false;
    }
    const auto a = homeserver::hash_token(**given);
    const auto b = homeserver::hash_token(right);
    return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

// True: go on. False: answered.
bool is_authorized(call& c) {
    const bool by_token = c.server.services.config.registration_mode == registration::token;
    const std::string_view stage = by_token ? "m.login.registration_token" : "m.login.dummy";
    if (auth_type(c) != stage) {
        ask_for_auth(c, stage);
        return false;
    }
    if (by_token && !is_right_token(c)) {
        const failure wrong = fail(errc::unauthorized, "The registration token is not valid.");
        ask_for_auth(c, stage, &wrong);
        return false;
    }
    return true;
}

}  // namespace

void register_account(call_ptr c) {
    if (const auto refused = check_open(*c)) {
        c->refuse(*refused);
        return;
    }
    auto wish = read_registration(c->object());
    if (!wish) {
        c->refuse(wish.error());
        return;
    }
    if (const auto refused =
            wish->username.empty() ? std::nullopt : check_name(*c, wish->username)) {
        c->refuse(*refused);
        return;
    }
    const bool tries = !auth_type(*c).empty();
    if (const auto refused =
            tries ? c->server.limits->take(limited::registration, c->peer_address, c->now().mono)
                  : std::nullopt) {
        c->refuse(*refused);
        return;
    }
    if (!is_authorized(*c)) {
        return;
    }
    if (wish->password.empty()) {
        c->refuse(fail(errc::missing_param, "The key \"password\" is missing or empty."));
        return;
    }
    c->server.accounts.register_account(
        std::move(wish->username), std::move(wish->password), std::move(wish->device),
        wish->inhibit_login, [c](outcome<homeserver::login_result> r) {
            if (!r) {
                c->refuse(r.error());
                return;
            }
            json::object answer{{"user_id", r->user_id},
                                {"home_server", c->server.services.config.server_name}};
            if (!r->access_token.empty()) {
                add_tokens(answer, *r);
                answer["device_id"] = r->device_id;
            }
            c->reply(std::move(answer));
        });
}

void register_available(call_ptr c) {
    const auto* username = c->parameter("username");
    if (username == nullptr) {
        c->refuse(fail(errc::missing_param, "The parameter username is missing."));
    } else if (const auto refused = check_open(*c)) {
        c->refuse(*refused);
    } else if (const auto taken = check_name(*c, *username)) {
        c->refuse(*taken);
    } else {
        c->reply({{"available", true}});
    }
}

}  // namespace porchlight::client_api
