#include <algorithm>

#include "client_api/presence/list_request.h"
#include "client_api/presence/presence.h"
#include "client_api/rate_limits.h"
#include "client_api/sync/presence_json.h"
#include "homeserver/lists.h"

namespace porchlight::client_api {

namespace {

// Serves both readers of the old specification: the event's content, and its keys beside it.
json::object seen_item(std::string_view id, const presence::view& v, const engine::profile& p,
                       base::wall_time now) {
    const auto name = presence_name(v.shown, v.hidden);
    json::object content{{"user_id", id}, {"presence", name}};
    json::object item{{"type", "m.presence"}, {"user_id", id}, {"presence", name}};
    if (v.last_active) {
        const auto ago = std::max<std::int64_t>(0, (now - *v.last_active).count());
        content["last_active_ago"] = item["last_active_ago"] = ago;
    }
    if (!v.text.empty()) {
        content["status_msg"] = item["status_msg"] = v.text;
    }
    if (!p.displayname.empty()) {
        content["displayname"] = p.displayname;
    }
    if (!p.avatar_url.empty()) {
        content["avatar_url"] = p.avatar_url;
    }
    content["currently_active"] = v.currently_active;
    item["content"] = std::move(content);
    item["accepted"] = true;
    return item;
}

// Whatever the reason: not answered, denied, revoked, hidden from all, nobody.
json::object unseen_item(std::string_view id) {
    return {{"type", "m.presence"},
            {"user_id", id},
            {"presence", "offline"},
            {"content", json::object{{"user_id", id}, {"presence", "offline"}}},
            {"accepted", false}};
}

}  // namespace

void presence_list(call_ptr c) {
    if (const auto refused = not_oneself(*c)) {
        c->refuse(*refused);
        return;
    }
    const auto& server = c->server;
    const auto now = c->now();
    json::array items;
    for (const auto& e : server.lists.list_of(c->user().user)) {
        const auto id = server.accounts.user_id(e.subject);
        const auto seen =
            e.accepted ? server.services.engine.look(c->user().user, e.subject, now) : std::nullopt;
        items.push_back(seen ? seen_item(id, *seen, server.accounts.profile(e.subject), now.wall)
                             : unseen_item(id));
    }
    c->reply(std::move(items));
}

void change_presence_list(call_ptr c) {
    if (const auto refused = not_oneself(*c)) {
        c->refuse(*refused);
        return;
    }
    homeserver::lists::change wish;
    const auto read = read_id_lists(c->object(), {{"invite", wish.invite}, {"drop", wish.drop}});
    if (!read) {
        c->refuse(read.error());
        return;
    }
    // Taken before anything is known of whom it is for: the quota is of the owner's doings alone.
    const std::size_t invites = wish.invite.size();
    const std::string key = std::to_string(c->user().user.value);
    if (const auto refused = c->server.limits->take(limited::invite, key, c->now().mono, invites)) {
        c->refuse(*refused);
        return;
    }
    c->server.lists.change_list(c->user(), std::move(wish), [c, key, invites](outcome<void> r) {
        if (r) {
            c->reply_text("{}");
            return;
        }
        c->server.limits->give_back(limited::invite, key, invites);
        c->refuse(r.error());
    });
}

}  // namespace porchlight::client_api
