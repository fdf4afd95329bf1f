#include <algorithm>
#include <limits>
#include <utility>

#include "engine/impl.h"

// The rebuild of a stream that sees too many for one piece: a cursor goes over its rooms, turn by
// turn, and keeps the rows that come first. One stream at a time; the others wait their turn.
//
// What changes meanwhile is marked as for any other stream, and goes into the next answer: the
// token of this one says no more than what was true when the cursor set out.
namespace porchlight::engine {

namespace {

constexpr std::size_t members_per_piece = 1024;

// By place; the last of the heap is on top.
bool comes_before(const row& a, const row& b) {
    return std::pair{a.position, a.subject} < std::pair{b.position, b.subject};
}

}  // namespace

// Cost: O(rooms of the user).
bool engine::impl::is_large(const session& s) const {
    const auto size_of = [](const room& r) {
        return r.members.size() + (r.ended ? r.ended->interesting.size() : 0);
    };
    if (s.peek.valid()) {
        return s.peek.index() < rooms_.size() &&
               size_of(rooms_[s.peek.index()]) > settings_.units_per_call;
    }
    std::size_t sum = 0;
    for (const room_key key : records_[s.user.index()].rooms.all()) {
        sum += size_of(rooms_[key.index()]);
    }
    return sum > settings_.units_per_call;
}

void engine::impl::queue_rebuild(std::uint32_t i) {
    sessions_[i].rebuild = sessions_[i].rebuilding = true;
    rebuilds_.push_back(i);
}

// The session needs no answer any more, or may need another.
void engine::impl::give_up_rebuild(std::uint32_t i) {
    session& s = sessions_[i];
    if (!s.rebuilding) {
        return;
    }
    s.rebuilding = false;
    s.rebuild = true;
    if (cursor_.session == i) {
        cursor_.session = no_index;
    }
}

void engine::impl::run_rebuilds(instant now) {
    candidates_.clear();  // of whoever was served last
    ended_.clear();
    while (units_ > 0 && (cursor_.session != no_index || !rebuilds_.empty())) {
        if (cursor_.session == no_index) {
            const std::uint32_t i = rebuilds_.front();
            rebuilds_.pop_front();
            if (!sessions_[i].rebuilding) {
                continue;  // it went away
            }
            begin_rebuild(i);
        }
        const session& s = sessions_[cursor_.session];
        if (go_over_rooms(s)) {
            finish_rebuild(now);
        }
    }
}

void engine::impl::begin_rebuild(std::uint32_t i) {
    session& s = sessions_[i];
    ++counts_.rebuilt;
    found_.clear();
    cursor_ = {.session = i,
               .most = std::min(limits::presence_per_response_max,
                                s.filter ? s.filter->limit() : ~std::size_t{0}),
               .told = token_for(s),
               .held_back = !jobs_.empty(),
               .marked = s.marked};
    seen_.assign(records_.size() / 64 + 1, 0);
    if (!s.peek.valid()) {
        see_first_time(s.user);  // added at the end
    }
    s.rebuild = false;  // what is marked from now on is kept
    s.pending.clear();
}

bool engine::impl::see_first_time(user_key u) {
    if (u.index() / 64 >= seen_.size()) {
        seen_.resize(u.index() / 64 + 1);
    }
    std::uint64_t& word = seen_[u.index() / 64];
    const std::uint64_t bit = std::uint64_t{1} << (u.index() % 64);
    return (std::exchange(word, word | bit) & bit) == 0;
}

// True: it has been everywhere.
bool engine::impl::go_over_rooms(const session& s) {
    candidates_.clear();  // of somebody who was answered in between
    ended_.clear();
    if (s.peek.valid()) {
        return go_over(s, s.peek, 0);
    }
    const auto rooms = records_[s.user.index()].rooms.all();
    auto at = std::ranges::lower_bound(rooms, room_key{cursor_.room});
    for (; at != rooms.end(); ++at) {
        if (at->value != cursor_.room) {
            cursor_.room = at->value;
            cursor_.stage = rebuild_cursor::stages::visible;
            cursor_.member = 0;
        }
        const room& r = rooms_[at->index()];
        if (!go_over(s, *at, r.since[r.find(s.user)])) {
            return false;
        }
    }
    rebuild_list(s);
    keep_candidates(s);
    if (!s.everything || s.full) {
        for (const losses::loss& l : losses_.of(s.user)) {
            ended_.push_back({l.subject, l.position, l.last_active});
        }
        keep_ended(s);
    }
    return true;
}

// One room, from where the cursor stands. False: there are no units left.
bool engine::impl::go_over(const session& s, room_key key, std::uint64_t observer_since) {
    using stages = rebuild_cursor::stages;
    const room& r = ensure_room(key);
    const place ended_since = place::of(s.since);
    // The cursor is a key: indices move when somebody comes or goes between two turns.
    const auto pieces = [&](const std::vector<user_key>& members, auto each) {
        const auto from = std::ranges::lower_bound(members, user_key{cursor_.member});
        auto begin = static_cast<std::size_t>(from - members.begin());
        while (begin < members.size()) {
            if (units_ == 0) {
                cursor_.member = members[begin].value;
                return false;
            }
            const std::size_t most =
                std::clamp<std::size_t>(units_ / cost::candidate, 1, members_per_piece);
            const std::size_t end = std::min(members.size(), begin + most);
            each(span_of_members{begin, end});
            spend(1);
            begin = end;
        }
        cursor_.member = 0;
        return true;
    };
    if (cursor_.stage == stages::visible) {
        if (r.counts && !pieces(r.members, [&](span_of_members part) {
                rebuild_room(s, r, observer_since, part);
                keep_candidates(s);
            })) {
            return false;
        }
        cursor_.member = 0;
        cursor_.stage = stages::ended_interesting;
    }
    if (!tells_of_end(s, r, observer_since, ended_since)) {
        return true;
    }
    if (cursor_.stage == stages::ended_interesting) {
        if (!pieces(r.ended->interesting, [&](span_of_members part) {
                for (std::size_t k = part.begin; k < part.end; ++k) {
                    add_ended(s, r, r.ended->interesting[k], r.ended->position, ended_since);
                }
                keep_ended(s);
            })) {
            return false;
        }
        add_ended_blocks(s, r, ended_since);
        keep_ended(s);
        cursor_.stage = stages::ended_members;
    }
    return pieces(r.members, [&](span_of_members part) {
        rebuild_ended_members(s, r, observer_since, ended_since, part);
        keep_ended(s);
    });
}

void engine::impl::keep_candidates(const session& s) {
    const place since = s.everything ? place{} : place::of(s.since);
    spend(candidates_.size() * cost::candidate);
    for (const user_key u : candidates_) {
        if (!see_first_time(u)) {
            continue;
        }
        if (const auto found = row_of(s, u, since)) {
            keep(*found);
        }
    }
    candidates_.clear();
}

void engine::impl::keep_ended(const session& s) {
    const place since = place::of(s.since);
    spend(ended_.size() * cost::candidate);
    for (const ended_view& e : ended_) {
        if (is_news(s, e, since)) {
            keep(row_of(e));
        }
    }
    ended_.clear();
}

// The first `most` rows by place, and one that says that there are more.
void engine::impl::keep(const row& r) {
    if (found_.size() > cursor_.most) {
        cursor_.left_out = true;
        if (!comes_before(r, found_.front())) {
            return;
        }
        std::ranges::pop_heap(found_, comes_before);
        found_.pop_back();
    }
    found_.push_back(r);
    std::ranges::push_heap(found_, comes_before);
}

// What was seen turns ago may be seen no more, or otherwise. One row for each subject.
// Who is seen no more may be told of at the very place that the row had (see add_ended()).
void engine::impl::look_again(const session& s) {
    std::erase_if(found_, [&](row& r) {
        const presence::sight how = sight_of(s, r.subject);
        if (r.what == row::kind::lost) {
            return how != presence::sight::none;
        }
        if (how == presence::sight::none && (!cursor_.untold || comes_before(r, *cursor_.untold))) {
            cursor_.untold = r;
        }
        r.what = how == presence::sight::frozen ? row::kind::frozen
                 : r.subject == s.user          ? row::kind::self
                                                : row::kind::others;
        return how == presence::sight::none;
    });
    std::ranges::sort(found_, [](const row& a, const row& b) {
        return std::pair{a.subject, b.position} < std::pair{b.subject, a.position};
    });
    const auto repeats = std::ranges::unique(found_, {}, &row::subject);
    found_.erase(repeats.begin(), repeats.end());
    std::ranges::sort(found_, comes_before);
}

void engine::impl::finish_rebuild(instant now) {
    const std::uint32_t i = std::exchange(cursor_.session, no_index);
    session& s = sessions_[i];
    s.rebuilding = false;
    std::optional<row> last;  // up to there nothing was left out
    if (cursor_.left_out) {
        last = found_.front();
    }
    look_again(s);
    const place since = s.everything ? place{} : place::of(s.since);
    if (const auto self = s.peek.valid() ? std::nullopt : row_of(s, s.user, since);
        self && (!last || s.everything || comes_before(*self, *last))) {
        found_.insert(std::ranges::upper_bound(found_, *self, comes_before), *self);
    }
    rows_ = found_;
    for (std::size_t k = 0; k < rows_.size(); ++k) {
        settle_if_due(rows_[k].subject, now);
    }
    spend(rows_.size() * cost::row);
    tell_rebuilt(i, last, now);
}

void engine::impl::stop_before(session& s, const row& r) {
    if (!place::of(s.since).is_before(r.position, r.subject) ||
        place::of(next_).is_before(r.position, r.subject)) {
        return;
    }
    s.rebuild = true;
    next_.cut = r.subject.value;
    next_.presence = next_.cut == 0 ? r.position - 1 : r.position;
}

void engine::impl::tell_rebuilt(std::uint32_t i, const std::optional<row>& last, instant now) {
    session& s = sessions_[i];
    if (rows_.empty() && last) {
        queue_rebuild(i);  // all of them went out of sight; there are others
        return;
    }
    if (rows_.empty() && !s.must_answer) {
        s.at_once = false;
        s.answer_at = mono_time::max();
        if (s.rebuild || !s.pending.empty()) {
            schedule_answer(i, now);
        }
        return;
    }
    next_ = token_for(s);
    if (next_.presence > cursor_.told.presence) {
        next_.presence = cursor_.told.presence;
        next_.cut = cursor_.told.cut;
    }
    s.cut = false;
    std::size_t count = rows_.empty() ? 0 : fitting(now, std::min(cursor_.most, rows_.size()));
    const bool all = count == rows_.size() && !last;
    if (!all) {
        const row& end = count < rows_.size() || !last ? rows_[count - 1] : *last;
        if (end.position <= cursor_.told.presence) {
            s.cut = true;
            next_.presence = end.position;
            next_.cut = end.subject.value + 1;
            if (s.everything && !s.had_token) {
                put_self_in(s, count);
            }
        }
    }
    if (s.had_token && cursor_.untold) {
        stop_before(s, *cursor_.untold);
    }
    const mono_time marked = std::exchange(s.marked, cursor_.marked);
    deliver(i, count, now, cursor_.held_back);
    sessions_[i].marked = marked;
    sessions_[i].rebuild |= !all;
    leave_parked(i, now, true);
}

}  // namespace porchlight::engine
