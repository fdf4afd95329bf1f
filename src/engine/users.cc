#include "engine/users.h"

#include "engine/impl.h"
#include "engine/saved_presence.h"

namespace porchlight::engine {

namespace {

std::optional<wall_time> activity_of(const user_record& r) {
    return r.last_active == never_active ? std::nullopt
                                         : std::optional{base::from_unix_ms(r.last_active)};
}

}  // namespace

user_record& engine::impl::ensure(user_key u) {
    ASSERT(u.valid());
    if (u.index() >= records_.size()) {
        grow_records(u.index() + 1);
    }
    user_record& r = records_[u.index()];
    if (!r.known) {
        r.known = true;
        ++known_;
    }
    return r;
}

live_user* engine::impl::live(user_key u) const {
    if (u.index() >= records_.size() || records_[u.index()].live == no_index) {
        return nullptr;
    }
    return live_[records_[u.index()].live].get();
}

live_user& engine::impl::wake_up(user_key u) {
    user_record& r = ensure(u);
    if (r.live != no_index) {
        return *live_[r.live];
    }
    presence::saved_state saved;
    std::uint64_t self_changed = 0;
    if (r.resting) {
        const auto row = resting_.find(u.value);
        saved = std::move(row->second.saved);
        self_changed = row->second.self_changed;
        resting_.erase(row);
        r.resting = false;
    }
    saved.last_active = activity_of(r);
    if (live_free_.empty()) {
        live_free_.push_back(static_cast<std::uint32_t>(live_.size()));
        live_.emplace_back();
    }
    r.live = live_free_.back();
    live_free_.pop_back();
    live_[r.live] = std::make_unique<live_user>(u, settings_.presence, std::move(saved));
    live_[r.live]->self_changed = self_changed;
    ++counts_.users_live;
    return *live_[r.live];
}

// Gives back what a user without device, stream and deadline does not need.
void engine::impl::rest_if_idle(user_key u) {
    live_user* l = live(u);
    if (l == nullptr || l->session_count != 0 || l->hold_until || !l->core.at_rest()) {
        return;
    }
    user_record& r = records_[u.index()];
    const presence::saved_state& saved = l->core.saved();
    if (!saved.text.empty() || saved.hidden || !saved.suppressed.empty() || l->self_changed != 0) {
        resting_[u.value] = {saved, l->self_changed};
        r.resting = true;
    }
    live_[r.live].reset();
    live_free_.push_back(r.live);
    r.live = no_index;
    --counts_.users_live;
    refresh_interesting(u);
}

void engine::impl::count_online(live_user& l) {
    const bool online = l.core.aggregate() != presence::state::offline;
    if (online != l.counted_online) {
        l.counted_online = online;
        online ? ++counts_.users_online : --counts_.users_online;
    }
}

void engine::impl::arm(live_user& l) {
    count_online(l);
    auto due = l.core.next_deadline();
    if (l.hold_until) {
        due = due ? std::min(*due, *l.hold_until) : *l.hold_until;
    }
    if (due && *due < l.armed) {
        l.armed = *due;
        user_deadlines_.insert(*due, {*due, l.user.value});
    }
}

void engine::impl::on_user_deadline(user_key u, instant now) {
    live_user& l = *live(u);
    l.armed = mono_time::max();
    presence::changes c;
    if (l.core.is_due(now)) {
        c = l.core.settle(now);
    }
    if (l.hold_until && *l.hold_until <= now.mono) {
        l.hold_until.reset();
        c |= l.core.stream_closed(device_key{}, true, now);
    }
    apply(l, c, now, false);
}

void engine::impl::settle_if_due(user_key u, instant now) {
    live_user* l = live(u);
    if (l != nullptr && l->core.is_due(now)) {
        apply(*l, l->core.settle(now), now, false);
    }
}

// When the wall clock was set ahead, or the machine slept, texts whose time is over go at once and
// not when their deadlines come, which only the other clock knows. Cost: O(live users), then.
void engine::impl::notice_clock(instant now) {
    const milliseconds apart = now.wall.time_since_epoch() - now.mono.time_since_epoch();
    if (std::chrono::abs(apart - clocks_apart_) < limits::clock_jump_min) {
        return;
    }
    clocks_apart_ = apart;
    for (std::size_t i = 0; i < live_.size(); ++i) {
        if (live_[i] != nullptr) {
            settle_if_due(live_[i]->user, now);
        }
    }
}

// What an input changed takes effect: positions, marks, what is to be saved, deadlines.
// `stored`: what lasts of it is in the store already. May end `l`.
void engine::impl::apply(live_user& l, const presence::changes& c, instant now, bool stored) {
    const user_key u = l.user;
    user_record& r = records_[u.index()];
    if (c.lasting && (!stored || r.saved_behind)) {
        // Once a row was written behind, it may wait still and overtake one that was committed.
        r.saved_behind = true;
        out_.save(status_row_of(u, l.core.saved()));
    }
    const auto& active = l.core.saved().last_active;
    r.last_active = active ? base::unix_ms(*active) : never_active;
    if (!settings_.enabled) {
        if (c.self && c.lasting) {
            soil(u, now);  // old tokens may still have to hear of a hiding that ends unseen
            changed_[u.index()] = positions_.next(now);
        }
        arm(l);
        rest_if_idle(u);
        return;
    }
    if (c.others || c.activity || c.lasting || r.saved != l.core.aggregate()) {
        soil(u, now);
    }
    if (c.others) {
        changed_[u.index()] = positions_.next(now);
        ++counts_.updates;
        refresh_interesting(u);
        start({.what = job::kind::fan_out, .position = changed_[u.index()], .user = u}, now);
        tell_outside(u);
    } else if (c.self && c.lasting && !l.core.hidden()) {
        // The end of a hiding that looks the same from outside: must outlast a restart.
        changed_[u.index()] = positions_.next(now);
    } else if (c.self) {
        l.self_changed = positions_.next(now);
    }
    if (c.self) {
        mark_self(l, now);
    }
    arm(l);
    rest_if_idle(u);
}

const resting_user* engine::impl::resting(user_key u) const {
    if (!records_[u.index()].resting) {
        return nullptr;
    }
    const auto row = resting_.find(u.value);
    return &row->second;
}

presence::view engine::impl::shown_to_others(user_key u, instant now) const {
    const user_record& r = records_[u.index()];
    if (!settings_.enabled) {
        return {.last_active = shown_activity(u)};
    }
    if (r.remote) {
        return remote_view(u);
    }
    if (const live_user* l = live(u); l != nullptr) {
        if (l->core.is_due(now)) {
            presence::user settled = l->core;
            settled.settle(now);
            return settled.seen_by_others(now);
        }
        return l->core.seen_by_others(now);
    }
    presence::view v{.last_active = activity_of(r)};
    if (const resting_user* rest = resting(u); rest != nullptr) {
        v.text = rest->saved.hidden ? rest->saved.frozen_text : rest->saved.text;
        if (rest->saved.hidden) {
            v.last_active = rest->saved.frozen_last_active;
        }
    }
    return v;
}

presence::view engine::impl::shown_to_self(user_key u, instant now) const {
    if (!settings_.enabled) {
        return shown_to_others(u, now);
    }
    if (const live_user* l = live(u); l != nullptr) {
        if (l->core.is_due(now)) {
            presence::user settled = l->core;
            settled.settle(now);
            return settled.seen_by_self(now);
        }
        return l->core.seen_by_self(now);
    }
    presence::view v{.last_active = activity_of(records_[u.index()])};
    if (const resting_user* rest = resting(u); rest != nullptr) {
        v.text = rest->saved.text;
        v.hidden = rest->saved.hidden;
    }
    return v;
}

std::optional<wall_time> engine::impl::shown_activity(user_key u) const {
    const live_user* l = live(u);
    const resting_user* rest = l == nullptr ? resting(u) : nullptr;
    const presence::saved_state* saved = l != nullptr      ? &l->core.saved()
                                         : rest != nullptr ? &rest->saved
                                                           : nullptr;
    if (saved != nullptr && saved->hidden) {
        return saved->frozen_last_active;
    }
    return activity_of(records_[u.index()]);
}

std::uint64_t engine::impl::self_position(user_key u) const {
    std::uint64_t p = std::max<std::uint64_t>(changed_[u.index()], 1);
    const live_user* l = live(u);
    const resting_user* rest = l == nullptr ? resting(u) : nullptr;
    if (l != nullptr) {
        p = std::max(p, l->self_changed);
    } else if (rest != nullptr) {
        p = std::max(p, rest->self_changed);
    }
    // What only a hidden user saw change has no position in the store.
    if ((l != nullptr && l->core.hidden()) || (rest != nullptr && rest->saved.hidden)) {
        p = std::max(p, positions_.restart());
    }
    return p;
}

bool engine::impl::is_interesting(user_key u) const {
    return records_[u.index()].interesting;
}

bool engine::impl::finds_interesting(user_key u) const {
    if (!settings_.enabled) {
        return false;
    }
    if (const live_user* l = live(u); l != nullptr) {
        const presence::saved_state& s = l->core.saved();
        return s.hidden ? !s.frozen_text.empty()
                        : !s.text.empty() || l->core.aggregate() != presence::state::offline;
    }
    if (const user_record& r = records_[u.index()];
        r.remote && r.saved != presence::state::offline) {
        return true;
    }
    const resting_user* rest = resting(u);
    return rest != nullptr &&
           !(rest->saved.hidden ? rest->saved.frozen_text : rest->saved.text).empty();
}

void engine::impl::refresh_interesting(user_key u) {
    if (settings_.enabled) {  // else it stays as it was, for switch_user()
        set_interesting(u, finds_interesting(u));
    }
}

void engine::impl::set_interesting(user_key u, bool on) {
    user_record& r = records_[u.index()];
    if (r.interesting == on) {
        return;
    }
    r.interesting = on;
    for (const room_key key : r.rooms.all()) {
        room& in = rooms_[key.index()];
        in.interesting.set(in.find(u), on);
    }
}

void engine::impl::set_live_bits(user_key u, bool on) {
    for (const room_key key : records_[u.index()].rooms.all()) {
        room& in = rooms_[key.index()];
        in.live.set(in.find(u), on);
    }
    if (records_[u.index()].is_observer) {
        acceptances_.set_live(u, on);
    }
}

void engine::impl::soil(user_key u, instant now) {
    user_record& r = records_[u.index()];
    if (r.unsaved) {
        return;
    }
    out_.now_dirty(u);
    r.unsaved = true;
    unsaved_.push_back(u.value);
    if (!save_at_) {
        save_at_ = now.mono + limits::save_delay;
    }
}

void engine::impl::save_some(instant now, std::size_t most) {
    const std::size_t count = std::min(most, unsaved_.size());
    for (std::size_t i = 0; i < count; ++i) {
        const user_key u{unsaved_[i]};
        user_record& r = records_[u.index()];
        const live_user* l = live(u);
        bool active = r.remote && r.remote_active;
        if (!r.remote) {
            const bool shows = l != nullptr && settings_.enabled;
            r.saved = shows ? l->core.aggregate() : presence::state::offline;
            active = shows && !l->core.hidden() && l->core.seen_by_others(now).currently_active;
        }
        r.unsaved = false;
        out_.save(ports::presence_row{.user = u,
                                      .state = saved_presence{r.saved, active}.byte(),
                                      .last_active = activity_of(r),
                                      .changed = changed_[u.index()]});
    }
    unsaved_.erase(unsaved_.begin(), unsaved_.begin() + static_cast<std::ptrdiff_t>(count));
    save_at_ = unsaved_.empty() ? std::nullopt : std::optional{now.mono};
}

ports::status_row engine::impl::status_row_of(user_key u, const presence::saved_state& s) const {
    return {.user = u,
            .text = s.text,
            .text_expires = s.text_expires,
            .hidden = s.hidden,
            .hidden_by = s.hidden_by,
            .frozen_text = s.frozen_text,
            .frozen_last_active = s.frozen_last_active,
            .suppressed = s.suppressed};
}

}  // namespace porchlight::engine
