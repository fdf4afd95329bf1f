#include "scenarios/pure_harness.h"

#include <algorithm>
#include <array>
#include <utility>

namespace porchlight::scenarios {

namespace {

using presence::state;

constexpr base::milliseconds poll_timeout = std::chrono::seconds{25};
constexpr std::array words{"offline", "unavailable", "online", "free_for_chat", "busy"};

state state_of(const std::string& word) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (word == words.at(i)) {
            return static_cast<state>(i);
        }
    }
    throw scenario_error("\"" + word + "\" can't be asked here");
}

presence::rooms_policy policy_of(const std::string& word) {
    return word == "all"          ? presence::rooms_policy::all
           : word == "not_public" ? presence::rooms_policy::not_public
                                  : presence::rooms_policy::none;
}

presence::stream_request request_of(const std::optional<std::string>& as) {
    if (!as) {
        return {};
    }
    const state s = state_of(*as);
    return {.marks = s != state::offline,
            .asked = s == state::offline ? std::nullopt : std::optional{s}};
}

bool same_but_activity(presence::view a, const presence::view& b) {
    a.last_active = b.last_active;
    return a == b;
}

}  // namespace

void pure_harness::begin(const setup& s) {
    settings_ = {
        .idle_timeout = s.idle_timeout, .offline_grace = s.grace, .active_window = s.active_window};
    rules_.rooms = policy_of(s.rooms_policy);
    rules_.members_max = s.room_members_max;
    for (const std::string& user : s.users) {
        people_.try_emplace(user, settings_);
    }
    for (const room& r : s.rooms) {
        rooms_[r.name] = {.members = {r.members.begin(), r.members.end()},
                          .is_public = r.is_public};
    }
    look_around();
}

void pure_harness::advance_to(milliseconds t) {
    const base::mono_time end = begin_.mono + t;
    while (true) {
        base::mono_time next = end;
        for (auto& [name, p] : people_) {
            next = std::min(next, p.core.next_deadline().value_or(end));
            for (auto& [id, d] : p.devices) {
                next = d.open ? std::min(next, d.polls_next) : next;
            }
        }
        next = std::max(next, now_.mono);
        now_.wall += next - now_.mono;
        now_.mono = next;
        bool due = false;
        for (auto& [name, p] : people_) {
            if (const auto deadline = p.core.next_deadline(); deadline && *deadline <= next) {
                p.core.settle(now_);
                due = true;
            }
            for (auto& [id, d] : p.devices) {
                if (d.open && d.polls_next <= next) {
                    close_stream(p, d);
                    open_stream(p, d);
                    due = true;
                }
            }
        }
        look_around();
        if (next == end && !due) {
            return;
        }
    }
}

void pure_harness::sync(const step::syncs& s) {
    person& p = find(s.who.user);
    device& d = find(s.who);
    const bool first = !d.has_synced;
    if (p.first_device.empty()) {
        p.first_device = s.who.device;
    }
    const bool was_open = d.open;
    const presence::stream_request asked = d.asks;
    d.asks = request_of(s.as);
    p.core.stream_opened(d.key, d.asks, now_);
    if (was_open) {
        p.core.stream_closed(d.key, asked.marks, now_);
    }
    tell_all();  // an answer holds the changes its own request made
    lists_.synced(s.who);
    d.has_synced = true;
    d.open = true;
    d.polls_next = now_.mono + poll_timeout;
    if (first) {
        first_sync(s.who.user, d);
    }
    for (const auto& [subject, v] : std::exchange(d.pending, {})) {
        tell(d, subject, v);
    }
    look_around();
}

void pure_harness::poll(const step::polls& s) {
    person& p = find(s.who.user);
    device& d = find(s.who);
    if (d.open) {
        throw scenario_error(s.who.user + " syncs with that device already");
    }
    sync({s.who, s.as});
    close_stream(p, d);
    look_around();
}

void pure_harness::stop_syncing(const step::stops_syncing& s) {
    device& d = find(s.who);
    if (!d.open) {
        throw scenario_error(s.who.user + " does not sync");
    }
    close_stream(find(s.who.user), d);
    look_around();
}

void pure_harness::put(const step::puts& s) {
    presence::put_request r;
    r.hide = s.state == "hidden";
    if (!r.hide) {
        r.asked = state_of(s.state);
    }
    r.unhide = s.unhide;
    r.text = s.text;
    if (s.expires_in) {
        r.text_expires = now_.wall + *s.expires_in;
    }
    find(s.who.user).core.put(key_of(s.who), r, now_);
    look_around();
}

void pure_harness::deed(const step::does& s) {
    find(s.who.user).core.active(key_of(s.who), now_);
    look_around();
}

void pure_harness::log_in(const step::logs_in& s) {
    lists_.logged_in(s.who);
    find(s.who.user).core.active(key_of(s.who), now_);
    look_around();
}

