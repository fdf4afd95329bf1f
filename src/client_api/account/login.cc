#include "client_api/account/account.h"
#include "client_api/account/login_request.h"
#include "client_api/rate_limits.h"

namespace porchlight::client_api {

outcome<std::string> login_user(const json::object& o) {
    const auto* identifier = o.if_contains("identifier");
    if (identifier == nullptr) {
        return matrix::required_string(o, "user");
    }
    if (!identifier->is_object()) {
        return fail(errc::bad_json, "The key \"identifier\" must be an object.");
    }
    const auto type = matrix::required_string(identifier->get_object(), "type");
    if (!type) {
        return type.error();
    }
    if (*type != "m.id.user") {
        return fail(errc::invalid_param, "The only identifier type here is m.id.user.");
    }
    return matrix::required_string(identifier->get_object(), "user");
}

void login_flows(call_ptr c) {
    c->reply({{"flows", json::array{json::object{{"type", "m.login.password"}}}}});
}

namespace {

struct login_wish {
    std::string user, password;
    homeserver::device_wish device;
};

outcome<login_wish> read_login(const json::object& o) {
    const auto type = matrix::required_string(o, "type");
    if (!type) {
        return type.error();
    }
    if (*type != "m.login.password") {
        return fail(errc::invalid_param, "The only login type here is m.login.password.");
    }
    auto user = login_user(o);
    if (!user) {
        return user.error();
    }
    auto password = matrix::required_string(o, "password");
    if (!password) {
        return password.error();
    }
    auto device_id = matrix::optional_string(o, "device_id");
    auto name = matrix::optional_string(o, "initial_device_display_name");
    if (!device_id || !name) {
        return device_id ? name.error() : device_id.error();
    }
    const auto refreshes = matrix::optional_bool(o, "refresh_token");
    if (!refreshes) {
        return refreshes.error();
    }
    return login_wish{std::move(*user),
                      std::move(*password),
                      {device_id->value_or(std::string{}), name->value_or(std::string{}),
                       refreshes->value_or(false)}};
}

// Failed attempts count for the address and for the account that is tried, whether it exists or
// not.
std::string account_tried(const call& c, const std::string& user) {
    return user.starts_with('@') ? user : c.server.accounts.make_user_id(user);
}

}  // namespace

void add_tokens(json::object& answer, const homeserver::login_result& r) {
    answer["access_token"] = r.access_token;
    if (!r.refresh_token.empty()) {
        answer["refresh_token"] = r.refresh_token;
        answer["expires_in_ms"] = r.lifetime.count();
    }
}

void refresh(call_ptr c) {
    auto token = matrix::required_string(c->object(), "refresh_token");
    if (!token) {
        c->refuse(token.error());
        return;
    }
    c->server.accounts.refresh(std::move(*token), [c](outcome<homeserver::login_result> r) {
        if (!r) {
            c->refuse(r.error());
            return;
        }
        json::object answer;
        add_tokens(answer, *r);
        c->reply(std::move(answer));
    });
}

std::optional<failure> take_login_attempt(const call& c, const std::string& user) {
    auto& limits = *c.server.limits;
    const auto now = c.now().mono;
    if (auto refused = limits.take(limited::login, c.peer_address, now)) {
        return refused;
    }
    return limits.take(limited::account, account_tried(c, user), now);
}

void give_login_attempt_back(const call& c, const std::string& user) {
    c.server.limits->give_back(limited::login, c.peer_address);
    c.server.limits->give_back(limited::account, account_tried(c, user));
}

void login(call_ptr c) {
    auto wish = read_login(c->object());
    if (!wish) {
        c->refuse(wish.error());
        return;
    }
    if (const auto refused = take_login_attempt(*c, wish->user)) {
        c->refuse(*refused);
        return;
    }
    c->server.accounts.login(
        wish->user, std::move(wish->password), std::move(wish->device),
        [c, user = wish->user](outcome<homeserver::login_result> r) {
            if (!r) {
                c->refuse(r.error());
                return;
            }
            give_login_attempt_back(*c, user);
            json::object answer{{"user_id", r->user_id},
                                {"device_id", r->device_id},
                                {"home_server", c->server.services.config.server_name}};
            add_tokens(answer, *r);
            if (const auto& url = c->server.config.public_base_url; !url.empty()) {
                answer["well_known"] =
                    json::object{{"m.homeserver", json::object{{"base_url", url}}}};
            }
            c->reply(std::move(answer));
        });
}

void logout(call_ptr c) {
    c->server.accounts.logout(c->user(), answer_empty(c));
}

void logout_all(call_ptr c) {
    c->server.accounts.logout_all(c->user().user, answer_empty(c));
}

void whoami(call_ptr c) {
    c->reply({{"user_id", c->server.accounts.user_id(c->user().user)},
              {"device_id", c->server.accounts.device(c->user().device).device_id},
              {"is_guest", false}});
}

}  // namespace porchlight::client_api
