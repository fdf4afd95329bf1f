#include "client_api/presence/list_json.h"
#include "client_api/presence/list_request.h"
#include "client_api/presence/presence.h"
#include "homeserver/lists.h"

namespace porchlight::client_api {

void presence_invites(call_ptr c) {
    if (const auto refused = not_oneself(*c)) {
        c->refuse(*refused);
        return;
    }
    c->reply(overview_json(c->server.accounts, c->server.lists.overview_of(c->user().user)));
}

void answer_presence_invites(call_ptr c) {
    if (const auto refused = not_oneself(*c)) {
        c->refuse(*refused);
        return;
    }
    homeserver::lists::answer a;
    const auto read = read_id_lists(c->object(), {{"accept", a.accept},
                                                  {"deny", a.deny},
                                                  {"revoke", a.revoke},
                                                  {"block", a.block},
                                                  {"unblock", a.unblock}});
    if (!read) {
        c->refuse(read.error());
        return;
    }
    c->server.lists.answer_invites(c->user(), std::move(a), answer_empty(c));
}

void presence_policy(call_ptr c) {
    if (const auto refused = not_oneself(*c)) {
        c->refuse(*refused);
        return;
    }
    c->reply(policy_json(c->server.lists.policy_of(c->user().user)));
}

void set_presence_policy(call_ptr c) {
    if (const auto refused = not_oneself(*c)) {
        c->refuse(*refused);
        return;
    }
    std::optional<presence::user_visibility> visibility;
    std::optional<presence::auto_accept> auto_accept;
    for (const auto& member : c->object()) {
        const bool is_word = member.value().is_string();
        const std::string_view word =
            is_word ? std::string_view{member.value().get_string()} : std::string_view{};
        if (member.key() == "visibility") {
            visibility = visibility_of(word);
            if (!visibility) {
                c->refuse(fail(is_word ? errc::invalid_param : errc::bad_json,
                               "The key \"visibility\" must be one of everyone, lists_only, "
                               "nobody."));
                return;
            }
        } else if (member.key() == "auto_accept") {
            auto_accept = auto_accept_of(word);
            if (!auto_accept) {
                c->refuse(fail(is_word ? errc::invalid_param : errc::bad_json,
                               "The key \"auto_accept\" must be one of never, contacts, "
                               "same_server, everyone."));
                return;
            }
        } else {
            c->refuse(fail(errc::bad_json, "There is no key \"" + std::string{member.key()} +
                                               "\" here; allowed: visibility, auto_accept"));
            return;
        }
    }
    c->server.lists.set_policy(c->user(), visibility, auto_accept, answer_empty(c));
}

}  // namespace porchlight::client_api