void pure_harness::log_out(const step::logs_out& s) {
    person& p = find(s.who.user);
    p.core.device_removed(key_of(s.who), now_);
    p.devices.erase(s.who.device);
    look_around();
}

void pure_harness::deactivate(const step::is_deactivated& s) {
    person& p = find(s.user);
    p.core.deactivated(now_);
    p.devices.clear();
    for (const auto& [name, r] : std::map(rooms_)) {
        part(s.user, name);
    }
    lists_.deactivated(s.user);
    look_around();
}

void pure_harness::join(const step::joins& s) {
    hall& r = find_room(s.room);
    r.members.insert(s.who.user);
    r.size_allows =
        presence::size_allows(rules_, static_cast<std::uint32_t>(r.members.size()), r.size_allows);
    find(s.who.user).core.active(key_of(s.who), now_);
    look_around();
}

void pure_harness::leave(const step::leaves& s) {
    find(s.who.user).core.active(key_of(s.who), now_);
    part(s.who.user, s.room);
    look_around();
}

void pure_harness::kick(const step::kicks& s) {
    find(s.who.user).core.active(key_of(s.who), now_);
    part(s.user, s.room);
    look_around();
}

void pure_harness::make_room(const step::makes_room& s) {
    find(s.who.user).core.active(key_of(s.who), now_);
    find_room(s.room).is_public = s.is_public;
    look_around();
}

void pure_harness::restart(const step::server_restarts&) {
    for (auto& [name, p] : people_) {
        const state before = p.core.aggregate();
        p.core = presence::user(settings_, presence::saved_state(p.core.saved()));
        p.core.restored(before, now_);
    }
    look_around();
    for (auto& [name, p] : people_) {
        for (auto& [id, d] : p.devices) {
            if (d.open) {
                open_stream(p, d);
            }
        }
    }
    look_around();
}

void pure_harness::change_settings(const step::settings_change& s) {
    if (s.rooms_policy) {
        rules_.rooms = policy_of(*s.rooms_policy);
    }
    enabled_ = s.presence.value_or(enabled_);
    look_around();
}

void pure_harness::change_lists(const step::changes_lists& s) {
    find(s.who.user);
    lists_.change(s, now_.wall);
    std::erase_if(frozen_, [&](const auto& f) { return !lists_.blocked().contains(f.first); });
    for (const list_book::pair& p : lists_.blocked()) {
        const presence::view v = find(p.second).core.seen_by_others(now_);
        frozen_.try_emplace(p, presence::view{.last_active = v.last_active, .text = v.text});
    }
    look_around();
}

void pure_harness::set_policy(const step::sets_policy& s) {
    find(s.who.user);
    lists_.set_policy(s);
    look_around();
}

std::optional<seen> pure_harness::look(const std::string& observer, const std::string& subject) {
    find(observer);
    if (!people_.contains(subject) || !may_see(observer, subject)) {
        return std::nullopt;
    }
    return words_of(view_of(observer, subject));
}

std::optional<seen> pure_harness::last_heard(const actor& observer, const std::string& subject) {
    const device& d = synced(observer);
    const auto at = d.heard.find(subject);
    return at == d.heard.end() ? std::nullopt : std::optional{words_of(at->second)};
}

std::size_t pure_harness::take_events(const actor& observer,
                                      const std::optional<std::string>& subject) {
    std::size_t count = 0;
    for (auto& [of, n] : synced(observer).news) {
        if (subject ? of == *subject : of != observer.user) {
            count += std::exchange(n, 0);
        }
    }
    return count;
}

std::optional<listed> pure_harness::look_in_list(const std::string& owner,
                                                 const std::string& subject) {
    const std::optional<bool> accepted = lists_.entry(owner, subject);
    if (!accepted) {
        return std::nullopt;
    }
    return *accepted ? listed{true, look(owner, subject).value()}
                     : listed{false, {.state = "offline"}};
}

bool pure_harness::has_answer(const std::string& who, const std::string& whom, step::answer what) {
    return lists_.has_answer(who, whom, what);
}

std::size_t pure_harness::take_notices(const actor& who, step::notice what, const std::string& by) {
    if (synced(who).open) {
        lists_.synced(named(who));
    }
    return lists_.take_notices(named(who), what, by);
}

seen pure_harness::words_of(const presence::view& v) const {
    seen s{.state = v.hidden ? "hidden" : words.at(static_cast<std::size_t>(v.shown)),
           .text = v.text,
           .currently_active = v.currently_active,
           .active_ago = std::nullopt};
    if (v.last_active) {
        s.active_ago = now_.wall - *v.last_active;
    }
    return s;
}

