#include <algorithm>

#include "engine/saved_presence.h"
#include "simulation/client.h"
#include "simulation/world.h"

// What happens in the simulated world.
namespace porchlight::simulation {

using base::device_key;
using base::room_key;
using base::user_key;
using namespace std::chrono_literals;

void world::step() {
    const std::uint64_t pace = draw(10);
    if (pace >= 4) {
        const std::uint64_t most = pace < 7 ? 200 : pace < 9 ? 10'000 : 120'000;
        advance(milliseconds{static_cast<std::int64_t>(draw(most))});
    }
    const std::uint64_t kind = draw(100);
    if (kind < 45) {
        change_somebody();
    } else if (kind < 57) {
        change_rooms();
    } else if (kind < 65) {
        change_lists();
    } else if (kind < 93) {
        change_clients();
    } else {
        change_weather();
    }
    note_sights();
    if (!failure_.empty()) {
        fail(failure_);
    }
    // Now and then something else happens before the engine had time for everything.
    pump(chance(60) ? 10'000 : draw(3));
}

void world::change_somebody() {
    const auto u = static_cast<std::uint32_t>(draw(users_));
    if (chance(60)) {
        put(u);
        return;
    }
    note("user " + std::to_string(u) + " acts");
    const device_key d = clients_[draw(clients_.size())]->device;
    if (!deactivated_.contains(u)) {
        model_.at(u, now_).core.active(d, now_);
    }
    engine_->active(user_key{u}, d, now_);
}

void world::put(std::uint32_t u) {
    device_key d{devices_};
    for (const auto& c : clients_) {
        if (c->user == u && (!d.valid() || chance(50))) {
            d = c->device;
        }
    }
    presence::put_request r;
    if (chance(8)) {
        r.hide = true;
    } else {
        r.asked = static_cast<presence::state>(draw(5));
    }
    r.unhide = !r.hide && chance(15);
    if (chance(30)) {
        r.text = chance(30) ? std::string{} : "text " + std::to_string(draw(1000));
        if (!r.text->empty() && chance(20)) {
            r.text_expires = now_.wall + milliseconds{static_cast<std::int64_t>(draw(60'000))};
        }
    }
    note("user " + std::to_string(u) + " puts " +
         (r.hide ? "hidden" : std::to_string(static_cast<int>(*r.asked))) +
         (r.text ? " \"" + *r.text + "\"" : ""));
    if (deactivated_.contains(u)) {
        engine_->put(user_key{u}, d, r, now_);
        return;
    }
    if (engine_->is_lasting(user_key{u}, d, r, now_)) {
        const ports::status_row row = engine_->status_after(user_key{u}, d, r, now_);
        disk_.commit([&](disk::tables& t) { t.statuses[u] = row; });
    }
    model_.at(u, now_).core.put(d, r, now_);
    engine_->put(user_key{u}, d, r, now_);
}

void world::change_rooms() {
    if (chance(80)) {
        join_or_leave();
        return;
    }
    if (!policy_.not_public) {
        return;
    }
    const auto r = static_cast<std::uint32_t>(draw(rooms_));
    const bool is_public = chance(50);
    note("room " + std::to_string(r) + (is_public ? " becomes public" : " becomes private"));
    disk_.commit([&](disk::tables& t) { t.rooms[r] = is_public; });
    model_.rooms()[r].is_public = is_public;
    engine_->room_public(room_key{r}, is_public, now_);
}

void world::join_or_leave() {
    const auto r = static_cast<std::uint32_t>(draw(rooms_));
    const auto u = static_cast<std::uint32_t>(draw(users_));
    const bool joins = !model_.rooms()[r].members.contains(u);
    note("user " + std::to_string(u) + (joins ? " joins " : " leaves ") + std::to_string(r));
    if (joins && deactivated_.contains(u)) {
        return;
    }
    const bool counted = model_.counts(model_.rooms()[r]);
    model_.member(r, u, joins);
    membership_changed_ = now_.mono;
    if (counted != model_.counts(model_.rooms()[r])) {
        note("room " + std::to_string(r) + (counted ? " grew too large" : " counts again"));
    }
    if (joins) {
        const std::uint64_t p = engine_->joined(room_key{r}, user_key{u}, now_);
        disk_.commit([&](disk::tables& t) { t.memberships[{r, u}] = p; });
        return;
    }
    disk_.commit([&](disk::tables& t) { t.memberships.erase({r, u}); });
    departures_.emplace_back(now_.mono, disk::pair{r, u});
    if (mutation_ != mutation::forgets_the_leaving) {
        engine_->left(room_key{r}, user_key{u}, now_);
    }
}

void world::change_clients() {
    client& c = *clients_[draw(clients_.size())];
    const std::uint64_t kind = draw(100);
    if (kind < 30) {
        hang_up(c);
        c.polls_next = now_.mono + milliseconds{static_cast<std::int64_t>(draw(40'000))};
    } else if (kind < 45) {
        if (!c.gone && c.parked == 0) {
            c.polls_next = now_.mono;
        }
    } else if (kind < 60) {
        if (c.old_since && c.parked == 0) {
            note("slot " + std::to_string(c.slot) + " goes back to an old token");
            c.since = c.old_since;
            c.heard = c.old_heard;
        }
    } else if (kind < 75) {
        fork_client();
    } else if (kind < 90) {
        note("durable news for user " + std::to_string(c.user));
        engine_->durable_applied(++durable_);
        for (const auto& other : clients_) {
            other->woken |= other->user == c.user && !other->peek;
        }
        engine_->wake(user_key{c.user}, now_);
    } else if (kind < 96) {
        remove_device();
    } else if (clients_.size() < 60) {
        new_client(static_cast<std::uint32_t>(draw(users_)), device_key{devices_++});
    }
}

// A second poll of the same device with the same token.
void world::fork_client() {
    client& c = *clients_[draw(clients_.size())];
    const auto twins = std::ranges::count_if(
        clients_, [&](const auto& other) { return other->device == c.device; });
    // More than the limit would answer each other in a circle, as they should.
    if (clients_.size() >= 60 || c.gone || c.peek ||
        static_cast<std::size_t>(twins) >= base::limits::streams_per_device_max) {
        return;
    }
    client& twin = new_client(c.user, c.device);
    twin.peek.reset();
    twin.filter = c.filter;
    twin.since = c.since;
    twin.heard = c.heard;
    note("slot " + std::to_string(twin.slot) + " is forked from " + std::to_string(c.slot));
}

void world::remove_device() {
    const client& c = *clients_[draw(clients_.size())];
    const device_key d = c.device;
    const std::uint32_t u = c.user;
    const bool for_good = chance(15) && deactivated_.size() * 4 < users_;
    note("user " + std::to_string(u) + (for_good ? " is deactivated" : " logs a device out"));
    for (const auto& other : clients_) {
        if (other->device == d || (for_good && other->user == u)) {
            stream_closed(*other);
            other->gone = other->may_end = true;
        }
    }
    if (!for_good) {
        model_.at(u, now_).core.device_removed(d, now_);
        engine_->device_removed(user_key{u}, d, now_);
        return;
    }
    if (deactivated_.insert(u).second) {
        model_.at(u, now_).core.deactivated(now_);
        model_.at(u, now_).deactivated = true;
    }
    engine_->deactivated(user_key{u}, now_);
}

void world::change_weather() {
    const std::uint64_t kind = draw(100);
    if (kind < 30) {
        restart(stop::clean);
    } else if (kind < 50) {
        restart(stop::killed);
    } else if (kind < 65) {
        restart(stop::power_lost);
    } else if (kind < 85) {
        jump_clock();
    } else {
        reconfigure();
    }
}

void world::jump_clock() {
    const auto by = static_cast<std::int64_t>(draw(7'200'000)) - 3'600'000;
    note("the wall clock jumps by " + std::to_string(by));
    now_.wall += milliseconds{by};
    model_.settle(now_);
    if (engine_ != nullptr) {
        engine_->turn(now_);
    }
}

engine::settings world::engine_settings() const {
    engine::settings s = settings_;
    s.rooms = policy_.none         ? engine::rooms_policy::none
              : policy_.not_public ? engine::rooms_policy::not_public
                                   : engine::rooms_policy::all;
    s.room_members_max = static_cast<std::uint32_t>(policy_.members_max);
    s.enabled = policy_.enabled;
    return s;
}

void world::reconfigure() {
    // Between nine tenths of the limit and the limit, a restart forgets which reason stopped a
    // room.
    if (policy_.members_max != 0 || chance(50)) {
        policy_.enabled = !policy_.enabled;
    } else {
        policy_.none = !policy_.none;
    }
    note(std::string("new settings: presence ") + (policy_.enabled ? "on" : "off") +
         (policy_.none ? ", no room counts" : ", rooms count"));
    model_.set_policy(policy_);
    for (std::uint32_t u = 0; u < users_; ++u) {
        model_.at(u, now_).core.settle(now_);
    }
    engine_->reconfigure(engine_settings(), now_);
}

// --- restarts ---

void world::restart(stop how) {
    note(how == stop::clean ? "restarted" : how == stop::killed ? "killed" : "the power fails");
    std::vector<disk::pair> departures;
    if (how != stop::clean) {
        if (chance(50)) {
            disk_.pass(base::mono_time::max());  // commits are in order
            interrupted_commits();
            disk_.sync();
        }
        departures = recent_departures();
    }
    if (how == stop::killed) {
        disk_.kill();
    } else if (how == stop::power_lost) {
        disk_.lose_power([this] { return chance(50); });
    } else {
        draining_ = true;
        engine_->drain(now_);
        draining_ = false;
        disk_.pass(base::mono_time::max());
    }
    if (!failure_.empty()) {
        fail(failure_);
    }
    for (const auto& c : clients_) {
        c->parked = 0;
        c->stream_counts = false;
        c->polls_next = now_.mono + milliseconds{static_cast<std::int64_t>(draw(40'000))};
    }
    engine_.reset();
    if (chance(30)) {
        jump_clock();
    }
    const engine::settings s = engine_settings();
    engine::outside& out = *this;
    const std::set<std::uint32_t> dirty = std::exchange(disk_.now.dirty, {});
    engine_ = std::make_unique<engine::engine>(s, out, disk_.now.ceiling, how == stop::clean, now_);
    for (const disk::pair& d : departures) {
        engine_->load_departure(room_key{d.first}, user_key{d.second});
    }
    disk_.now.dirty = dirty;
    if (how == stop::power_lost && mutation_ != mutation::mistakes_power_loss) {
        const std::uint64_t position = engine_->current_token().presence;
        disk_.commit([&](disk::tables& t) { t.power_loss = position; });
    }
    load();
    pump(10'000);
}

void world::start(bool clean) {
    engine::outside& out = *this;
    engine_ =
        std::make_unique<engine::engine>(engine_settings(), out, disk_.now.ceiling, clean, now_);
    load();
    pump(10'000);
}

void world::load() {
    const std::set<std::uint32_t> dirty = std::exchange(disk_.now.dirty, {});
    const disk::tables t = disk_.now;
    for (std::uint32_t u = 0; u < users_; ++u) {
        engine_->user_added(user_key{u}, now_);
    }
    for (const auto& [r, is_public] : t.rooms) {
        engine_->load_room(room_key{r}, is_public);
    }
    for (const auto& [pair, position] : t.memberships) {
        engine_->load_membership(room_key{pair.first}, user_key{pair.second}, position);
    }
    for (const auto& [r, flip] : t.flips) {
        engine_->load_room_flip(room_key{r}, flip.first, flip.second);
    }
    load_lists(t);
    for (const auto& [u, row] : t.statuses) {
        engine_->load_status(row);
    }
    for (std::uint32_t u = 0; u < users_; ++u) {
        const auto row = t.presences.find(u);
        ports::presence_row none;
        none.user = user_key{u};
        if (row != t.presences.end() || dirty.contains(u)) {
            engine_->load_presence(row == t.presences.end() ? none : row->second,
                                   dirty.contains(u));
        }
    }
    for (const auto& [pair, row] : t.losses) {
        engine_->load_loss(row);
    }
    engine_->load_power_loss(t.power_loss);
    for (const std::uint32_t u : deactivated_) {
        engine_->deactivated(user_key{u}, now_);
    }
    engine_->durable_applied(durable_);
    for (auto& [pair, position] : disk_.now.memberships) {
        position = position == 0 ? engine_->current_token().presence : position;
    }
    for (std::uint32_t u = 0; u < users_; ++u) {
        presence::saved_state saved;
        if (const auto row = t.statuses.find(u); row != t.statuses.end()) {
            saved.text = row->second.text;
            saved.text_expires = row->second.text_expires;
            saved.hidden = row->second.hidden;
            saved.hidden_by = row->second.hidden_by;
            saved.frozen_text = row->second.frozen_text;
            saved.frozen_last_active = row->second.frozen_last_active;
            saved.suppressed = row->second.suppressed;
        }
        presence::state s = presence::state::offline;
        if (const auto row = t.presences.find(u); row != t.presences.end()) {
            saved.last_active = row->second.last_active;
            s = engine::saved_presence::of(row->second.state).value().state;
        }
        model_.restore(u, saved, policy_.enabled ? s : presence::state::offline, now_);
    }
    engine_->ready(now_);
    settle_lists();
}

// What was committed in the last moment, and never came to the engine.
void world::interrupted_commits() {
    const auto r = static_cast<std::uint32_t>(draw(rooms_));
    const auto u = static_cast<std::uint32_t>(draw(users_));
    if (chance(30) && !deactivated_.contains(u)) {
        const bool joins = !model_.rooms()[r].members.contains(u);
        note("... user " + std::to_string(u) + (joins ? " joining " : " leaving ") +
             std::to_string(r));
        model_.member(r, u, joins);
        membership_changed_ = now_.mono;
        if (joins) {
            disk_.now.memberships[{r, u}] = 0;
        } else {
            disk_.now.memberships.erase({r, u});
            departures_.emplace_back(now_.mono, disk::pair{r, u});
        }
    }
    if (chance(30) && !deactivated_.contains(u)) {
        note("... user " + std::to_string(u) + " putting a text");
        presence::put_request request{.asked = presence::state::online};
        request.text = "interrupted";
        disk_.now.statuses[u] =
            engine_->status_after(user_key{u}, device_key{devices_}, request, now_);
    }
    interrupted_lists();
}

// Whose losses may not have reached the disk. What was written before a later change of membership
// was synced with it.
std::vector<disk::pair> world::recent_departures() {
    std::vector<disk::pair> found;
    for (const auto& [when, pair] : departures_) {
        if (when > membership_changed_ - 5s &&
            !model_.rooms().at(pair.first).members.contains(pair.second)) {
            found.push_back(pair);
        }
    }
    return found;
}

void world::become_quiet() {
    note("everybody comes back and it is quiet");
    calm_ = true;
    for (const auto& c : clients_) {
        if (!c->gone && c->parked == 0) {
            c->polls_next = now_.mono;
        }
    }
    advance(5s);
    check_quiet();
    calm_ = false;
}

}  // namespace porchlight::simulation
