#include <algorithm>

#include "engine/impl.h"

// Marking: who must hear of a change. Hot path: no strings, no allocation per mark.
namespace porchlight::engine {

void engine::impl::mark(std::uint32_t i, user_key subject, instant now) {
    session& s = sessions_[i];
    ++counts_.marks;
    // Between two polls the filter of the next one is not known yet.
    if (s.parked && s.filter && (s.filter->limit() == 0 || !s.filter->accepts(subject))) {
        return;
    }
    if (s.pending.empty() && !s.rebuild) {
        s.marked = now.mono;
    }
    if (!s.rebuild && !s.pending.add(subject)) {
        s.rebuild = true;
        s.pending.reset();
        ++counts_.overflowed;
    }
    if (s.parked) {
        schedule_answer(i, now);
    }
}

void engine::impl::mark_user(live_user& l, user_key subject, instant now, std::uint64_t position) {
    for (std::uint32_t i = l.first_session; i != no_index; i = sessions_[i].next_of_user) {
        if (!sessions_[i].peek.valid() && place::of(sessions_[i].since).may_be_before(position)) {
            mark(i, subject, now);
        }
    }
}

// One's own changes don't wait for the window.
void engine::impl::mark_self(live_user& l, instant now) {
    for (std::uint32_t i = l.first_session; i != no_index; i = sessions_[i].next_of_user) {
        session& s = sessions_[i];
        if (!s.peek.valid()) {
            s.at_once = true;
            mark(i, l.user, now);
        }
    }
}

void engine::impl::mark_peekers(const room& r, user_key subject, instant now) {
    for (const std::uint32_t i : r.peekers) {
        mark(i, subject, now);
    }
}

void engine::impl::mark_rebuild(std::uint32_t i, instant now) {
    session& s = sessions_[i];
    if (s.pending.empty() && !s.rebuild) {
        s.marked = now.mono;
    }
    s.rebuild = true;
    s.pending.clear();
    if (s.parked) {
        schedule_answer(i, now);
    }
}

// Small work is done inside the call; what is larger goes on in turns.
void engine::impl::start(job j, instant now) {
    if (j.what == job::kind::fan_out) {
        j.epoch = ++epoch_;
    }
    if (!in_turn_) {
        units_ = settings_.units_per_call;
    }
    if (!run(j, now)) {
        auto at = jobs_.end();
        while (at != jobs_.begin() && std::prev(at)->position > j.position) {
            --at;
        }
        jobs_.insert(at, std::move(j));
    }
}

void engine::impl::run_jobs(instant now) {
    while (!jobs_.empty() && units_ > 0) {
        if (!run(jobs_.front(), now)) {
            return;
        }
        jobs_.pop_front();
    }
    run_settling(now);
}

bool engine::impl::run(job& j, instant now) {
    switch (j.what) {
        case job::kind::fan_out:
            return run_fan_out(j, now);
        case job::kind::join:
            return run_join(j, now);
        case job::kind::leave:
            return run_leave(j, now);
        case job::kind::flip:
            return run_flip(j, now);
        case job::kind::visibility:
            return run_visibility(j, now);
        case job::kind::switched:
            return run_switched(j, now);
    }
    return true;
}

bool engine::impl::run_fan_out(job& j, instant now) {
    const auto rooms = records_[j.user.index()].rooms.all();
    auto at = shows_in_rooms(j.user) ? std::ranges::lower_bound(rooms, room_key{j.room_cursor})
                                     : rooms.end();
    for (; at != rooms.end(); ++at) {
        if (at->value != j.room_cursor) {
            j.room_cursor = at->value;
            j.member_cursor = 0;
        }
        const room& r = rooms_[at->index()];
        if (!r.counts) {
            continue;
        }
        if (j.member_cursor == 0) {
            mark_peekers(r, j.user, now);
        }
        if (!fan_out_in(j, r, now)) {
            return false;
        }
    }
    return mark_observers(j, now);
}

// Those whom the subject accepted.
bool engine::impl::mark_observers(job& j, instant now) {
    const user_record& record = records_[j.user.index()];
    if (!record.has_observers || record.visibility == user_visibility::nobody) {
        return true;
    }
    if (j.room_cursor != observers_cursor) {
        j.room_cursor = observers_cursor;
        j.member_cursor = 0;
    }
    return fan_out_in(j, *acceptances_.observers_of(j.user), now);
}

bool engine::impl::fan_out_in(job& j, const member_list& list, instant now) {
    // The cursor is a key: indices move when somebody comes or goes between two turns.
    const auto from = std::ranges::lower_bound(
        list.members, user_key{static_cast<std::uint32_t>(j.member_cursor)});
    for (auto w = static_cast<std::size_t>(from - list.members.begin()) / 64; w < list.live.words();
         ++w) {
        if (units_ == 0) {
            j.member_cursor = list.members[w * 64].value;
            return false;
        }
        --units_;
        for (std::uint64_t bits = list.live.word(w); bits != 0; bits &= bits - 1) {
            const auto i = w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
            const user_key observer = list.members[i];
            const user_record& record = records_[observer.index()];
            live_user& l = *live_[record.live];
            if (l.pass == j.epoch || observer == j.user) {
                continue;
            }
            l.pass = j.epoch;
            if (record.is_blocked && blocks_.find(observer, j.user) != nullptr) {
                continue;
            }
            mark_user(l, j.user, now);
            units_ -= units_ > 0 ? 1 : 0;
        }
    }
    return true;
}

// An observer who had no reason before `since` hears of the subject once, offline too.
void engine::impl::hear_of(user_key observer, user_key subject, std::uint64_t since, instant now) {
    const reason why = reason_to_see(observer, subject);
    if (why.joined == reason{}.joined || why.joined < since) {
        return;
    }
    if (!losses_.empty()) {
        forget_loss(observer, subject);
    }
    live_user* l = settings_.enabled ? live(observer) : nullptr;
    if (l != nullptr) {
        mark_user(*l, subject, now);
    }
}

bool engine::impl::run_join(job& j, instant now) {
    room& r = rooms_[j.room.index()];
    if (!r.counts || !r.has(j.user)) {
        return true;
    }
    if (j.member_cursor == 0) {
        mark_peekers(r, j.user, now);
    }
    auto at =
        std::ranges::lower_bound(r.members, user_key{static_cast<std::uint32_t>(j.member_cursor)});
    for (; at != r.members.end(); ++at) {
        if (units_ == 0) {
            j.member_cursor = at->value;
            return false;
        }
        spend(cost::pair);
        if (*at != j.user) {
            hear_of(*at, j.user, j.position, now);
            hear_of(j.user, *at, j.position, now);
        }
    }
    return true;
}

bool engine::impl::run_leave(job& j, instant now) {
    for (; j.member_cursor < j.parted.size(); ++j.member_cursor) {
        if (units_ == 0) {
            return false;
        }
        spend(cost::pair / 2);
        const auto [observer, subject] = j.parted[j.member_cursor];
        if (may_see(observer, subject)) {
            continue;
        }
        add_loss(observer, subject, j.position,
                 std::min(seen_activity(observer, subject), j.until));
        if (live_user* l = live(observer); l != nullptr) {
            mark_user(*l, subject, now, j.position);
        }
    }
    return true;
}

bool engine::impl::run_flip(job& j, instant now) {
    room& r = rooms_[j.room.index()];
    if (j.member_cursor == 0) {
        for (const std::uint32_t i : r.peekers) {
            mark_rebuild(i, now);
        }
    }
    auto at =
        std::ranges::lower_bound(r.members, user_key{static_cast<std::uint32_t>(j.member_cursor)});
    for (; at != r.members.end(); ++at) {
        if (units_ == 0) {
            j.member_cursor = at->value;
            return false;
        }
        --units_;
        if (const live_user* l = live(*at); l != nullptr) {
            for (std::uint32_t i = l->first_session; i != no_index; i = sessions_[i].next_of_user) {
                if (!sessions_[i].peek.valid()) {
                    mark_rebuild(i, now);
                }
            }
        }
    }
    return true;
}

}  // namespace porchlight::engine
