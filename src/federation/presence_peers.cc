#include "federation/presence_peers.h"

#include <algorithm>

#include "base/limits.h"
#include "base/metrics.h"
#include "homeserver/name_keys.h"
#include "matrix/identifier.h"

namespace porchlight::federation {

namespace limits = base::limits;
using base::mono_time;

namespace {

constexpr auto taken_name = "porchlight_federation_presence_items_total";
constexpr auto taken_help = "Pushes, polls and unpolls of other servers, by what became of them.";
base::metrics::counter taken{taken_name, taken_help, "outcome=\"taken\""};
base::metrics::counter dropped{taken_name, taken_help, "outcome=\"malformed\""};
base::metrics::counter unobserved{taken_name, taken_help, "outcome=\"unobserved\""};
base::metrics::counter gone_stale{"porchlight_federation_stale_total",
                                  "Users of other servers that were not heard of for too long."};

}  // namespace

presence_peers::presence_peers(homeserver::services& s, homeserver::accounts& a,
                               homeserver::lists& l, outbox& out, ports::directory& rooms)
    : s_(s), a_(a), l_(l), out_(out), rooms_(rooms) {
    out_.set_source(*this);
    l_.on_message([this](const ports::list_message_row& m) { out_.message(m); });
    l_.on_view([this](user_key observer, user_key subject, bool began) {
        view_changed(observer, subject, began);
    });
    rooms_.listen(*this);
}

std::string_view presence_peers::server_name_of(user_key u) const {
    return matrix::parse_user_id(a_.user_id(u))->server;
}

server_key presence_peers::server_of(user_key u) {
    return out_.key(server_name_of(u));
}

// --- start ---

void presence_peers::load(ports::store_reader& store) {
    l_.each_view([this](user_key observer, user_key subject) {
        if (a_.names().is_account(subject)) {
            observed_from(server_of(observer), observer, subject, true);
        } else if (const server_key k = server_of(subject); k.valid()) {
            const presence::view v = s_.engine.remote_view(subject).value_or(presence::view{});
            observed_[subject.value] = {.server = k, .shows = v.shown != presence::state::offline};
            observed_of_[k.value].insert(subject.value);
        }
    });
    store.list_messages([this](ports::list_message_row&& m) { out_.message(m); });
}

// Servers are not all asked at once.
void presence_peers::ready() {
    const mono_time now = s_.clock.now().mono;
    for (auto& [subject, r] : observed_) {
        const presence::view v =
            s_.engine.remote_view(user_key{subject}).value_or(presence::view{});
        r.shows = v.shown != presence::state::offline;
        r.refreshed = now;
        r.looked = now;
    }
    const auto spread = base::milliseconds{limits::federation_restart_spread}.count();
    for (std::uint32_t k = 0; k < out_.size(); ++k) {
        const base::milliseconds delay{static_cast<std::int64_t>(k * 0x9e37'79b9U >> 8) % spread};
        s_.decider.post_after(delay, [this, k] { catch_up(server_key{k}, true); });
    }
}

void presence_peers::reconsider() {
    for (std::uint32_t k = 0; k < out_.size(); ++k) {
        catch_up(server_key{k});
    }
    out_.reconsider();
}

// --- views begin and end ---

void presence_peers::view_changed(user_key observer, user_key subject, bool began) {
    if (a_.names().is_account(subject)) {
        observed_from(server_of(observer), observer, subject, began);
    } else {
        observes(subject, began);
    }
}

void presence_peers::observed_from(server_key k, user_key observer, user_key subject, bool began) {
    if (!k.valid()) {
        return;
    }
    auto& all = by_subject_[subject.value];
    const remote_observer o{k, observer};
    const auto at = std::ranges::lower_bound(all, o);
    const bool there = at != all.end() && *at == o;
    if (began) {
        if (!there) {
            all.insert(at, o);
        }
        subjects_of_[k.value].insert(subject.value);
        unpolled_.erase({k, subject});
        s_.engine.set_exported(subject, true);
        out_.push(k, subject);
        return;
    }
    if (there) {
        all.erase(at);
    }
    const auto is_there = [k](const remote_observer& x) { return x.server == k; };
    if (std::ranges::any_of(all, is_there)) {
        return;
    }
    subjects_of_[k.value].erase(subject.value);
    if (!rooms_.shares(out_.name(k), subject)) {
        out_.forget(k, subject);
    }
    if (all.empty()) {
        by_subject_.erase(subject.value);
        bool in_rooms = false;
        rooms_.servers_of(subject, [&](std::string_view) { in_rooms = true; });
        s_.engine.set_exported(subject, in_rooms);
    }
}

void presence_peers::observes(user_key subject, bool began) {
    const server_key k = server_of(subject);
    if (!k.valid()) {
        return;
    }
    const mono_time now = s_.clock.now().mono;
    if (began) {
        remote_subject& r = observed_.try_emplace(subject.value).first->second;
        r.server = k;
        r.refreshed = r.looked = now;
        r.asleep = false;
        observed_of_[k.value].insert(subject.value);
        out_.poll(k, std::string{a_.user_id(subject)});
    } else if (!s_.engine.has_observers(subject)) {
        observed_.erase(subject.value);
        observed_of_[k.value].erase(subject.value);
        out_.unpoll(k, std::string{a_.user_id(subject)});
        // Of whom nobody observes nothing is kept but when they were last active.
        const auto known = s_.engine.remote_view(subject);
        s_.engine.remote_presence(
            subject, {.last_active = known ? known->last_active : std::nullopt}, s_.clock.now());
    }
}

void presence_peers::met(std::string_view server, std::span<const user_key> users) {
    meet(out_.key(server),
         std::make_shared<const std::vector<user_key>>(users.begin(), users.end()), 0);
}

// A hall of many thousands is gone through in pieces. Who parted meanwhile is not pushed: that is
// seen when a push leaves.
void presence_peers::meet(server_key k, std::shared_ptr<const std::vector<user_key>> users,
                          std::size_t from) {
    const std::size_t end = std::min(users->size(), from + limits::met_per_turn);
    for (std::size_t i = from; i < end; ++i) {
        const user_key u = (*users)[i];
        s_.engine.set_exported(u, true);
        // Whoever is offline looks so to that server without being told.
        if (s_.engine.shown(u, s_.clock.now()).shown != presence::state::offline) {
            out_.push(k, u);
        }
    }
    if (end < users->size()) {
        s_.decider.post([this, k, users, end] { meet(k, users, end); });
    }
}

void presence_peers::parted(std::string_view server, user_key user) {
    const auto k = out_.find(server);
    if (k && !subjects_of_[k->value].contains(user.value)) {
        out_.forget(*k, user);
    }
}

// --- telling ---

template <class F>
void presence_peers::each_server_of(user_key subject, F&& f) {
    server_key last;
    if (const auto all = by_subject_.find(subject.value); all != by_subject_.end()) {
        for (const remote_observer& o : all->second) {
            if (o.server != last) {
                last = o.server;
                f(o.server);
            }
        }
    }
    rooms_.servers_of(subject, [&](std::string_view server) { f(out_.key(server)); });
}

void presence_peers::shown_changed(user_key subject) {
    if (changed_set_.insert(subject.value).second) {
        changed_.push_back(subject);
        if (changed_.size() == 1) {
            s_.decider.post([this] { tell_changed(); });
        }
    }
}

void presence_peers::tell_changed() {
    const auto all = std::exchange(changed_, {});
    changed_set_.clear();
    for (const user_key u : all) {
        tell(u);
    }
}

void presence_peers::tell(user_key subject) {
    each_server_of(subject, [&](server_key k) {
        if (!unpolled_.contains({k, subject})) {
            out_.push(k, subject);
        }
    });
}

// What a user of that server sees of the subject who sees most; none: nobody there may see it.
std::optional<presence::view> presence_peers::seen_from(server_key k, user_key subject) const {
    const presence::user_visibility allowed = s_.engine.visibility(subject);
    if (allowed == presence::user_visibility::nobody || a_.is_deactivated(subject)) {
        return std::nullopt;
    }
    std::optional<presence::view> frozen;
    if (const auto all = by_subject_.find(subject.value); all != by_subject_.end()) {
        const auto there = std::ranges::equal_range(all->second, k, {}, &remote_observer::server);
        for (const remote_observer& o : there) {
            auto blocked = s_.engine.shown_to_blocked(o.user, subject);
            if (!blocked) {
                return s_.engine.shown(subject, s_.clock.now());
            }
            frozen = std::move(blocked);
        }
    }
    const std::string_view name = out_.name(k);
    if (allowed != presence::user_visibility::everyone || !rooms_.shares(name, subject)) {
        return frozen;
    }
    // A push for a room can't be kept from one user there: who is blocked takes all along.
    for (const user_key u : l_.blocked_by(subject)) {
        if (server_name_of(u) == name) {
            frozen = s_.engine.shown_to_blocked(u, subject);
        }
    }
    return frozen ? frozen : s_.engine.shown(subject, s_.clock.now());
}

// Was somebody there accepted, or is there a room? Else nothing more is said, whatever waited.
bool presence_peers::concerns(server_key k, user_key subject) const {
    const auto all = by_subject_.find(subject.value);
    return (all != by_subject_.end() &&
            std::ranges::binary_search(all->second, k, {}, &remote_observer::server)) ||
           rooms_.shares(out_.name(k), subject);
}

std::optional<json::object> presence_peers::push_of(server_key to, user_key subject, told& t) {
    auto view = seen_from(to, subject);
    const bool is_end = !view;
    engine::profile profile = a_.profile(subject);
    if (!view) {
        if (t.parted || !concerns(to, subject)) {
            return std::nullopt;
        }
        // It ends once, with what the server knows already and no more.
        view.emplace();
        if (t.last_active_s != 0) {
            view->last_active = base::from_unix_ms(std::int64_t{t.last_active_s} * 1000);
        }
        profile.displayname = profile.avatar_url = {};
    } else if (view->last_active) {
        t.last_active_s = static_cast<std::uint32_t>(base::unix_ms(*view->last_active) / 1000);
    }
    t.parted = is_end;
    t.shows = view->shown != presence::state::offline;
    t.lowered = view->shown > presence::state::online && !out_.to_porchlight(to);
    return push_json({.user_id = a_.user_id(subject),
                      .displayname = profile.displayname,
                      .avatar_url = profile.avatar_url,
                      .view = *view,
                      .now = s_.clock.now().wall,
                      .to_porchlight = out_.to_porchlight(to)});
}

void presence_peers::recovered(server_key to) {
    catch_up(to);
}

// After a start or an outage: who is not offline is pushed, and who the server may believe not to
// be; who is observed there is polled.
void presence_peers::catch_up(server_key k, bool at_start) {
    const base::instant now = s_.clock.now();
    const auto push_if_shown = [&](user_key u) {
        const presence::view v = s_.engine.shown(u, now);
        // Who was active just before a kill may be offline now without a change to tell.
        const bool of_late =
            at_start && v.last_active && now.wall - *v.last_active < limits::remote_stale_after;
        const bool ended = !seen_from(k, u);  // it may not have been told so
        if (!unpolled_.contains({k, u}) &&
            (v.shown != presence::state::offline || of_late || ended)) {
            out_.push(k, u);
        }
    };
    if (const auto all = subjects_of_.find(k.value); all != subjects_of_.end()) {
        for (const std::uint32_t u : all->second) {
            push_if_shown(user_key{u});
        }
    }
    rooms_.users_of(out_.name(k), push_if_shown);
    for (const user_key u : out_.shown_to(k)) {
        out_.push(k, u);
    }
    if (const auto all = observed_of_.find(k.value); all != observed_of_.end()) {
        for (const std::uint32_t u : all->second) {
            if (!observed_[u].asleep) {
                out_.poll(k, std::string{a_.user_id(user_key{u})});
            }
        }
    }
}

// --- hearing ---

void presence_peers::take(std::string_view origin, const json::object& content) {
    const server_key from = out_.key(origin);
    const presence_edu e = read_presence(content, origin, s_.config.server_name);
    if (e.from_porchlight) {
        out_.is_porchlight(from);
    }
    dropped.add(e.dropped);
    for (const push& p : e.pushes) {
        (take_push(from, p) ? taken : unobserved).add();
    }
    taken.add(e.polls.size() + e.unpolls.size());
    if (from.valid() && !e.polls.empty()) {
        take_polls(from, e.polls);
    }
    if (from.valid()) {
        take_unpolls(from, e.unpolls);
    }
}

bool presence_peers::take_push(server_key from, const push& p) {
    const auto u = a_.names().find(p.user_id);
    if (!u || a_.names().is_account(*u) || !s_.engine.has_observers(*u)) {
        return false;
    }
    const base::instant now = s_.clock.now();
    s_.engine.remote_user(*u);
    presence::view v{.shown = p.shown, .currently_active = p.currently_active, .text = p.text};
    const auto before = s_.engine.remote_view(*u);
    v.last_active = before ? before->last_active : std::nullopt;
    if (p.active_ago) {
        v.last_active = now.wall - *p.active_ago;
    }
    const auto [row, is_new] = observed_.try_emplace(u->value);
    remote_subject& r = row->second;
    r.looked = is_new ? now.mono : r.looked;
    r.server = from;
    r.refreshed = now.mono;
    r.shows = p.shown != presence::state::offline;
    if (p.displayname || p.avatar_url) {
        const engine::profile old = a_.profile(*u);
        a_.set_remote_profile(*u, p.displayname.value_or(std::string{old.displayname}),
                              p.avatar_url.value_or(std::string{old.avatar_url}));
    }
    s_.engine.remote_presence(*u, v, now);
    return true;
}

// One answer, whoever is in it: who is unknown, who forbids it and who did not accept look alike.
void presence_peers::take_polls(server_key from, const std::vector<std::string>& ids) {
    std::vector<user_key> visible;
    for (const std::string& id : ids) {
        const auto u = a_.find(id);
        if (!u) {
            continue;
        }
        unpolled_.erase({from, *u});
        if (seen_from(from, *u) && std::ranges::find(visible, *u) == visible.end()) {
            visible.push_back(*u);
        }
    }
    out_.answer(from, std::move(visible));
}

void presence_peers::take_unpolls(server_key from, const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
        if (const auto u = a_.find(id); u && seen_from(from, *u)) {
            unpolled_.emplace(from, *u);
            out_.forget(from, *u);
        }
    }
}

// --- time ---

void presence_peers::tick() {
    const mono_time now = s_.clock.now().mono;
    out_.keep_alive(now);
    if (++ticks_ % 60 == 0) {
        end_stale(now);
        look_for_observers(now);
    }
}

void presence_peers::end_stale(mono_time now) {
    for (auto& [subject, r] : observed_) {
        if (r.shows && now - r.refreshed >= limits::remote_stale_after) {
            r.shows = false;
            gone_stale.add();
            presence::view v = s_.engine.remote_view(user_key{subject}).value_or(presence::view{});
            v.shown = presence::state::offline;
            v.currently_active = false;
            s_.engine.remote_presence(user_key{subject}, v, s_.clock.now());
        }
    }
}

std::size_t presence_peers::observers_of(user_key u) const {
    const auto all = by_subject_.find(u.value);
    return all == by_subject_.end() ? 0 : all->second.size();
}

bool presence_peers::is_looked_at(user_key subject) const {
    const auto observers = s_.engine.observers_of(subject);
    return std::ranges::any_of(observers, [this](user_key o) { return s_.engine.has_stream(o); });
}

// Whom nobody looked at for long is not asked for until somebody does again.
void presence_peers::look_for_observers(mono_time now) {
    const auto minute = static_cast<std::uint32_t>(ticks_ / 60 % 60);
    for (auto& [subject, r] : observed_) {
        const user_key u{subject};
        if (!r.asleep && subject % 60 != minute) {
            continue;  // each once an hour, but who is asleep
        }
        if (is_looked_at(u)) {
            r.looked = now;
            if (std::exchange(r.asleep, false)) {
                out_.poll(r.server, std::string{a_.user_id(u)});
            }
        } else if (!r.asleep && now - r.looked >= limits::observer_gone_after &&
                   observed_of_[r.server.value].contains(subject)) {
            r.asleep = true;
            out_.unpoll(r.server, std::string{a_.user_id(u)});
        }
    }
}

}  // namespace porchlight::federation
