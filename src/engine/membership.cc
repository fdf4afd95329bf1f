#include <algorithm>
#include <iterator>

#include "engine/impl.h"

// Who may see whom: rooms, their policy, and what is lost with the last reason.
namespace porchlight::engine {

room& engine::impl::ensure_room(room_key r) {
    ASSERT(r.valid());
    if (r.index() >= rooms_.size()) {
        rooms_.resize(r.index() + 1);
    }
    room& in = rooms_[r.index()];
    if (!in.known) {
        in.known = true;
        ++rooms_known_;
    }
    return in;
}

bool engine::impl::shares(user_key a, user_key b, bool counting_only) const {
    if (!knows(a) || !knows(b)) {
        return false;
    }
    auto few = records_[a.index()].rooms.all();
    auto many = records_[b.index()].rooms.all();
    if (few.size() > many.size()) {
        std::swap(few, many);
    }
    return std::ranges::any_of(few, [&](room_key r) {
        return (!counting_only || rooms_[r.index()].counts) && std::ranges::binary_search(many, r);
    });
}

bool engine::impl::judge(room_key key, room& r) const {
    const presence::room_rules rules{.rooms = settings_.rooms,
                                     .members_max = settings_.room_members_max};
    r.size_allows =
        presence::size_allows(rules, static_cast<std::uint32_t>(r.members.size()), r.size_allows);
    return presence::room_counts(
        rules, {.is_public = r.is_public,
                .excluded = std::ranges::binary_search(settings_.rooms_excluded, key),
                .size_allows = r.size_allows});
}

// Does the room still count? A flip is one job over its streams, never an event per pair of
// members.
void engine::impl::recount(room_key key, instant now, user_key newcomer) {
    room& r = rooms_[key.index()];
    const bool counts = judge(key, r);
    if (counts == r.counts) {
        return;
    }
    r.counts = counts;
    // At the start the position of memberships that were never told of: theirs do not count.
    if (!newcomer.valid()) {
        positions_.next(now);  // only after a join that ended it does a flip follow at once
    }
    const std::uint64_t position = at_start_ ? positions_.restart() : positions_.next(now);
    out_.room_flipped(key, counts, position);
    if (counts) {
        r.counting_since = position;
        r.ended.reset();
    } else {
        r.ended = std::make_unique<room::ending>();
        r.ended->position = position;
        if (position > power_loss_) {
            r.ended->at = now.wall;  // else it may have ended before, and that is lost
        }
        r.ended->newcomer = newcomer;
        room::each(r.interesting, [&](std::size_t i) {
            if (r.since[i] < position) {
                r.ended->interesting.push_back(r.members[i]);
            }
        });
        std::ranges::copy_if(r.members, std::back_inserter(r.ended->concealed), [this](user_key u) {
            return shown_of_late(u) != user_visibility::everyone;
        });
    }
    start({.what = job::kind::flip, .position = position, .room = key}, now);
}

// What a new policy forbids is not shown from now on; telling so is the jobs' affair.
void engine::impl::recount_all(instant now) {
    for (std::uint32_t r = 0; r < rooms_.size(); ++r) {
        if (rooms_[r].known) {
            recount(room_key{r}, now);
        }
    }
}

void engine::impl::joined(room_key key, user_key u, std::uint64_t position, instant now) {
    room& r = ensure_room(key);
    user_record& record = ensure(u);
    const live_user* l = live(u);
    if (!r.add(u, position, l != nullptr && l->session_count != 0, record.interesting)) {
        return;
    }
    record.rooms.insert(key);
    recount(key, now, u);
    if (r.counts) {
        start({.what = job::kind::join, .position = position, .user = u, .room = key}, now);
    }
}

// Who sees whom there when `u` is one of the two, or did until the room stopped to count.
std::vector<sighting> engine::impl::sightings_in(const room& r, user_key u) const {
    std::vector<sighting> all;
    const auto was_there = [&r](std::size_t i) {
        return r.counts ||
               (r.ended && r.ended->newcomer != r.members[i] && r.since[i] < r.ended->position);
    };
    if (!was_there(r.find(u))) {
        return all;
    }
    // What ended by somebody's own word is told by that.
    const auto shows = [&](user_key m) {
        return shows_in_rooms(m) &&
               (r.counts || !std::ranges::binary_search(r.ended->concealed, m));
    };
    const bool leaver_shows = shows(u);
    all.reserve(2 * r.members.size());
    for (std::size_t i = 0; i < r.members.size(); ++i) {
        const user_key m = r.members[i];
        if (m == u || !was_there(i)) {
            continue;
        }
        if (leaver_shows) {
            all.push_back({.observer = m, .subject = u});
        }
        if (shows(m)) {
            all.push_back({.observer = u, .subject = m});
        }
    }
    return all;
}

void engine::impl::left(room_key key, user_key u, instant now) {
    if (!room_known(key) || !rooms_[key.index()].has(u)) {
        return;
    }
    room& r = rooms_[key.index()];
    tell_before_leaving(r, u, now);
    std::vector<sighting> parted = sightings_in(r, u);
    r.remove(u);
    records_[u.index()].rooms.erase(key);
    if (r.counts || r.ended) {
        // Of a room that stopped to count before, only streams that did not ask since must be told.
        job parting{.what = job::kind::leave, .user = u, .parted = std::move(parted)};
        if (r.counts) {
            parting.position = positions_.next(now);
            part_from_peekers(r, u, parting.position, now);
        } else {
            parting.position = r.ended->position;
            parting.until = r.ended->at;
        }
        start(std::move(parting), now);
    }
    recount(key, now);
}

void engine::impl::part_from_peekers(const room& r, user_key leaver, std::uint64_t position,
                                     instant now) {
    for (const std::uint32_t i : r.peekers) {
        if (shows_in_rooms(leaver) && !may_see(sessions_[i].user, leaver)) {
            add_loss(sessions_[i].user, leaver, position);
            mark(i, leaver, now);
        }
    }
}

void engine::impl::add_loss(user_key observer, user_key subject, std::uint64_t position,
                            std::optional<wall_time> active) {
    if (changed_[subject.index()] == 0 && !records_[subject.index()].interesting) {
        return;  // nobody was ever told anything of this subject
    }
    if (const losses::loss* l = losses_.find(observer, subject);
        l != nullptr && l->position >= position) {
        return;  // another reason ended later
    }
    out_.save(ports::loss_row{
        .observer = observer, .subject = subject, .position = position, .last_active = active});
    for (const user_key pruned : losses_.add(observer, {subject, position, active})) {
        out_.forget({.observer = observer, .subject = pruned});
    }
}

void engine::impl::forget_loss(user_key observer, user_key subject) {
    if (losses_.forget(observer, subject)) {
        out_.forget({.observer = observer, .subject = subject});
    }
}

}  // namespace porchlight::engine
