#include <algorithm>
#include <memory>

#include "admin/request.h"
#include "base/limits.h"
#include "base/log.h"
#include "client_api/sync/presence_json.h"
#include "engine/explain.h"
#include "homeserver/name_keys.h"

namespace porchlight::admin {

namespace limits = base::limits;

namespace {

// A search that takes as many tasks as there are users.
struct search {
    request r;
    std::string prefix;
    std::size_t most;
    json::array found = {};
};

void go_on(const std::shared_ptr<search>& s, base::user_key from) {
    auto& accounts = s->r.server.accounts;
    // One more than is told shows whether there is more.
    const auto part = accounts.starting_with(s->prefix, from, limits::admin_users_per_task,
                                             s->most + 1 - s->found.size());
    for (const base::user_key u : part.users) {
        const engine::profile p = accounts.profile(u);
        json::object o{{"user_id", p.user_id}, {"deactivated", accounts.is_deactivated(u)}};
        if (!p.displayname.empty()) {
            o["displayname"] = p.displayname;
        }
        const presence::view v = s->r.server.services.engine.shown(u, s->r.now());
        o["presence"] = client_api::presence_name(v.shown, false);
        s->found.push_back(std::move(o));
    }
    if (part.next.valid() && s->found.size() <= s->most) {
        s->r.server.services.decider.post([s, next = part.next] { go_on(s, next); });
        return;
    }
    const bool limited = s->found.size() > s->most;
    if (limited) {
        s->found.pop_back();
    }
    s->r.answer(json::object{{"users", std::move(s->found)}, {"limited", limited}});
}

// Of an account; answers by itself when there is none.
std::optional<base::user_key> account(request& r) {
    const auto u = r.user(r.params[0]);
    if (!u) {
        r.answer(u.error());
        return std::nullopt;
    }
    if (!r.server.accounts.names().is_account(*u)) {
        r.answer(
            fail(errc::not_found,
                 r.params[0] + " is a user of another server: its devices are not known here."));
        return std::nullopt;
    }
    return *u;
}

}  // namespace

void find_users(request r) {
    const auto limit = r.number("limit", 20);
    if (!limit) {
        r.answer(limit.error());
        return;
    }
    std::string prefix{r.parameter("prefix")};
    if (!prefix.starts_with('@')) {
        prefix.insert(0, 1, '@');
    }
    if (prefix.size() > limits::id_bytes_max) {
        r.answer(fail(errc::invalid_param,
                      "The parameter prefix is too long; allowed: the beginning of a user id."));
        return;
    }
    const std::size_t most = std::clamp<std::size_t>(*limit, 1, limits::admin_page_max);
    go_on(std::make_shared<search>(std::move(r), std::move(prefix), most), base::user_key{0});
}

void devices(request r) {
    const auto u = account(r);
    if (!u) {
        return;
    }
    const engine::explanation x = r.server.services.engine.explain(*u, r.now());
    json::array all;
    for (const auto& d : r.server.accounts.devices(*u)) {
        json::object o{{"device_id", d.device_id}, {"created", base::unix_ms(d.created)}};
        if (!d.display_name.empty()) {
            o["display_name"] = d.display_name;
        }
        put_time(o, "last_seen", d.last_seen);
        const auto counts =
            std::ranges::find(x.devices, d.device, &engine::explanation::device::key);
        o["counts_as"] = client_api::presence_name(
            counts == x.devices.end() ? presence::state::offline : counts->counts_as, false);
        o["streams"] = counts == x.devices.end() ? 0 : counts->streams + counts->silent_streams;
        all.push_back(std::move(o));
    }
    r.answer(json::object{{"devices", std::move(all)}});
}

// As a logout of that device.
void end_device(request r) {
    const auto u = account(r);
    if (!u) {
        return;
    }
    auto& accounts = r.server.accounts;
    const auto all = accounts.devices(*u);
    const auto found = std::ranges::find(all, r.params[1], &homeserver::device_info::device_id);
    if (found == all.end()) {
        r.answer(fail(errc::not_found, r.params[0] + " has no device " + r.params[1] + "."));
        return;
    }
    base::log::info("admin", "a session is ended",
                    {{"user", r.params[0]}, {"device", r.params[1]}});
    accounts.end_devices(*u, {found->device},
                         [answer = std::move(r.answer)](outcome<void> done) mutable {
                             if (done) {
                                 answer(json::object{});
                             } else {
                                 answer(done.error());
                             }
                         });
}

}  // namespace porchlight::admin
