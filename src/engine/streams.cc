#include <algorithm>
#include <utility>

#include "engine/impl.h"

// The life of a session: opened, parked, answered, kept for the next poll, dropped.
namespace porchlight::engine {

void engine::impl::open(poll p, instant now) {
    begin(now);
    if (const std::uint32_t stale = sessions_.on_connection(p.handle);
        stale != no_index && sessions_[stale].handle != p.handle) {
        leave_parked(stale, now, false);
    }
    live_user& l = wake_up(p.user);
    const bool stays = !records_[p.user.index()].deactivated;
    const std::uint32_t i = session_for(p, l, now);
    session& s = sessions_[i];
    s.had_token = p.since.has_value();
    const place future{positions_.current(), 0};
    const bool from_future = p.since && (p.since->durable > durable_ || is_lost(p.since->durable) ||
                                         future.is_before(p.since->presence, user_key{}));
    if (from_future) {
        s.had_token = false;
    }
    s.everything = !s.had_token || p.full;
    s.full = from_future || p.full;
    s.rebuild = s.rebuild || s.everything;
    s.since = p.since && !from_future ? *p.since : token{};
    s.filter = std::move(p.filter);
    s.kind = p.kind;
    s.until = now.mono + p.timeout;
    s.timed_out = p.timeout <= milliseconds{0};
    s.durable_news = p.durable_news || !s.had_token || p.full;
    s.ends = !stays;
    s.must_answer = s.durable_news || p.timeout <= milliseconds{0} || !stays;
    s.at_once = s.at_once || s.cut || s.must_answer;
    s.cut = false;
    sessions_.park(i, p.handle);
    ++counts_.sessions;
    if (stays) {
        open_stream(s, l, p, now);
    }
    session& after = sessions_[i];
    if (after.must_answer || after.rebuild || !after.pending.empty()) {
        schedule_answer(i, now);
    }
    arm_session(i);
}

// Can what the session holds serve this poll, or must it be rebuilt from the token?
bool engine::impl::continues(const session& s, const poll& p) const {
    return s.device == p.device && s.peek == p.peek && !s.parked && p.since &&
           s.since.presence == p.since->presence && s.since.cut == p.since->cut;
}

std::uint32_t engine::impl::session_for(const poll& p, live_user& l, instant now) {
    for (std::uint32_t i = l.first_session; i != no_index; i = sessions_[i].next_of_user) {
        if (continues(sessions_[i], p)) {
            return i;
        }
    }
    make_room_for_stream(p, l, now);
    const std::uint32_t i = sessions_.allocate();
    session& s = sessions_[i];
    s.user = p.user;
    s.device = p.device;
    s.peek = p.peek;
    s.rebuild = true;
    s.marked = now.mono;
    s.next_of_user = l.first_session;
    l.first_session = i;
    if (++l.session_count == 1) {
        set_live_bits(p.user, true);
    }
    if (p.peek.valid()) {
        ensure_room(p.peek).peekers.push_back(i);
    }
    return i;
}

// At the limit the oldest idle session goes, else the oldest parked one is answered.
void engine::impl::make_room_for_stream(const poll& p, live_user& l, instant now) {
    std::size_t count = 0;
    std::uint32_t oldest_idle = no_index, oldest_parked = no_index;
    for (std::uint32_t i = l.first_session; i != no_index; i = sessions_[i].next_of_user) {
        if (sessions_[i].device != p.device) {
            continue;
        }
        ++count;  // the chain goes from the newest to the oldest
        (sessions_[i].parked ? oldest_parked : oldest_idle) = i;
    }
    if (count < limits::streams_per_device_max) {
        return;
    }
    if (oldest_idle != no_index) {
        drop_session(oldest_idle, now);
    } else if (!sessions_[oldest_parked].ends) {
        sessions_[oldest_parked].ends = true;
        must_answer(oldest_parked, now.mono);
    }
}

void engine::impl::open_stream(session& s, live_user& l, const poll& p, instant now) {
    presence::stream_request r = p.marks;
    if (p.resumed && s.puts != l.puts) {
        r.asked.reset();  // the same request as before must not undo a PUT that came since
    }
    s.puts = l.puts;
    s.marks = r;
    s.stream_open = true;
    apply(l, l.core.stream_opened(s.device, r, now), now, false);
}

void engine::impl::close_stream(session& s, instant now) {
    if (s.stream_open) {
        s.stream_open = false;
        live_user& l = *live(s.user);
        apply(l, l.core.stream_closed(s.device, s.marks.marks, now), now, false);
    }
}

// No poll waits here any more. The session is kept for a while: the client may come again.
void engine::impl::leave_parked(std::uint32_t i, instant now, bool answered) {
    session& s = sessions_[i];
    give_up_rebuild(i);
    sessions_.unpark(i);
    --counts_.sessions;
    close_stream(s, now);
    s.answer_at = mono_time::max();
    s.must_answer = false;
    if (s.filter) {
        s.rebuild |= !answered || s.cut;  // the next poll may want what this one did not
        s.filter.reset();
    }
    s.everything = s.full = false;
    if (s.ends || !s.had_token) {
        drop_session(i, now);
        return;
    }
    s.until = now.mono + limits::session_linger;
    arm_session(i);
}

void engine::impl::drop_session(std::uint32_t i, instant now) {
    session& s = sessions_[i];
    give_up_rebuild(i);
    if (s.parked) {
        sessions_.unpark(i);
        --counts_.sessions;
    }
    close_stream(s, now);
    const user_key u = s.user;
    live_user& l = *live(u);
    std::uint32_t* link = &l.first_session;
    while (*link != i) {
        link = &sessions_[*link].next_of_user;
    }
    *link = s.next_of_user;
    if (s.peek.valid()) {
        std::erase(rooms_[s.peek.index()].peekers, i);
    }
    sessions_.release(i);
    if (--l.session_count == 0) {
        set_live_bits(u, false);
    }
    rest_if_idle(u);
}

// A parked session has something to say: now, or when its window is over.
void engine::impl::schedule_answer(std::uint32_t i, instant now) {
    session& s = sessions_[i];
    if (s.on_ready || s.rebuilding) {
        return;
    }
    const bool wait = !s.at_once && !s.must_answer && s.last_answer != mono_time::min();
    const mono_time at =
        wait ? s.last_answer + window_of(s.handle.thread).length(settings_.window) : now.mono;
    if (at <= now.mono) {
        make_ready(i, now.mono);
    } else if (at < s.answer_at) {
        s.answer_at = at;
        arm_session(i);
    }
}

void engine::impl::make_ready(std::uint32_t i, mono_time since) {
    session& s = sessions_[i];
    if (!s.on_ready && !s.rebuilding) {
        s.on_ready = true;
        ready_.push_back({i, since});
    }
}

void engine::impl::must_answer(std::uint32_t i, mono_time since) {
    sessions_[i].must_answer = true;
    make_ready(i, since);
}

thread_window& engine::impl::window_of(std::uint32_t thread) {
    if (thread >= windows_.size()) {
        windows_.resize(thread + 1);
    }
    return windows_[thread];
}

void engine::impl::note_wait(std::uint32_t thread, milliseconds waited, mono_time now) {
    if (window_of(thread).note_wait(waited, now, settings_.window)) {
        ++counts_.windows_doubled;
    }
}

void engine::impl::arm_session(std::uint32_t i) {
    session& s = sessions_[i];
    const mono_time due = std::min(s.until, s.answer_at);
    if (due < s.armed) {
        s.armed = due;
        session_deadlines_.insert(due, {due, i});
    }
}

void engine::impl::on_session_deadline(std::uint32_t i, instant now) {
    session& s = sessions_[i];
    s.armed = mono_time::max();
    if (!s.parked) {
        if (s.until <= now.mono) {
            drop_session(i, now);
        } else {
            arm_session(i);
        }
        return;
    }
    if (s.until <= now.mono) {
        s.timed_out = true;
        must_answer(i, s.until);
        return;
    }
    if (s.answer_at <= now.mono) {
        make_ready(i, std::exchange(s.answer_at, mono_time::max()));
    }
    arm_session(i);
}

// Up to where whoever is answered now has heard everything.
std::uint64_t engine::impl::told_up_to() const {
    return jobs_.empty() ? positions_.current()
                         : std::min(positions_.current(), jobs_.front().position - 1);
}

token engine::impl::token_for(const session& s) const {
    token t{.durable = durable_, .presence = told_up_to(), .cut = 0};
    if (s.had_token && t.presence < s.since.presence) {
        t.presence = s.since.presence;
        t.cut = s.since.cut;
    }
    return t;
}

}  // namespace porchlight::engine
