#include "client_api/profile/profile.h"

#include "homeserver/remote_profiles.h"
#include "matrix/identifier.h"

namespace porchlight::client_api {

namespace {

void add(json::object& o, std::string_view key, std::string_view value) {
    if (!value.empty()) {
        o.emplace(key, value);
    }
}

bool is_elsewhere(const call& c, std::string_view user_id) {
    const auto id = matrix::parse_user_id(user_id);
    return id && id->server != c.server.services.config.server_name &&
           c.server.remote_profiles != nullptr;
}

// Answers with the profile that was asked for, of a user here or of another server.
void with_profile(call_ptr c, void (*answer)(call&, std::string_view displayname,
                                             std::string_view avatar_url)) {
    if (c->server.services.config.profile_needs_token && !c->who) {
        c->refuse(fail(errc::missing_token));
        return;
    }
    // Other servers are asked for those who belong here alone: nobody else makes this server ask.
    if (is_elsewhere(*c, c->params[0]) && c->who) {
        c->server.remote_profiles->find(c->params[0],
                                        [c, answer](outcome<homeserver::remote_profile> found) {
                                            if (!found) {
                                                c->refuse(found.error());
                                                return;
                                            }
                                            answer(*c, found->displayname, found->avatar_url);
                                        });
        return;
    }
    const auto u = c->server.accounts.find(c->params[0]);
    if (!u || c->server.accounts.is_deactivated(*u)) {
        c->refuse(fail(errc::not_found, "There is no profile of this user here."));
        return;
    }
    const engine::profile p = c->server.accounts.profile(*u);
    answer(*c, p.displayname, p.avatar_url);
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
    with_profile(c, [](call& who, std::string_view displayname, std::string_view avatar_url) {
        json::object answer;
        add(answer, "displayname", displayname);
        add(answer, "avatar_url", avatar_url);
        who.reply(std::move(answer));
    });
}

void profile_displayname(call_ptr c) {
    with_profile(c, [](call& who, std::string_view displayname, std::string_view) {
        json::object answer;
        add(answer, "displayname", displayname);
        who.reply(std::move(answer));
    });
}

void profile_avatar_url(call_ptr c) {
    with_profile(c, [](call& who, std::string_view, std::string_view avatar_url) {
        json::object answer;
        add(answer, "avatar_url", avatar_url);
        who.reply(std::move(answer));
    });
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
