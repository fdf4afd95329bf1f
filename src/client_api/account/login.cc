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
    return login_wish{std::move(*user),
                      std::move(*password),
                      {device_id->value_or(std::string{}), name->value_or(std::string{})}};
}

}  // namespace

void login(call_ptr c) {
    auto wish = read_login(c->object());
    if (!wish) {
        c->refuse(wish.error());
        return;
    }
    if (const auto refused =
            c->server.limits->take(limited::login, c->peer_address, c->now().mono)) {
        c->refuse(*refused);
        return;
    }
    c->server.accounts.login(
        std::move(wish->user), std::move(wish->password), std::move(wish->device),
        [c](outcome<homeserver::login_result> r) {
            if (!r) {
                c->refuse(r.error());
                return;
            }
            c->server.limits->give_back(limited::login, c->peer_address);
            json::object answer{{"user_id", r->user_id},
                                {"access_token", r->access_token},
                                {"device_id", r->device_id},
                                {"home_server", c->server.services.config.server_name}};
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
