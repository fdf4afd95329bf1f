#include "client_api/presence/presence.h"

#include <algorithm>

#include "base/limits.h"
#include "client_api/presence/put_request.h"
#include "client_api/rate_limits.h"
#include "client_api/sync/presence_json.h"
#include "homeserver/name_keys.h"
#include "homeserver/statuses.h"
#include "matrix/identifier.h"

namespace porchlight::client_api {

namespace {

json::object status_json(const presence::view& v, base::wall_time now) {
    json::object o{{"presence", presence_name(v.shown, v.hidden)}};
    if (v.last_active) {
        o["last_active_ago"] = std::max<std::int64_t>(0, (now - *v.last_active).count());
    }
    if (!v.text.empty()) {
        o["status_msg"] = v.text;
    }
    o["currently_active"] = v.currently_active;
    return o;
}

// Unknown and deactivated users and those the caller may not see are the same to the caller, in
// what is done for them too: whoever it is, the clock is read and the engine asked once.
std::optional<presence::view> look(const call& c, std::string_view user_id) {
    const auto id = matrix::parse_user_id(user_id);
    const bool elsewhere = id && id->server != c.server.services.config.server_name;
    const auto known =
        elsewhere ? c.server.accounts.names().find(user_id) : c.server.accounts.find(user_id);
    const auto subject = known.value_or(base::user_key{});
    auto seen = c.server.services.engine.look(c.user().user, subject, c.now());
    if (known && c.server.accounts.is_deactivated(*known)) {
        seen.reset();
    }
    return seen;
}

}  // namespace

void presence_status(call_ptr c) {
    if (const auto seen = look(*c, c->params[0])) {
        c->reply(status_json(*seen, c->now().wall));
    } else {
        c->refuse(fail(errc::not_found));
    }
}

void set_presence_status(call_ptr c) {
    if (c->server.accounts.user_id(c->user().user) != c->params[0]) {
        c->refuse(fail(errc::forbidden, "Presence can only be set by its user."));
        return;
    }
    auto request = read_put_request(c->object(), c->server.config.busy_enabled);
    if (!request) {
        c->refuse(request.error());
        return;
    }
    if (const auto refused = c->server.limits->take(
            limited::presence, std::to_string(c->user().user.value), c->now().mono)) {
        c->refuse(*refused);
        return;
    }
    c->server.statuses.put(c->user(), std::move(*request), answer_empty(c));
}

void query_presence(call_ptr c) {
    const auto* ids = c->object().if_contains("user_ids");
    if (ids == nullptr || !ids->is_array()) {
        c->refuse(fail(errc::bad_json, "The key \"user_ids\" must be an array of user ids."));
        return;
    }
    if (ids->get_array().size() > base::limits::presence_query_ids_max) {
        c->refuse(fail(errc::invalid_param,
                       "At most " + std::to_string(base::limits::presence_query_ids_max) +
                           " users can be asked for at once."));
        return;
    }
    json::object answer;
    for (const auto& id : ids->get_array()) {
        if (!id.is_string()) {
            c->refuse(fail(errc::bad_json, "The key \"user_ids\" must be an array of user ids."));
            return;
        }
        const auto& text = id.get_string();
        if (const auto seen = look(*c, {text.data(), text.size()})) {
            answer[text] = status_json(*seen, c->now().wall);
        }
    }
    c->reply(std::move(answer));
}

}  // namespace porchlight::client_api
