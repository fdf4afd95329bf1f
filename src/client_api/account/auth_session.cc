#include "client_api/account/auth_session.h"

#include <charconv>

#include "base/limits.h"
#include "client_api/account/login_request.h"
#include "client_api/rate_limits.h"

namespace porchlight::client_api {

std::string make_auth_session(ports::random& random, base::wall_time now) {
    const auto end = now + base::milliseconds{base::limits::auth_session_lifetime};
    return std::to_string(base::unix_ms(end)) + '.' + ports::random_text(random, 16);
}

bool is_auth_session(std::string_view session, base::wall_time now) {
    if (session.empty()) {
        return true;
    }
    std::int64_t end = 0;
    const char* last = session.data() + session.size();
    const auto [stop, error] = std::from_chars(session.data(), last, end);
    return error == std::errc{} && stop != last && *stop == '.' && end > base::unix_ms(now);
}

std::string auth_type(const call& c) {
    const auto* auth = c.object().if_contains("auth");
    if (auth == nullptr || !auth->is_object()) {
        return {};
    }
    const auto type = matrix::optional_string(auth->get_object(), "type");
    const auto session = matrix::optional_string(auth->get_object(), "session");
    if (!type || !*type || !session ||
        !is_auth_session(session->value_or(std::string{}), c.now().wall)) {
        return {};
    }
    return **type;
}

void ask_for_auth(call& c, std::string_view stage, const failure* f) {
    json::object answer{
        {"session", make_auth_session(c.server.services.random, c.now().wall)},
        {"flows", json::array{json::object{{"stages", json::array{stage}}}}},
        {"params", json::object{}},
        {"completed", json::array{}},
    };
    if (f != nullptr) {
        const auto& entry = matrix::describe(f->code);
        answer["errcode"] = entry.errcode;
        answer["error"] = f->message.empty() ? entry.sentence : std::string_view{f->message};
    }
    c.reply(std::move(answer), 401);
}

void with_password(call_ptr c, base::unique_function<void(call_ptr)> then) {
    static constexpr std::string_view stage = "m.login.password";
    if (auth_type(*c) != stage) {
        ask_for_auth(*c, stage);
        return;
    }
    const auto& auth = c->object().at("auth").get_object();
    auto password = matrix::required_string(auth, "password");
    const auto user = login_user(auth);
    if (!password || !user) {
        c->refuse(password ? user.error() : password.error());
        return;
    }
    auto& accounts = c->server.accounts;
    const bool own = *user == accounts.user_id(c->user().user) ||
                     accounts.make_user_id(*user) == accounts.user_id(c->user().user);
    // Whose password is tried is the caller's, whatever name is given with it.
    const std::string self{accounts.user_id(c->user().user)};
    if (const auto refused = take_login_attempt(*c, self)) {
        c->refuse(*refused);
        return;
    }
    accounts.check_password(own ? c->user().user : homeserver::user_key{}, std::move(*password),
                            [c, self, then = std::move(then)](outcome<bool> right) mutable {
                                if (!right) {
                                    c->refuse(right.error());
                                } else if (!*right) {
                                    const failure wrong =
                                        fail(errc::forbidden, "The password is wrong.");
                                    ask_for_auth(*c, stage, &wrong);
                                } else {
                                    give_login_attempt_back(*c, self);
                                    then(std::move(c));
                                }
                            });
}

}  // namespace porchlight::client_api
