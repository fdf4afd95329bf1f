#include <algorithm>

#include "engine/impl.h"

// From the store to the state the last run left.
namespace porchlight::engine {

void engine::impl::grow_records(std::size_t size) {
    if (size > records_.capacity()) {
        const std::size_t capacity = std::max(size, records_.capacity() + records_.capacity() / 2);
        records_.reserve(capacity);
        changed_.reserve(capacity);
    }
    records_.resize(size);
    changed_.resize(size);
}

// The first input after loading: who was not offline is taken up again, as saved.
void engine::impl::begin(instant now) {
    last_now_ = now.mono;
    if (begun_) {
        return;
    }
    begun_ = true;
    switched_ = positions_.restart();
    // What a crash made news must still be news to old tokens after the next, clean stop.
    for (std::uint32_t u = 0; !clean_ && u < records_.size(); ++u) {
        if (changed_[u] == positions_.restart()) {
            soil(user_key{u}, now);
        }
    }
    doubt_all();
    for (auto& [u, rest] : resting_) {
        if (records_[u].deactivated) {
            rest.saved.text.clear();
            rest.saved.text_expires.reset();
            rest.saved.frozen_text.clear();
            rest.saved.suppressed.clear();
        }
    }
    // An expiring text comes before the state of the same user.
    std::ranges::sort(held_, [](const auto& a, const auto& b) {
        return std::pair{a.first, a.second.state} < std::pair{b.first, b.second.state};
    });
    for (const auto& [u, s] : held_) {
        records_[u.index()].remote ? hold_remote(u, s, now) : hold(u, s, now);
    }
    held_ = {};
    for (auto& [u, rest] : resting_) {
        set_interesting(user_key{u}, finds_interesting(user_key{u}));
    }
    std::ranges::sort(visibility_changes_, {}, &visibility_change::user);
    for (room& r : rooms_) {
        r.shrink();
        for (std::size_t i = 0; r.ended && i < r.members.size(); ++i) {
            if (!showed_at(r.members[i], r.ended->position)) {
                r.ended->concealed.push_back(r.members[i]);
            }
            // A join that ended the room took the position before.
            if (r.since[i] + 1 == r.ended->position) {
                r.ended->newcomer = r.members[i];
            } else if (changed_[r.members[i].index()] != 0 && r.since[i] < r.ended->position) {
                r.ended->interesting.push_back(r.members[i]);
            }
        }
    }
    acceptances_.shrink();
    for (departure& d : departures_) {
        const room& r = ensure_room(d.room);
        d.position = r.counts ? positions_.restart() : r.ended ? r.ended->position : 0;
    }
    at_start_ = true;
    recount_all(now);  // the policy may be another than in the last run
    at_start_ = false;
    part_all();
}

const engine::impl::visibility_change* engine::impl::change_of(user_key u) const {
    const auto change =
        std::ranges::lower_bound(visibility_changes_, u, {}, &visibility_change::user);
    return change == visibility_changes_.end() || change->user != u ? nullptr : &*change;
}

// May the rooms have shown the user at that position?
bool engine::impl::showed_at(user_key u, std::uint64_t position) const {
    const visibility_change* change = change_of(u);
    // Without a position it was the last thing that happened.
    const bool came_later =
        change != nullptr && (change->position == 0 || change->position > position);
    return (came_later ? change->before : shown_of_late(u)) == user_visibility::everyone;
}

// Whoever may have seen somebody before the crash, and does not know yet that it is over.
void engine::impl::part_all() {
    for (const departure& d : departures_) {
        if (d.position == 0) {
            continue;  // nobody saw anybody for that room
        }
        const auto part_both = [&](user_key m) {
            if (shown_of_late(m) == user_visibility::everyone) {
                part(d.user, m, d.position);
            }
            if (shown_of_late(d.user) == user_visibility::everyone) {
                part(m, d.user, d.position);
            }
        };
        std::ranges::for_each(ensure_room(d.room).members, part_both);
        for (const departure& other : departures_) {
            if (other.room == d.room && other.user != d.user) {
                part_both(other.user);
            }
        }
    }
    for (const auto& [observer, subject] : ended_acceptances_) {
        if (shown_of_late(subject) != user_visibility::nobody) {
            part(observer, subject, positions_.restart());
        }
    }
    for (const auto& [u, before, position, is_open] : visibility_changes_) {
        if (!is_open) {
            continue;
        }
        const job change{.position = position == 0 ? positions_.restart() : position,
                         .user = u,
                         .before = before};
        for (const room_key key : records_[u.index()].rooms.all()) {
            const room& r = rooms_[key.index()];
            for (std::size_t i = 0; r.ended && i < r.members.size(); ++i) {
                if (was_lost_with(r, change, r.members[i])) {
                    part(r.members[i], u, r.ended->position);
                }
            }
        }
        for (const user_key o : audience_of(u)) {
            const std::uint64_t since = reason_under(before, o, u).counted;
            if (since != reason{}.counted && (position == 0 || since < position)) {
                part(o, u, positions_.restart());
            }
        }
    }
    departures_ = {};
    ended_acceptances_ = {};
    visibility_changes_ = {};
}

// After a power loss tokens may know of what is lost: everything is told to them again. One
// position does for all users, so nothing is stored for each.
void engine::impl::doubt_all() {
    if (power_loss_ == 0) {
        return;
    }
    for (std::size_t u = 0; u < records_.size(); ++u) {
        changed_[u] = std::max(changed_[u], power_loss_);
    }
    for (const room& r : rooms_) {
        if (r.ended && r.ended->position <= power_loss_) {
            r.ended->position = power_loss_;
            r.ended->at.reset();
        }
    }
}

// Without the activity: nobody knows what came first before the crash, and of somebody who was
// never seen it is not told.
void engine::impl::part(user_key observer, user_key subject, std::uint64_t position) {
    if (!may_see(observer, subject)) {
        add_loss(observer, subject, position, std::nullopt);
    }
}

void engine::impl::hold(user_key u, const saved_presence& saved, instant now) {
    user_record& r = records_[u.index()];
    const bool shows = settings_.enabled && !r.deactivated;
    if (!shows && saved.state != presence::state::offline) {
        changed_[u.index()] = positions_.restart();  // its last offline is still to be told
        soil(u, now);
    }
    live_user& l = wake_up(u);
    const presence::state held = shows ? saved.state : presence::state::offline;
    presence::changes c = l.core.restored(held, now);
    if (held != presence::state::offline) {
        // An open stream of the devices of before, until the grace may begin.
        c |= l.core.stream_opened(device_key{}, {.marks = true, .asked = saved.state}, now);
        l.hold_until = mono_time::max();
        r.saved = saved.state;
        if (l.core.seen_by_others(now).currently_active != saved.active && !l.core.hidden()) {
            changed_[u.index()] = positions_.next(now);  // it ended meanwhile
            soil(u, now);
        }
    }
    if (c.lasting) {
        r.saved_behind = true;
        out_.save(status_row_of(u, l.core.saved()));
        changed_[u.index()] = positions_.next(now);
        soil(u, now);
    }
    refresh_interesting(u);
    arm(l);
    rest_if_idle(u);
}

void engine::load_status(const ports::status_row& r) {
    impl& e = *impl_;
    ASSERT(!e.begun_);
    user_record& record = e.ensure(r.user);
    if (!e.clean_) {
        // It may have been stored just before the end, and told to nobody.
        e.changed_[r.user.index()] = e.positions_.restart();
    }
    if (r.text.empty() && !r.hidden && r.suppressed.empty()) {
        return;
    }
    record.resting = true;
    e.resting_[r.user.value].saved = {.last_active = std::nullopt,
                                      .text = r.text,
                                      .text_expires = r.text_expires,
                                      .hidden = r.hidden,
                                      .hidden_by = r.hidden_by,
                                      .frozen_text = r.frozen_text,
                                      .frozen_last_active = r.frozen_last_active,
                                      .suppressed = r.suppressed};
    if (r.text_expires) {
        e.held_.emplace_back(r.user, saved_presence{});
    }
}

void engine::load_presence(const ports::presence_row& r, bool was_dirty) {
    impl& e = *impl_;
    ASSERT(!e.begun_);
    user_record& record = e.ensure(r.user);
    record.last_active = r.last_active ? base::unix_ms(*r.last_active) : never_active;
    std::uint64_t& changed = e.changed_[r.user.index()];
    changed = std::max(changed, r.changed);
    if (!e.clean_ && (was_dirty || r.state != 0)) {
        changed = e.positions_.restart();
    }
    const auto saved = saved_presence::of(r.state);
    if (saved && saved->state != presence::state::offline) {
        e.held_.emplace_back(r.user, *saved);
    }
}

void engine::load_membership(room_key r, user_key u, std::uint64_t presence_position) {
    impl& e = *impl_;
    ASSERT(!e.begun_);
    if (presence_position == 0 && !e.clean_) {
        presence_position = e.positions_.restart();
    }
    user_record& record = e.ensure(u);
    if (e.ensure_room(r).add(u, presence_position, false, false)) {
        record.rooms.insert(r);
    }
}

void engine::load_excluded_rooms(std::vector<room_key> rooms) {
    impl_->settings_.rooms_excluded = std::move(rooms);
}

void engine::load_room(room_key r, bool is_public, std::size_t members) {
    ASSERT(!impl_->begun_);
    room& in = impl_->ensure_room(r);
    in.is_public = is_public;
    in.members.reserve(members);
    in.since.reserve(members);
}

void engine::load_users(std::uint32_t bound) {
    ASSERT(!impl_->begun_);
    impl_->records_.reserve(bound);
    impl_->changed_.reserve(bound);
}

void engine::load_room_flip(room_key key, bool counted, std::uint64_t position) {
    ASSERT(!impl_->begun_);
    room& r = impl_->ensure_room(key);
    r.counts = counted;
    r.size_allows = counted;
    if (counted) {
        r.counting_since = position;
        return;
    }
    r.ended = std::make_unique<room::ending>();
    r.ended->position = position;
    r.ended->at = base::from_unix_ms(static_cast<std::int64_t>(position >> 16));
}

void engine::load_power_loss(std::uint64_t position) {
    ASSERT(!impl_->begun_);
    impl_->power_loss_ = position;
}

void engine::load_lost_positions(std::uint64_t after, std::uint64_t until) {
    ASSERT(!impl_->begun_ && after <= until);
    impl_->lost_after_ = after;
    impl_->lost_until_ = until;
}

void engine::load_loss(const ports::loss_row& r) {
    ASSERT(!impl_->begun_);
    impl_->losses_.add(r.observer, {r.subject, r.position, r.last_active});
}

void engine::load_departure(room_key r, user_key u) {
    ASSERT(!impl_->begun_);
    impl_->ensure(u);  // it may be in no other room, and have no row of presence
    impl_->departures_.push_back({.room = r, .user = u});
}

void engine::ready(instant now) {
    impl& e = *impl_;
    e.begin(now);
    const auto spread = std::max<std::int64_t>(e.settings_.restart_spread.count(), 0) + 1;
    for (const std::unique_ptr<live_user>& l : e.live_) {
        if (l != nullptr && l->hold_until) {
            const std::uint64_t mixed = (l->user.value + 1) * 0x9e37'79b9'7f4a'7c15ULL >> 32;
            const auto delay =
                static_cast<std::int64_t>(mixed % static_cast<std::uint64_t>(spread));
            l->hold_until = now.mono + milliseconds{delay};
            e.arm(*l);
        }
    }
}

}  // namespace porchlight::engine
