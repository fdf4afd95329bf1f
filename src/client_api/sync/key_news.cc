#include "client_api/sync/key_news.h"

#include "client_api/sync/answer.h"
#include "client_api/sync/sync_skeleton.h"
#include "homeserver/keys/device_keys.h"

namespace porchlight::client_api {

namespace {

void append_user_ids(std::string& out, const std::vector<std::string>& ids) {
    item_separator separator{out};
    for (const std::string& id : ids) {
        separator.next();
        matrix::append_json_string(out, id);
    }
}

}  // namespace

key_news find_key_news(const api& server, const caller& who, std::optional<std::uint64_t> after) {
    key_news news;
    news.own = server.device_keys.counts(who.device);
    if (!after) {
        return news;
    }
    news.own_changed = server.device_keys.counts_position(who.device) > *after;
    const auto found = server.device_keys.changes().since(who.user, *after);
    for (const auto& [users, ids] :
         {std::pair{&found.changed, &news.changed}, std::pair{&found.left, &news.left}}) {
        for (const base::user_key u : *users) {
            ids->emplace_back(server.accounts.user_id(u));
        }
    }
    return news;
}

bool has_key_news(const api& server, const caller& who, std::uint64_t after) {
    return server.device_keys.counts_position(who.device) > after ||
           server.device_keys.changes().has_news(who.user, after);
}

void append_key_news(std::string& out, const key_news& keys) {
    out.append(skeleton::device_lists);
    append_user_ids(out, keys.changed);
    out.append(skeleton::devices_left);
    append_user_ids(out, keys.left);
    out.append(skeleton::own_keys);
    out.append(keys.own ? std::string_view{*keys.own} : skeleton::no_keys);
}

}  // namespace porchlight::client_api
