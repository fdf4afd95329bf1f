#include "client_api/profile/profile.h"

namespace porchlight::client_api {

namespace {

// The profile a reader asked for; none: answered.
std::optional<engine::profile> asked_profile(call& c) {
    if (c.server.services.config.profile_needs_token && !c.who) {
        c.refuse(fail(errc::missing_token));
        return std::nullopt;
    }
    const auto u = c.server.accounts.find(c.params[0]);
    if (!u || c.server.accounts.is_deactivated(*u)) {
        c.refuse(fail(errc::not_found, "There is no profile of this user here."));
        return std::nullopt;
    }
    return c.server.accounts.profile(*u);
}

void add(json::object& o, std::string_view key, std::string_view value) {
    if (!value.empty()) {
        o.emplace(key, value);
    }
}

// The new value of a profile key; null clears it. None: answered.
std::optional<std::string> asked_change(call& c, std::string_view key) {
    if (c.server.accounts.user_id(c.user().user) != c.params[0]) {
        c.refuse(fail(errc::forbidden, "A profile can only be changed by its user."));
        return std::nullopt;
    }
    if (const auto* v = c.object().if_contains(key); v != nullptr && v->is_null()) {
        return std::string{};
    }
    auto text = matrix::required_string(c.object(), key);
    if (!text) {
        c.refuse(text.error());
        return std::nullopt;
    }
    return std::move(*text);
}

}  // namespace

void profile(call_ptr c) {
    if (const auto p = asked_profile(*c)) {
        json::object answer;
        add(answer, "displayname", p->displayname);
        add(answer, "avatar_url", p->avatar_url);
        c->reply(std::move(answer));
    }
}

void profile_displayname(call_ptr c) {
    if (const auto p = asked_profile(*c)) {
        json::object answer;
        add(answer, "displayname", p->displayname);
        c->reply(std::move(answer));
    }
}

void profile_avatar_url(call_ptr c) {
    if (const auto p = asked_profile(*c)) {
        json::object answer;
        add(answer, "avatar_url", p->avatar_url);
        c->reply(std::move(answer));
    }
}

void set_displayname(call_ptr c) {
    if (auto text = asked_change(*c, "displayname")) {
        c->server.accounts.set_profile(c->user().user, std::move(*text), std::nullopt,
                                       answer_empty(c));
    }
}

void set_avatar_url(call_ptr c) {
    if (auto text = asked_change(*c, "avatar_url")) {
        c->server.accounts.set_profile(c->user().user, std::nullopt, std::move(*text),
                                       answer_empty(c));
    }
}

}  // namespace porchlight::client_api
