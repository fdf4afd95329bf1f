#include "simulation/scenario_engine.h"

#include <algorithm>
#include <array>

namespace porchlight::scenarios {

namespace {

using base::device_key;
using base::room_key;
using base::user_key;
using presence::state;

constexpr milliseconds poll_timeout = std::chrono::seconds{25};
constexpr std::array words{"offline", "unavailable", "online", "free_for_chat", "busy"};

state state_of(const std::string& word) {
    const auto at = std::ranges::find(words, word);
    if (at == words.end()) {
        throw scenario_error("\"" + word + "\" can't be asked here");
    }
    return static_cast<state>(at - words.begin());
}

engine::rooms_policy policy_of(const std::string& word) {
    return word == "all"          ? engine::rooms_policy::all
           : word == "not_public" ? engine::rooms_policy::not_public
                                  : engine::rooms_policy::none;
}

}  // namespace

void engine_harness::begin(const setup& s) {
    settings_.presence = {
        .idle_timeout = s.idle_timeout, .offline_grace = s.grace, .active_window = s.active_window};
    settings_.rooms = policy_of(s.rooms_policy);
    settings_.room_members_max = s.room_members_max;
    settings_.restart_spread = milliseconds{0};
    for (const std::string& user : s.users) {
        users_[user] = user_key{static_cast<std::uint32_t>(names_.size())};
        names_.push_back(user);
    }
    for (const room& r : s.rooms) {
        hall& h = rooms_[r.name];
        h.key = room_key{static_cast<std::uint32_t>(rooms_.size() - 1)};
        h.is_public = r.is_public;
        for (const std::string& member : r.members) {
            h.members[user_of(member).value] = 1;
        }
    }
    start(true);
}

void engine_harness::start(bool clean) {
    const std::set<std::uint32_t> dirty = std::exchange(dirty_, {});
    engine::outside& out = *this;
    engine_ = std::make_unique<engine::engine>(settings_, out, ceiling_, clean, now_);
    for (const auto& [name, user] : users_) {
        engine_->user_added(user, now_);
    }
    for (const auto& [name, h] : rooms_) {
        engine_->load_room(h.key, h.is_public);
        for (const auto& [member, position] : h.members) {
            engine_->load_membership(h.key, user_key{member}, position);
        }
    }
    load_lists();
    for (const auto& [user, row] : statuses_) {
        engine_->load_status(row);
    }
    for (const auto& [user, row] : presences_) {
        engine_->load_presence(row, dirty.contains(user));
    }
    for (const std::uint32_t user : dirty) {
        if (!presences_.contains(user)) {
            ports::presence_row row;
            row.user = user_key{user};
            engine_->load_presence(row, true);
        }
    }
    for (const auto& [pair, row] : losses_) {
        engine_->load_loss(row);
    }
    engine_->ready(now_);
}

void engine_harness::load_lists() {
    for (const auto& [p, position] : acceptances_) {
        engine_->load_acceptance(user_of(p.first), user_of(p.second), position);
    }
    for (const auto& [user, v] : visibilities_) {
        engine_->load_visibility(user_of(user), v.now, v.position, v.before);
    }
    for (const auto& [p, b] : blocks_) {
        engine_->load_block(user_of(p.second), user_of(p.first), b.shows, b.position);
    }
}

void engine_harness::advance_to(milliseconds t) {
    const base::mono_time end = begin_.mono + t;
    settle();
    while (now_.mono < end) {
        const auto due = engine_->next_turn();
        const base::mono_time to = due && *due < end ? std::max(*due, now_.mono) : end;
        now_.wall += to - now_.mono;
        now_.mono = to;
        settle();
    }
}

void engine_harness::settle() {
    for (int rounds = 0;; ++rounds) {
        engine_->turn(now_);
        if (!impossible_.empty()) {
            throw scenario_error(impossible_);
        }
        for (client* c : std::exchange(answered_, {})) {
            if (c->syncing && c->parked == 0) {
                open(*c, poll_timeout);
            }
        }
        const auto due = engine_->next_turn();
        if (!due || *due > now_.mono) {
            return;
        }
        if (rounds == 100) {
            throw scenario_error("polling wakes itself without end");
        }
    }
}

void engine_harness::open(client& c, milliseconds timeout) {
    const auto slot =
        static_cast<std::uint32_t>(std::ranges::find(by_slot_, &c) - by_slot_.begin());
    c.parked = ++generation_;
    engine::poll p;
    p.handle = {.thread = 0, .slot = slot, .generation = c.parked};
    p.kind = timeout == milliseconds{0} ? 0 : 1;
    p.user = c.user;
    p.device = c.key;
    p.since = c.since;
    p.timeout = timeout;
    p.marks = c.asks;
    engine_->open(std::move(p), now_);
}

void engine_harness::deliver(std::unique_ptr<engine::batch> b) {
    for (const engine::batch::delivery& d : b->deliveries) {
        client& c = *by_slot_.at(d.handle.slot);
        if (d.handle.generation != c.parked) {
            continue;
        }
        const bool first = !d.since.has_value();
        if (d.count == 0 && !first && !d.timed_out && d.kind == 1) {
            impossible_ = "a poll was answered early and empty";
        }
        std::set<std::uint32_t> once;
        for (std::uint32_t i = d.first; i < d.first + d.count; ++i) {
            const engine::batch::subject& s = b->subjects[b->indices[i]];
            if (!once.insert(s.user.value).second) {
                impossible_ = "a response has two events about one subject";
            }
            c.heard[s.user.value] = {.shown = s.shown,
                                     .hidden = s.hidden,
                                     .currently_active = s.currently_active,
                                     .last_active = s.last_active,
                                     .text = std::string(b->text_of(s.text, s.text_size))};
            c.news[s.user.value] += first ? 0 : 1;
        }
        c.since = d.next;
        c.parked = 0;
        answered_.push_back(&c);
    }
    engine_->recycle(std::move(b));
}

void engine_harness::sync(const step::syncs& s) {
    client& c = find(s.who);
    first_device_.try_emplace(s.who.user, s.who.device);
    c.asks = {};
    if (s.as) {
        const state asked = state_of(*s.as);
        c.asks.marks = asked != state::offline;
        if (c.asks.marks) {
            c.asks.asked = asked;
        }
    }
    if (c.parked != 0) {
        // The new request is there before the old one ends, as when a client aborts and asks anew.
        const std::uint64_t old = c.parked;
        open(c, poll_timeout);
        const auto slot =
            static_cast<std::uint32_t>(std::ranges::find(by_slot_, &c) - by_slot_.begin());
        engine_->gone({.thread = 0, .slot = slot, .generation = old}, now_);
    } else {
        open(c, poll_timeout);
    }
    c.syncing = true;
    lists_.synced(s.who);
    settle();
}

void engine_harness::poll(const step::polls& s) {
    client& c = find(s.who);
    if (c.syncing) {
        throw scenario_error(s.who.user + " syncs with that device already");
    }
    first_device_.try_emplace(s.who.user, s.who.device);
    c.asks = {};
    if (s.as) {
        const state asked = state_of(*s.as);
        c.asks.marks = asked != state::offline;
        if (c.asks.marks) {
            c.asks.asked = asked;
        }
    }
    open(c, milliseconds{0});
    lists_.synced(s.who);
    settle();
}

void engine_harness::stop_syncing(const step::stops_syncing& s) {
    client& c = find(s.who);
    if (!c.syncing) {
        throw scenario_error(s.who.user + " does not sync");
    }
    c.syncing = false;
    const auto slot =
        static_cast<std::uint32_t>(std::ranges::find(by_slot_, &c) - by_slot_.begin());
    engine_->gone({.thread = 0, .slot = slot, .generation = std::exchange(c.parked, 0)}, now_);
    settle();
}

void engine_harness::put(const step::puts& s) {
    const client& c = find(s.who);
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
    if (engine_->is_lasting(c.user, c.key, r, now_)) {
        statuses_[c.user.value] = engine_->status_after(c.user, c.key, r, now_);
    }
    engine_->put(c.user, c.key, r, now_);
    settle();
}

void engine_harness::deed(const step::does& s) {
    const client& c = find(s.who);
    engine_->active(c.user, c.key, now_);
    settle();
}

void engine_harness::log_in(const step::logs_in& s) {
    const client& c = find(s.who);
    lists_.logged_in(s.who);
    engine_->active(c.user, c.key, now_);
    settle();
}

void engine_harness::log_out(const step::logs_out& s) {
    client& c = find(s.who);
    c.syncing = false;
    engine_->device_removed(c.user, c.key, now_);
    c.parked = 0;
    settle();
    const auto at = std::ranges::find(by_slot_, &c);
    c.key = device_key{static_cast<std::uint32_t>(by_slot_.size()) + 1000};
    c.since.reset();
    *at = &c;
}

void engine_harness::deactivate(const step::is_deactivated& s) {
    const user_key u = user_of(s.user);
    for (auto& [name, c] : clients_) {
        if (c.user == u) {
            c.syncing = false;
            c.parked = 0;
        }
    }
    engine_->deactivated(u, now_);
    for (auto& [name, h] : rooms_) {
        part(s.user, name);
    }
    lists_.deactivated(s.user);
    apply_lists();
    settle();
}

void engine_harness::join(const step::joins& s) {
    const client& c = find(s.who);
    hall& h = find_room(s.room);
    engine_->active(c.user, c.key, now_);
    h.members[c.user.value] = engine_->joined(h.key, c.user, now_);
    settle();
}

void engine_harness::part(const std::string& user, const std::string& room) {
    hall& h = find_room(room);
    h.members.erase(user_of(user).value);
    engine_->left(h.key, user_of(user), now_);
}

void engine_harness::leave(const step::leaves& s) {
    const client& c = find(s.who);
    engine_->active(c.user, c.key, now_);
    part(s.who.user, s.room);
    settle();
}

void engine_harness::kick(const step::kicks& s) {
    const client& c = find(s.who);
    engine_->active(c.user, c.key, now_);
    part(s.user, s.room);
    settle();
}

void engine_harness::make_room(const step::makes_room& s) {
    const client& c = find(s.who);
    hall& h = find_room(s.room);
    h.is_public = s.is_public;
    engine_->active(c.user, c.key, now_);
    engine_->room_public(h.key, s.is_public, now_);
    settle();
}

void engine_harness::restart(const step::server_restarts& s) {
    for (auto& [name, c] : clients_) {
        c.parked = 0;
    }
    if (!s.killed) {
        engine_->drain(now_);
    }
    start(!s.killed);
    answered_.clear();
    for (auto& [name, c] : clients_) {
        if (c.syncing) {
            open(c, poll_timeout);
        }
    }
    settle();
}

void engine_harness::change_settings(const step::settings_change& s) {
    if (s.rooms_policy) {
        settings_.rooms = policy_of(*s.rooms_policy);
    }
    settings_.enabled = s.presence.value_or(settings_.enabled);
    engine_->reconfigure(settings_, now_);
    settle();
}

void engine_harness::change_lists(const step::changes_lists& s) {
    user_of(s.who.user);
    lists_.change(s, now_.wall);
    apply_lists();
    settle();
}

void engine_harness::set_policy(const step::sets_policy& s) {
    user_of(s.who.user);
    lists_.set_policy(s);
    apply_lists();
    settle();
}

void engine_harness::apply_lists() {
    const std::set<list_book::pair> accepted = lists_.accepted();
    for (const auto& [p, position] : std::map(acceptances_)) {
        if (!accepted.contains(p)) {
            engine_->unaccepted(user_of(p.first), user_of(p.second), now_);
            acceptances_.erase(p);
        }
    }
    for (const list_book::pair& p : accepted) {
        if (!acceptances_.contains(p)) {
            acceptances_[p] = engine_->accepted(user_of(p.first), user_of(p.second), now_);
        }
    }
    for (const auto& [name, user] : users_) {
        const presence::user_visibility v = lists_.visibility(name);
        const auto known = visibilities_.find(name);
        const auto before = known == visibilities_.end() ? shown_to{}.now : known->second.now;
        if (v != before) {
            visibilities_[name] = {v, before, engine_->visibility_changed(user, v, now_)};
        }
    }
    for (const auto& [p, b] : std::map(blocks_)) {
        if (!lists_.blocked().contains(p)) {
            engine_->unblocked(user_of(p.second), user_of(p.first), now_);
            blocks_.erase(p);
        }
    }
    for (const list_book::pair& p : lists_.blocked()) {
        if (!blocks_.contains(p)) {
            const engine::frozen_view v = engine_->freeze(user_of(p.second), now_);
            const auto position = engine_->blocked(user_of(p.second), user_of(p.first), v, now_);
            blocks_[p] = {v, position};
        }
    }
}

std::optional<seen> engine_harness::look(const std::string& observer, const std::string& subject) {
    const auto whom = users_.find(subject);
    if (whom == users_.end()) {
        return std::nullopt;
    }
    const auto v = engine_->look(user_of(observer), whom->second, now_);
    return v ? std::optional{words_of(*v)} : std::nullopt;
}

std::optional<seen> engine_harness::last_heard(const actor& observer, const std::string& subject) {
    settle();
    const client& c = synced(observer);
    const auto at = c.heard.find(user_of(subject).value);
    return at == c.heard.end() ? std::nullopt : std::optional{words_of(at->second)};
}

std::size_t engine_harness::take_events(const actor& observer,
                                        const std::optional<std::string>& subject) {
    client& c = synced(observer);
    std::size_t count = 0;
    for (auto& [of, n] : c.news) {
        if (subject ? user_key{of} == user_of(*subject) : user_key{of} != c.user) {
            count += std::exchange(n, 0);
        }
    }
    return count;
}

std::optional<listed> engine_harness::look_in_list(const std::string& owner,
                                                   const std::string& subject) {
    const std::optional<bool> accepted = lists_.entry(owner, subject);
    if (!accepted) {
        return std::nullopt;
    }
    return *accepted ? listed{true, look(owner, subject).value()}
                     : listed{false, {.state = "offline"}};
}

bool engine_harness::has_answer(const std::string& who, const std::string& whom,
                                step::answer what) {
    return lists_.has_answer(who, whom, what);
}

std::size_t engine_harness::take_notices(const actor& who, step::notice what,
                                         const std::string& by) {
    if (synced(who).syncing) {
        lists_.synced(named(who));
    }
    return lists_.take_notices(named(who), what, by);
}

engine::profile engine_harness::profile_of(user_key u) const {
    return {names_.at(u.index()), {}, {}};
}

void engine_harness::save(const ports::presence_row& r) {
    presences_[r.user.value] = r;
    dirty_.erase(r.user.value);
}

void engine_harness::save(const ports::loss_row& r) {
    losses_[{r.observer.value, r.subject.value}] = r;
}

void engine_harness::forget(const ports::loss_removal& r) {
    losses_.erase({r.observer.value, r.subject.value});
}

user_key engine_harness::user_of(const std::string& name) const {
    const auto at = users_.find(name);
    if (at == users_.end()) {
        throw scenario_error("nobody is called " + name + ": say \"given " + name + " exists\"");
    }
    return at->second;
}

actor engine_harness::named(const actor& a) const {
    const auto first = first_device_.find(a.user);
    return a.device.empty() && first != first_device_.end() ? actor{a.user, first->second} : a;
}

engine_harness::client& engine_harness::find(const actor& a) {
    client& c = clients_[{a.user, named(a).device}];
    if (!c.key.valid()) {
        c.user = user_of(a.user);
        c.key = device_key{static_cast<std::uint32_t>(by_slot_.size())};
        by_slot_.push_back(&c);
    }
    return c;
}

engine_harness::client& engine_harness::synced(const actor& a) {
    client& c = find(a);
    if (!c.since) {
        throw scenario_error(a.user + " never synced with that device");
    }
    return c;
}

engine_harness::hall& engine_harness::find_room(const std::string& name) {
    const auto at = rooms_.find(name);
    if (at == rooms_.end()) {
        throw scenario_error("no room is called " + name);
    }
    return at->second;
}

seen engine_harness::words_of(const presence::view& v) const {
    seen s{.state = v.hidden ? "hidden" : words.at(static_cast<std::size_t>(v.shown)),
           .text = v.text,
           .currently_active = v.currently_active,
           .active_ago = std::nullopt};
    if (v.last_active) {
        s.active_ago = now_.wall - *v.last_active;
    }
    return s;
}

}  // namespace porchlight::scenarios