// Oneself, and who is not offline or has a text.
void pure_harness::first_sync(const std::string& user, device& d) const {
    for (const auto& [subject, p] : people_) {
        if (may_see(user, subject)) {
            const presence::view v = view_of(user, subject);
            if (subject == user || v.shown != state::offline || !v.text.empty()) {
                d.heard[subject] = v;
            }
        }
    }
}

void pure_harness::tell(device& d, const std::string& subject, const presence::view& v) {
    ++d.news[subject];
    d.heard[subject] = v;
}

pure_harness::device& pure_harness::synced(const actor& a) {
    device& d = find(a);
    if (!d.has_synced) {
        throw scenario_error(a.user + " never synced with that device");
    }
    return d;
}

pure_harness::person& pure_harness::find(const std::string& user) {
    const auto at = people_.find(user);
    if (at == people_.end()) {
        throw scenario_error("nobody is called " + user + ": say \"given " + user + " exists\"");
    }
    return at->second;
}

pure_harness::hall& pure_harness::find_room(const std::string& room) {
    const auto at = rooms_.find(room);
    if (at == rooms_.end()) {
        throw scenario_error("no room is called " + room);
    }
    return at->second;
}

actor pure_harness::named(const actor& a) {
    return a.device.empty() ? actor{a.user, find(a.user).first_device} : a;
}

pure_harness::device& pure_harness::find(const actor& a) {
    person& p = find(a.user);
    device& d = p.devices[named(a).device];
    if (!d.key.valid()) {
        d.key = base::device_key{keys_++};
    }
    return d;
}

presence::sight pure_harness::sight(const std::string& observer, const std::string& subject) const {
    presence::reasons why{.self = observer == subject,
                          .accepted = lists_.is_accepted(observer, subject),
                          .blocked = lists_.blocked().contains({observer, subject})};
    for (const auto& [name, r] : rooms_) {
        why.room |=
            r.members.contains(observer) && r.members.contains(subject) &&
            presence::room_counts(rules_, {.is_public = r.is_public, .size_allows = r.size_allows});
    }
    return sight_of(why, lists_.visibility(subject));
}

presence::view pure_harness::view_of(const std::string& observer,
                                     const std::string& subject) const {
    if (sight(observer, subject) == presence::sight::frozen) {
        return frozen_.at({observer, subject});
    }
    const presence::user& core = people_.at(subject).core;
    if (!enabled_) {
        return {.last_active = core.seen_by_others(now_).last_active};
    }
    return observer == subject ? core.seen_by_self(now_) : core.seen_by_others(now_);
}

void pure_harness::open_stream(person& p, device& d) {
    d.open = true;
    d.polls_next = now_.mono + poll_timeout;
    p.core.stream_opened(d.key, d.asks, now_);
}

void pure_harness::close_stream(person& p, device& d) {
    d.open = false;
    p.core.stream_closed(d.key, d.asks.marks, now_);
}

void pure_harness::part(const std::string& user, const std::string& room) {
    hall& r = find_room(room);
    r.members.erase(user);
    r.size_allows =
        presence::size_allows(rules_, static_cast<std::uint32_t>(r.members.size()), r.size_allows);
}

void pure_harness::look_around() {
    for (int rounds = 0; tell_all(); ++rounds) {
        if (rounds == 10) {
            throw scenario_error("polling wakes itself without end");
        }
    }
}

// Who is lost from sight is offline, without a text, and active as was shown at last.
presence::view pure_harness::last_view(const std::string& observer,
                                       const std::string& subject) const {
    const auto frozen = frozen_.find({observer, subject});
    return {.last_active = frozen != frozen_.end()
                               ? frozen->second.last_active
                               : people_.at(subject).core.seen_by_others(now_).last_active};
}

// True when somebody was told something and polled again.
bool pure_harness::tell_all() {
    std::set<std::pair<person*, device*>> woken;
    for (auto& [observer, o] : people_) {
        for (auto& [subject, s] : people_) {
            const auto told = o.last_told.find(subject);
            std::optional<presence::view> now;
            if (may_see(observer, subject)) {
                now = view_of(observer, subject);
            }
            if (now ? told != o.last_told.end() && same_but_activity(told->second, *now)
                    : told == o.last_told.end()) {
                continue;
            }
            if (now) {
                o.last_told[subject] = *now;
            } else {
                o.last_told.erase(told);
            }
            const presence::view event = now ? *now : last_view(observer, subject);
            for (auto& [id, d] : o.devices) {
                if (d.open) {
                    tell(d, subject, event);
                    woken.insert({&o, &d});
                } else if (d.has_synced) {
                    d.pending[subject] = event;
                }
            }
        }
    }
    for (const auto& [p, d] : woken) {
        close_stream(*p, *d);
        open_stream(*p, *d);
    }
    return !woken.empty();
}

}  // namespace porchlight::scenarios
