#include <algorithm>

#include "engine/impl.h"

// What a stream must hear, found from its token alone.
namespace porchlight::engine {

// Fills rows_ with everything past the token of `s` (or with all that it may see).
void engine::impl::rebuild(const session& s) {
    ++counts_.rebuilt;
    rows_.clear();
    candidates_.clear();
    ended_.clear();
    const place since = s.everything ? place{} : place::of(s.since);
    // A full answer too must say what ended since the token; one of a lost future, all that ended.
    const place ended_since = place::of(s.since);
    candidates_.push_back(s.user);
    if (s.peek.valid()) {
        candidates_.clear();
        const room& r = ensure_room(s.peek);
        rebuild_room(s, r, 0, {0, r.members.size()});
        rebuild_ended(s, r, 0, ended_since);
    } else {
        for (const room_key key : records_[s.user.index()].rooms.all()) {
            const room& r = rooms_[key.index()];
            const std::uint64_t joined = r.since[r.find(s.user)];
            rebuild_room(s, r, joined, {0, r.members.size()});
            rebuild_ended(s, r, joined, ended_since);
        }
        rebuild_list(s);
    }
    add_candidates(s, since);
    if (!s.everything || s.full) {
        rebuild_losses(s, ended_since);
    }
    spend(candidates_.size() * cost::candidate + 1);
}

// Of the members that `part` names.
void engine::impl::rebuild_room(const session& s, const room& r, std::uint64_t observer_since,
                                span_of_members part) {
    if (!r.counts) {
        return;
    }
    spend((part.end - part.begin) / cost::scanned);
    if (s.everything && !s.full) {
        room::each(r.interesting, part.begin, part.end,
                   [&](std::size_t i) { candidates_.push_back(r.members[i]); });
        return;
    }
    if (s.full) {
        const auto at = [&](std::size_t i) {
            return r.members.begin() + static_cast<std::ptrdiff_t>(i);
        };
        candidates_.insert(candidates_.end(), at(part.begin), at(part.end));
        return;
    }
    const place since = place::of(s.since);
    const std::uint64_t base = std::max(observer_since, r.counting_since);
    const bool all_new = since.may_be_before(base);
    for (std::size_t i = part.begin; i < part.end; ++i) {
        const std::uint64_t p = std::max(changed_[r.members[i].index()], r.since[i]);
        if (all_new || since.may_be_before(p)) {
            candidates_.push_back(r.members[i]);
        }
    }
}

// Those who accepted the observer; and who blocks the observer, whatever their state.
void engine::impl::rebuild_list(const session& s) {
    const place since = s.everything ? place{} : place::of(s.since);
    const user_record& observer = records_[s.user.index()];
    if (observer.is_observer) {
        for (const user_key u : acceptances_.subjects_of(s.user)) {
            const bool news = s.everything
                                  ? s.full || is_interesting(u)
                                  : since.may_be_before(changed_[u.index()]) ||
                                        since.may_be_before(*acceptances_.since(s.user, u));
            if (news) {
                candidates_.push_back(u);
            }
        }
    }
    if (observer.is_blocked) {
        for (const blocks::block& b : blocks_.of(s.user)) {
            candidates_.push_back(b.subject);
        }
    }
}

// A room that stopped to count past the token: whom one sees no more goes offline.
void engine::impl::rebuild_ended(const session& s, const room& r, std::uint64_t observer_since,
                                 const place& since) {
    if (!tells_of_end(s, r, observer_since, since)) {
        return;
    }
    for (const user_key u : r.ended->interesting) {
        add_ended(s, r, u, r.ended->position, since);
    }
    add_ended_blocks(s, r, since);
    rebuild_ended_members(s, r, observer_since, since, {0, r.members.size()});
}

bool engine::impl::tells_of_end(const session& s, const room& r, std::uint64_t observer_since,
                                const place& since) const {
    return (!s.everything || s.full) && r.ended && r.ended->newcomer != s.user &&
           observer_since < r.ended->position && since.may_be_before(r.ended->position);
}

// More than bare to this observer alone.
void engine::impl::add_ended_blocks(const session& s, const room& r, const place& since) {
    for (const blocks::block& b : blocks_.of(s.user)) {
        if (const std::size_t i = r.find(b.subject);
            i != r.members.size() && r.since[i] < r.ended->position) {
            add_ended(s, r, b.subject, r.ended->position, since);
        }
    }
}

// Others may have gone offline before the room ended, untold: that keeps its own place.
void engine::impl::rebuild_ended_members(const session& s, const room& r,
                                         std::uint64_t observer_since, const place& since,
                                         span_of_members part) {
    spend((part.end - part.begin) / cost::scanned);
    const std::uint64_t base = std::max(observer_since, r.counting_since);
    for (std::size_t i = part.begin; i < part.end; ++i) {
        const user_key u = r.members[i];
        if (r.since[i] >= r.ended->position) {
            continue;  // came too late to be seen
        }
        const std::uint64_t shown = std::max({changed_[u.index()], r.since[i], base});
        add_ended(s, r, u, std::min(shown, r.ended->position), since);
    }
}

void engine::impl::add_ended(const session& s, const room& r, user_key u, std::uint64_t position,
                             const place& since) {
    if (u == s.user || u == r.ended->newcomer || !since.may_be_before(position)) {
        return;
    }
    // Whom no room showed then was not seen; what ended since by their own word is a loss.
    if (!shows_in_rooms(u) || std::ranges::binary_search(r.ended->concealed, u)) {
        return;
    }
    // What was not noted per pair is bounded by the moment the room stopped to count.
    ended_.push_back({u, position, std::min(seen_activity(s.user, u), r.ended->at)});
}

void engine::impl::add_candidates(const session& s, const place& since) {
    std::ranges::sort(candidates_);
    const auto repeats = std::ranges::unique(candidates_);
    candidates_.erase(repeats.begin(), repeats.end());
    for (const user_key u : candidates_) {
        if (const auto found = row_of(s, u, since)) {
            rows_.push_back(*found);
        }
    }
}

// None: not visible, or no news.
std::optional<row> engine::impl::row_of(const session& s, user_key u, const place& since) const {
    if (s.filter && !s.filter->accepts(u)) {
        return std::nullopt;
    }
    const presence::sight how = sight_of(s, u);
    if (how == presence::sight::none) {
        return std::nullopt;
    }
    const bool is_frozen = how == presence::sight::frozen;
    if (is_frozen && s.everything && !s.full && frozen(*block_of(s.user, u)).text.empty()) {
        return std::nullopt;  // as somebody offline without a text
    }
    bool worth_telling = true;
    const std::uint64_t p = effective(s, u, worth_telling, since);
    if (!s.everything && (!worth_telling || !since.is_before(p, u))) {
        return std::nullopt;
    }
    return row{.subject = u,
               .what = is_frozen     ? row::kind::frozen
                       : u == s.user ? row::kind::self
                                     : row::kind::others,
               .position = p};
}

// The later of the subject's last change and the start of the reason to see it.
std::uint64_t engine::impl::effective(const session& s, user_key subject, bool& worth_telling,
                                      const place& since) const {
    std::uint64_t p = std::max<std::uint64_t>(changed_[subject.index()], 1);
    std::uint64_t counted = 0, joined = 0;
    if (subject == s.user) {
        p = self_position(subject);
    } else if (s.peek.valid()) {
        const room& r = rooms_[s.peek.index()];
        joined = r.since[r.find(subject)];
        counted = std::max(joined, r.counting_since);
    } else {
        const reason why = reason_to_see(s.user, subject);
        joined = why.joined;
        counted = why.counted;
    }
    if (const blocks::block* b = block_of(s.user, subject); b != nullptr) {
        return std::max(frozen_since(*b), counted);
    }
    if (!is_interesting(subject) && subject != s.user) {
        // Neither the flip of a room nor the start of a record is news of someone offline.
        p = std::max(p, joined);
        worth_telling = since.is_before(p, subject) && p > 1;
        return p;
    }
    return std::max(p, counted);
}

// One row for each subject that is not seen any more, for the newest reason that ended.
void engine::impl::rebuild_losses(const session& s, const place& since) {
    if (!s.peek.valid()) {
        for (const losses::loss& l : losses_.of(s.user)) {
            ended_.push_back({l.subject, l.position, l.last_active});
        }
    }
    std::ranges::sort(ended_, [](const ended_view& a, const ended_view& b) {
        return std::pair{a.subject, b.position} < std::pair{b.subject, a.position};
    });
    for (std::size_t i = 0; i < ended_.size(); ++i) {
        const ended_view& e = ended_[i];
        const bool repeated = i != 0 && ended_[i - 1].subject == e.subject;
        if (!repeated && is_news(s, e, since)) {
            rows_.push_back(row_of(e));
        }
    }
}

bool engine::impl::is_news(const session& s, const ended_view& e, const place& since) const {
    return since.is_before(e.position, e.subject) &&
           (s.peek.valid() || !may_see(s.user, e.subject)) &&
           (!s.filter || s.filter->accepts(e.subject));
}

row engine::impl::row_of(const ended_view& e) {
    return {.subject = e.subject,
            .what = row::kind::lost,
            .position = e.position,
            .last_active = e.last_active};
}

}  // namespace porchlight::engine
