#include <algorithm>

#include "engine/impl.h"

// Who sees whom, and how: reasons, visibility, blocks.
namespace porchlight::engine {

using sight = presence::sight;

sight engine::impl::sight_under(user_visibility v, user_key observer, user_key subject) const {
    if (!knows(observer) || !knows(subject)) {
        return sight::none;
    }
    const user_record& of = records_[subject.index()];
    const presence::reasons why{
        .self = observer == subject,
        .room = v == user_visibility::everyone && shares(observer, subject, true),
        .accepted = of.has_observers && acceptances_.since(observer, subject).has_value(),
        .blocked = block_of(observer, subject) != nullptr};
    return presence::sight_of(why, v);
}

sight engine::impl::sight(user_key observer, user_key subject) const {
    return sight_under(visibility_of(subject), observer, subject);
}

sight engine::impl::sight_in(const room& r, user_key observer, user_key subject) const {
    const presence::reasons why{.self = observer == subject && r.counts && r.has(subject),
                                .room = r.counts && r.has(subject),
                                .blocked = block_of(observer, subject) != nullptr};
    return presence::sight_of(why, visibility_of(subject));
}

sight engine::impl::sight_of(const session& s, user_key subject) const {
    return s.peek.valid() ? sight_in(rooms_[s.peek.index()], s.user, subject)
                          : sight(s.user, subject);
}

engine::impl::reason engine::impl::reason_under(user_visibility v, user_key observer,
                                                user_key subject) const {
    reason found;
    const user_record& of = records_[subject.index()];
    if (of.has_observers && v != user_visibility::nobody) {
        if (const auto since = acceptances_.since(observer, subject)) {
            found = {*since, *since};
        }
    }
    if (v != user_visibility::everyone) {
        return found;
    }
    auto few = records_[observer.index()].rooms.all();
    auto many = of.rooms.all();
    if (few.size() > many.size()) {
        std::swap(few, many);
    }
    for (const room_key key : few) {
        const room& r = rooms_[key.index()];
        if (r.counts && std::ranges::binary_search(many, key)) {
            const std::uint64_t both =
                std::max(r.since[r.find(observer)], r.since[r.find(subject)]);
            found.joined = std::min(found.joined, both);
            found.counted = std::min(found.counted, std::max(both, r.counting_since));
        }
    }
    return found;
}

// --- acceptances ---

bool engine::impl::set_accepted(user_key observer, user_key subject, std::uint64_t position) {
    ensure(subject);
    ensure(observer);
    const live_user* l = live(observer);
    if (!acceptances_.add(observer, subject, position, l != nullptr && l->session_count != 0)) {
        return false;
    }
    records_[subject.index()].has_observers = true;
    records_[observer.index()].is_observer = true;
    return true;
}

std::uint64_t engine::accepted(user_key observer, user_key subject, instant now) {
    impl& e = *impl_;
    e.begin(now);
    if (const auto since = e.acceptances_.since(observer, subject)) {
        return *since;
    }
    const std::uint64_t position = e.positions_.next(now);
    e.set_accepted(observer, subject, position);
    e.hear_of(observer, subject, position, now);
    return position;
}

std::uint64_t engine::unaccepted(user_key observer, user_key subject, instant now) {
    impl& e = *impl_;
    e.begin(now);
    for (const job& j : e.jobs_) {
        if (j.what == job::kind::visibility && j.user == subject) {
            e.compare_sight(j, observer, now);  // which the job would not find any more
        }
    }
    const bool saw = e.may_see(observer, subject);
    const std::uint64_t position = e.positions_.next(now);
    if (!e.acceptances_.remove(observer, subject)) {
        return position;
    }
    e.records_[subject.index()].has_observers = e.acceptances_.observers_of(subject) != nullptr;
    e.records_[observer.index()].is_observer = !e.acceptances_.subjects_of(observer).empty();
    if (saw && !e.may_see(observer, subject)) {
        e.add_loss(observer, subject, position);
        if (live_user* l = e.live(observer); l != nullptr) {
            e.mark_user(*l, subject, now);
        }
    }
    return position;
}

bool engine::is_accepted(user_key observer, user_key subject) const {
    return impl_->acceptances_.since(observer, subject).has_value();
}

// --- visibility ---

std::uint64_t engine::visibility_changed(user_key u, user_visibility v, instant now) {
    impl& e = *impl_;
    e.begin(now);
    user_record& r = e.ensure(u);
    const user_visibility before = r.visibility;
    const std::uint64_t position = e.positions_.next(now);
    if (before == v) {
        return position;
    }
    r.visibility = v;
    if (v < before) {
        // Whoever gains sight must find it from an older token; who had it may hear the same again.
        e.soil(u, now);
        e.changed_[u.index()] = position;
    }
    e.start({.what = job::kind::visibility, .position = position, .user = u, .before = before},
            now);
    e.tell_outside(u);
    return position;
}

user_visibility engine::visibility(user_key u) const {
    return impl_->visibility_of(u);
}

// One observer of a user whose visibility changed.
void engine::impl::compare_sight(const job& j, user_key observer, instant now) {
    if (observer == j.user) {
        return;
    }
    const bool saw = sight_under(j.before, observer, j.user) != sight::none;
    const bool sees = may_see(observer, j.user);
    if (saw == sees) {
        return;
    }
    if (sees) {
        forget_loss(observer, j.user);
        blocks_.shown_since(observer, j.user, j.position);
    } else if (reason_under(j.before, observer, j.user).counted < j.position) {
        add_loss(observer, j.user, j.position);  // else they met when it was over already
    }
    live_user* l = settings_.enabled || !sees ? live(observer) : nullptr;
    if (l != nullptr) {
        mark_user(*l, j.user, now);
    }
}

void engine::impl::compare_peeks(const job& j, const room& r, instant now) {
    const bool showed = j.before == user_visibility::everyone;
    if (showed == shows_in_rooms(j.user)) {
        return;
    }
    for (const std::uint32_t i : r.peekers) {
        if (showed && !may_see(sessions_[i].user, j.user)) {
            add_loss(sessions_[i].user, j.user, j.position);
        }
        mark(i, j.user, now);
    }
}

// Of a room that stopped to count while the user still showed there, streams that did not ask since
// must be told.
bool engine::impl::was_lost_with(const room& r, const job& j, user_key observer) const {
    const std::uint64_t end = std::min(r.ended->position, j.position);
    const bool met = observer != j.user && r.since[r.find(observer)] < end &&
                     r.since[r.find(j.user)] < end && observer != r.ended->newcomer &&
                     j.user != r.ended->newcomer;
    return met && j.before == user_visibility::everyone && !may_see(observer, j.user) &&
           !std::ranges::binary_search(r.ended->concealed, j.user);
}

void engine::impl::compare_in(const room& r, const job& j, user_key observer, instant now) {
    if (r.counts) {
        compare_sight(j, observer, now);
    } else if (r.ended && was_lost_with(r, j, observer)) {
        add_loss(observer, j.user, r.ended->position,
                 std::min(seen_activity(observer, j.user), r.ended->at));
    }
}

// Whoever leaves is not found any more by the jobs that still tell of a visibility.
void engine::impl::tell_before_leaving(const room& r, user_key leaver, instant now) {
    for (const job& j : jobs_) {
        if (j.what != job::kind::visibility || !r.has(j.user)) {
            continue;
        }
        if (j.user != leaver) {
            compare_in(r, j, leaver, now);
            continue;
        }
        for (const user_key m : r.members) {
            compare_in(r, j, m, now);
        }
    }
}

// The least strict visibility under which somebody may still be shown the user: while a job tells
// of another, and after a kill that may have cut one off.
user_visibility engine::impl::shown_of_late(user_key u) const {
    user_visibility v = visibility_of(u);
    if (v == user_visibility::everyone) {
        return v;
    }
    for (const job& j : jobs_) {
        if (j.what == job::kind::visibility && j.user == u) {
            v = std::min(v, j.before);
        }
    }
    if (const visibility_change* change = change_of(u); change != nullptr && change->is_open) {
        v = std::min(v, change->before);
    }
    return v;
}

bool engine::impl::run_visibility(job& j, instant now) {
    const auto members = [&](const member_list& list, auto each) {
        auto at = std::ranges::lower_bound(list.members,
                                           user_key{static_cast<std::uint32_t>(j.member_cursor)});
        for (; at != list.members.end(); ++at) {
            if (units_ == 0) {
                j.member_cursor = at->value;
                return false;
            }
            spend(cost::comparison);
            each(*at);
        }
        return true;
    };
    const auto enter = [&](std::uint32_t cursor) {
        if (j.room_cursor != cursor) {
            j.room_cursor = cursor;
            j.member_cursor = 0;
        }
    };
    const auto rooms = records_[j.user.index()].rooms.all();
    auto at = std::ranges::lower_bound(rooms, room_key{j.room_cursor});
    for (; at != rooms.end(); ++at) {
        enter(at->value);
        const room& r = rooms_[at->index()];
        if (r.since[r.find(j.user)] > j.position) {
            continue;  // nobody there knew the user as before
        }
        if (r.counts && j.member_cursor == 0) {
            compare_peeks(j, r, now);
        }
        if ((r.counts || r.ended) && !members(r, [&](user_key o) { compare_in(r, j, o, now); })) {
            return false;
        }
    }
    enter(observers_cursor);
    const member_list* list = acceptances_.observers_of(j.user);
    return list == nullptr || members(*list, [&](user_key o) { compare_sight(j, o, now); });
}

// Everyone who may have a reason to see the user, with repeats.
std::vector<user_key> engine::impl::audience_of(user_key u) const {
    std::vector<user_key> all;
    for (const room_key key : records_[u.index()].rooms.all()) {
        if (const room& r = rooms_[key.index()]; r.counts) {
            all.insert(all.end(), r.members.begin(), r.members.end());
        }
    }
    if (const member_list* list = acceptances_.observers_of(u); list != nullptr) {
        all.insert(all.end(), list->members.begin(), list->members.end());
    }
    return all;
}

// --- blocks ---

const blocks::block* engine::impl::block_of(user_key observer, user_key subject) const {
    return knows(observer) && records_[observer.index()].is_blocked
               ? blocks_.find(observer, subject)
               : nullptr;
}

// As the observer is told of it, whoever else knows better.
std::optional<wall_time> engine::impl::seen_activity(user_key observer, user_key subject) const {
    const blocks::block* b = block_of(observer, subject);
    return b == nullptr ? shown_activity(subject) : b->shows.last_active;
}

presence::view engine::impl::frozen(const blocks::block& b) const {
    presence::view v{.last_active = b.shows.last_active};
    if (settings_.enabled) {
        v.text = b.shows.text;
    }
    return v;
}

std::uint64_t engine::impl::frozen_since(const blocks::block& b) const {
    return b.shows.text.empty() ? b.position : std::max(b.position, switched_);
}

frozen_view engine::freeze(user_key subject, instant now) const {
    if (!impl_->knows(subject)) {
        return {};
    }
    presence::user as_it_is = impl_->copy_of(subject);
    as_it_is.settle(now);
    const presence::view v = as_it_is.seen_by_others(now);
    return {v.text, v.last_active};
}

std::uint64_t engine::blocked(user_key subject, user_key observer, frozen_view v, instant now) {
    impl& e = *impl_;
    e.begin(now);
    e.ensure(subject);
    blocks::block b{subject, e.positions_.next(now), std::move(v)};
    // An event without a change would tell the observer of the block.
    const bool looks_the_same = e.frozen(b) == e.shown_to_others(subject, now);
    if (looks_the_same) {
        b.position = std::max<std::uint64_t>(e.changed_[subject.index()], 1);
    }
    const std::uint64_t position = b.position;
    if (e.blocks_.add(observer, std::move(b))) {
        e.ensure(observer).is_blocked = true;
        e.tell_outside(subject);
        live_user* l = looks_the_same ? nullptr : e.live(observer);
        if (l != nullptr && e.may_see(observer, subject)) {
            e.mark_user(*l, subject, now);
        }
    }
    return position;
}

void engine::unblocked(user_key subject, user_key observer, instant now) {
    impl& e = *impl_;
    e.begin(now);
    const blocks::block* b = e.block_of(observer, subject);
    if (b == nullptr) {
        return;
    }
    const bool looks_the_same = e.frozen(*b) == e.shown_to_others(subject, now);
    e.blocks_.remove(observer, subject);
    e.records_[observer.index()].is_blocked = !e.blocks_.of(observer).empty();
    e.tell_outside(subject);
    // While presence is off, a device that was away may still show the text that was frozen.
    if ((looks_the_same && e.settings_.enabled) || !e.may_see(observer, subject)) {
        return;
    }
    // As in visibility_changed().
    e.soil(subject, now);
    e.changed_[subject.index()] = e.positions_.next(now);
    if (live_user* l = e.live(observer); l != nullptr && e.settings_.enabled) {
        e.mark_user(*l, subject, now);
    }
}

// --- loading ---

void engine::load_acceptance(user_key observer, user_key subject, std::uint64_t position) {
    impl& e = *impl_;
    ASSERT(!e.begun_);
    const bool is_new = position == 0 && !e.clean_;
    e.set_accepted(observer, subject, is_new ? e.positions_.restart() : position);
}

void engine::load_acceptance_end(user_key observer, user_key subject) {
    ASSERT(!impl_->begun_);
    impl_->ensure(observer);  // neither may have a row of anything else
    impl_->ensure(subject);
    impl_->ended_acceptances_.emplace_back(observer, subject);
}

void engine::load_visibility(user_key u, user_visibility v, std::uint64_t position,
                             user_visibility before) {
    impl& e = *impl_;
    ASSERT(!e.begun_);
    e.ensure(u).visibility = v;
    // The job that told of it may not have ended.
    const bool is_open = !e.clean_ && (position == 0 || position >= e.positions_.recent());
    e.visibility_changes_.push_back({u, before, position, is_open});
    if (is_open) {
        e.changed_[u.index()] = e.positions_.restart();
    }
}

void engine::load_block(user_key subject, user_key observer, frozen_view v,
                        std::uint64_t position) {
    impl& e = *impl_;
    ASSERT(!e.begun_);
    const bool is_new = position == 0 && !e.clean_;
    e.blocks_.add(observer, {subject, is_new ? e.positions_.restart() : position, std::move(v)});
    e.ensure(observer).is_blocked = true;
}

}  // namespace porchlight::engine
