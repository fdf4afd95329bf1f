#include "engine/engine.h"

#include <algorithm>

#include "engine/impl.h"

namespace porchlight::engine {

engine::impl::impl(const settings& s, outside& o, std::uint64_t ceiling, bool clean_stop,
                   instant now)
    : settings_(s),
      out_(o),
      positions_(o, ceiling, now),
      clean_(clean_stop),
      last_now_(now.mono),
      clocks_apart_(now.wall.time_since_epoch() - now.mono.time_since_epoch()),
      user_deadlines_(now.mono),
      session_deadlines_(now.mono) {}

engine::engine(const settings& s, outside& o, std::uint64_t presence_ceiling, bool clean_stop,
               instant now)
    : impl_(std::make_unique<impl>(s, o, presence_ceiling, clean_stop, now)) {}

engine::~engine() = default;

// --- directory ---

void engine::user_added(user_key u, instant) {
    impl_->ensure(u).remote = false;  // another name had the key before
}

std::uint64_t engine::joined(room_key r, user_key u, instant now) {
    impl_->begin(now);
    const std::uint64_t position = impl_->positions_.next(now);
    impl_->joined(r, u, position, now);
    return position;
}

void engine::left(room_key r, user_key u, instant now) {
    impl_->begin(now);
    impl_->left(r, u, now);
}

void engine::room_public(room_key r, bool is_public, instant now) {
    impl_->begin(now);
    impl_->ensure_room(r).is_public = is_public;
    impl_->recount(r, now);
}

void engine::profile_changed(user_key u, instant now) {
    impl& e = *impl_;
    e.begin(now);
    e.ensure(u);
    if (!e.settings_.enabled) {
        return;
    }
    e.soil(u, now);
    e.changed_[u.index()] = e.positions_.next(now);
    ++e.counts_.updates;
    e.start({.what = job::kind::fan_out, .position = e.changed_[u.index()], .user = u}, now);
    e.tell_outside(u);
    if (live_user* l = e.live(u); l != nullptr) {
        e.mark_self(*l, now);
    }
}

// --- presence inputs ---

bool engine::is_lasting(user_key u, device_key d, const presence::put_request& r,
                        instant now) const {
    presence::user after = impl_->copy_of(u);
    after.settle(now);
    return after.put(d, r, now).lasting;
}

ports::status_row engine::status_after(user_key u, device_key d, const presence::put_request& r,
                                       instant now) const {
    presence::user after = impl_->copy_of(u);
    after.put(d, r, now);
    return impl_->status_row_of(u, after.saved());
}

void engine::put(user_key u, device_key d, const presence::put_request& r, instant now) {
    impl& e = *impl_;
    e.begin(now);
    e.wake_up(u);
    e.settle_if_due(u, now);
    live_user& l = e.wake_up(u);
    if (e.records_[u.index()].deactivated) {
        e.rest_if_idle(u);
        return;
    }
    ++l.puts;
    e.apply(l, l.core.put(d, r, now), now, true);
}

void engine::active(user_key u, device_key d, instant now) {
    impl& e = *impl_;
    e.begin(now);
    if (e.ensure(u).deactivated) {
        return;
    }
    live_user& l = e.wake_up(u);
    e.apply(l, l.core.active(d, now), now, false);
}

void engine::device_removed(user_key u, device_key d, instant now) {
    impl& e = *impl_;
    e.begin(now);
    ASSERT(d.valid());
    e.end_streams(u, d, now);
    live_user& l = e.wake_up(u);
    e.apply(l, l.core.device_removed(d, now), now, false);
}

void engine::deactivated(user_key u, instant now) {
    impl& e = *impl_;
    if (e.ensure(u).deactivated) {
        return;
    }
    e.records_[u.index()].deactivated = true;
    if (!e.begun_) {
        return;
    }
    e.last_now_ = now.mono;
    e.end_streams(u, {}, now);
    live_user& l = e.wake_up(u);
    l.hold_until.reset();
    e.apply(l, l.core.deactivated(now), now, false);
}

void engine::reconfigure(const settings& s, instant now) {
    impl& e = *impl_;
    e.begin(now);
    const bool was_enabled = e.settings_.enabled;
    e.settings_ = s;
    if (was_enabled != s.enabled) {
        e.switch_presence(now);
    }
    // All that follows has one share of units, however many rooms there are.
    e.units_ = s.units_per_call;
    e.in_turn_ = true;
    e.recount_all(now);
    e.settling_ = 0;
    e.run_settling(now);
    e.in_turn_ = false;
}

// --- streams ---

void engine::open(poll p, instant now) {
    impl_->open(std::move(p), now);
}

void engine::gone(ports::http_handle h, instant now) {
    impl_->begin(now);
    if (const std::uint32_t i = impl_->sessions_.parked_at(h); i != no_index) {
        impl_->leave_parked(i, now, false);
    }
}

void engine::durable_applied(std::uint64_t position) {
    impl_->durable_ = std::max(impl_->durable_, position);
}

void engine::wake(user_key u, instant now) {
    impl& e = *impl_;
    e.begin(now);
    const live_user* l = e.live(u);
    std::uint32_t i = l == nullptr ? no_index : l->first_session;
    for (; i != no_index; i = e.sessions_[i].next_of_user) {
        if (e.sessions_[i].parked && !e.sessions_[i].peek.valid()) {
            e.sessions_[i].durable_news = true;
            e.must_answer(i, now.mono);
        }
    }
}

void engine::wake_peekers(room_key r, instant now) {
    impl& e = *impl_;
    e.begin(now);
    if (!e.room_known(r)) {
        return;
    }
    for (const std::uint32_t i : e.rooms_[r.index()].peekers) {
        if (e.sessions_[i].parked) {
            e.sessions_[i].durable_news = true;
            e.must_answer(i, now.mono);
        }
    }
}

// --- looking ---

token engine::current_token() const {
    return {.durable = impl_->durable_, .presence = impl_->told_up_to(), .cut = 0};
}

std::vector<user_key> engine::members(room_key r) const {
    return impl_->room_known(r) ? impl_->rooms_[r.index()].members : std::vector<user_key>{};
}

// --- time ---

void engine::impl::turn(instant now) {
    begin(now);
    in_turn_ = true;
    units_ = settings_.units_per_turn;
    notice_clock(now);
    for (thread_window& w : windows_) {
        w.pass(now.mono);
    }
    const auto user_due = [&](timer t) {
        if (const live_user* l = live(user_key{t.id}); l != nullptr && l->armed == t.at) {
            on_user_deadline(user_key{t.id}, now);
        }
    };
    user_deadlines_.advance(now.mono, user_due, limits::timers_per_turn_max);
    const auto session_due = [&](timer t) {
        if (sessions_[t.id].used && sessions_[t.id].armed == t.at) {
            on_session_deadline(t.id, now);
        }
    };
    session_deadlines_.advance(now.mono, session_due, limits::timers_per_turn_max);
    // Marks are quicker than answers: when these lag behind, there is no hurry with more of them.
    const std::size_t kept_for_answers =
        ready_.size() > limits::ready_sessions_max ? units_ / 8 * 7 : units_ / 2;
    units_ -= kept_for_answers;
    run_jobs(now);
    units_ += kept_for_answers;
    const bool rebuilds = cursor_.session != no_index || !rebuilds_.empty();
    const std::size_t kept_for_rebuilds = rebuilds ? units_ / 2 : 0;
    units_ -= kept_for_rebuilds;
    serve_ready(now, false);
    units_ += kept_for_rebuilds;
    run_rebuilds(now);
    if (save_at_ && *save_at_ <= now.mono) {
        save_some(now, limits::saves_per_turn_max);
    }
    send_batches();
    in_turn_ = false;
}

void engine::impl::drain(instant now) {
    begin(now);
    in_turn_ = true;
    while (!jobs_.empty() || settling_ < live_.size()) {
        units_ = settings_.units_per_turn;
        run_jobs(now);
    }
    for (std::uint32_t i = 0; i < sessions_.size(); ++i) {
        if (sessions_[i].used && sessions_[i].parked) {
            must_answer(i, now.mono);
        }
    }
    serve_ready(now, true);
    while (cursor_.session != no_index || !rebuilds_.empty()) {
        units_ = settings_.units_per_turn;
        run_rebuilds(now);
    }
    send_batches();
    save_some(now, unsaved_.size());
    in_turn_ = false;
}

void engine::turn(instant now) {
    impl_->turn(now);
}

void engine::drain(instant now) {
    impl_->drain(now);
}

std::optional<mono_time> engine::next_turn() const {
    const impl& e = *impl_;
    if (!e.ready_.empty() || !e.jobs_.empty() || e.settling_ < e.live_.size() ||
        !e.rebuilds_.empty() || e.cursor_.session != no_index) {
        return e.last_now_;
    }
    std::optional<mono_time> next = e.save_at_;
    for (const auto due : {e.user_deadlines_.next(), e.session_deadlines_.next()}) {
        if (due && (!next || *due < *next)) {
            next = due;
        }
    }
    return next;
}

void engine::recycle(std::unique_ptr<batch> b) {
    constexpr std::size_t spare_max = 8;
    if (b != nullptr && b->begun != mono_time{}) {
        impl_->note_wait(b->thread, b->begun - b->at.mono, impl_->last_now_);
    }
    if (b != nullptr && impl_->spare_.size() < spare_max) {
        b->begun = {};
        b->arena.clear();
        b->subjects.clear();
        b->indices.clear();
        b->deliveries.clear();
        impl_->spare_.push_back(std::move(b));
    }
}

engine::counts engine::statistics() const {
    counts c = impl_->counts_;
    c.users_known = impl_->known_;
    c.users_online = impl_->settings_.enabled ? c.users_online : 0;
    c.rooms = impl_->rooms_known_;
    c.window = impl_->settings_.window;
    for (const thread_window& w : impl_->windows_) {
        c.window = std::max(c.window, w.length(impl_->settings_.window));
    }
    return c;
}

}  // namespace porchlight::engine
