#include "engine/impl.h"

// What ends or begins many streams at once: devices that go, presence as a whole on and off.
namespace porchlight::engine {

// Ends the streams of one device, or with an invalid key of all: parked polls are answered.
void engine::impl::end_streams(user_key u, device_key d, instant now) {
    const live_user* l = live(u);
    std::uint32_t i = l == nullptr ? no_index : l->first_session;
    while (i != no_index) {
        session& s = sessions_[i];
        const std::uint32_t next = s.next_of_user;
        if (!d.valid() || s.device == d) {
            close_stream(s, now);
            s.ends = true;
            if (s.parked) {
                must_answer(i, now.mono);
            } else {
                drop_session(i, now);
            }
        }
        i = next;
    }
}

// Switched off, everyone who showed something goes offline once; the cores go on, so that presence
// can come back as it is by then, but nothing of them is shown, sent or saved. What is shown
// follows the setting at once; who changed by that, and all streams, are found in turns.
void engine::impl::switch_presence(instant now) {
    switched_ = positions_.next(now);
    // One that is still under way is included: whoever it has not come to is as before.
    std::erase_if(jobs_, [](const job& j) { return j.what == job::kind::switched; });
    start({.what = job::kind::switched, .position = switched_}, now);
}

bool engine::impl::run_switched(job& j, instant now) {
    constexpr std::size_t users_per_unit = 4;
    for (; j.member_cursor < records_.size(); ++j.member_cursor) {
        if (units_ == 0) {
            return false;
        }
        const user_key u{static_cast<std::uint32_t>(j.member_cursor)};
        if (records_[u.index()].known && switch_user(u, j.position, now)) {
            spend(cost::change);
        } else if (j.member_cursor % users_per_unit == 0) {
            spend(1);
        }
    }
    // Everyone looks again. Streams opened since have asked, or are among these.
    for (; j.room_cursor < sessions_.size(); ++j.room_cursor) {
        if (units_ == 0) {
            return false;
        }
        if (sessions_[j.room_cursor].used) {
            mark_rebuild(j.room_cursor, now);
        }
        spend(1);
    }
    return true;
}

// True: others see it. The hidden look at least at themselves.
bool engine::impl::switch_user(user_key u, std::uint64_t position, instant now) {
    if (live_user* l = live(u); l != nullptr) {
        l->self_changed = l->core.hidden() ? position : l->self_changed;
    } else if (records_[u.index()].resting) {
        resting_user& rest = resting_.find(u.value)->second;
        rest.self_changed = rest.saved.hidden ? position : rest.self_changed;
    }
    const bool is = finds_interesting(u);
    if (!is && !is_interesting(u)) {
        return false;
    }
    set_interesting(u, is);
    changed_[u.index()] = std::max(changed_[u.index()], position);
    soil(u, now);
    tell_outside(u);
    return true;
}

// New settings of presence: deadlines may have come.
void engine::impl::run_settling(instant now) {
    for (; settling_ < live_.size() && units_ > 0; ++settling_) {
        if (live_user* l = live_[settling_].get(); l != nullptr) {
            apply(*l, l->core.settle(now), now, false);
            spend(cost::change);
        }
    }
}

presence::user engine::impl::copy_of(user_key u) const {
    if (const live_user* l = live(u); l != nullptr) {
        return l->core;
    }
    presence::saved_state saved;
    if (knows(u)) {
        if (const resting_user* rest = resting(u); rest != nullptr) {
            saved = rest->saved;
        }
        const std::int64_t active = records_[u.index()].last_active;
        if (active != never_active) {
            saved.last_active = base::from_unix_ms(active);
        }
    }
    return {settings_.presence, std::move(saved)};
}

}  // namespace porchlight::engine
