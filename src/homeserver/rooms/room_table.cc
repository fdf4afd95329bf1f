#include "homeserver/rooms/room_table.h"

#include <algorithm>

#include "base/assert.h"
#include "homeserver/rooms/live_room.h"

namespace porchlight::homeserver {

room_record::room_record() = default;
room_record::~room_record() = default;
room_record::room_record(room_record&&) noexcept = default;

room_key room_table::reserve() {
    const room_key r = next_key();
    rooms_.emplace_back();
    return r;
}

void room_table::add(room_key r, std::string room_id, std::string version, bool is_public) {
    while (rooms_.size() <= r.index()) {
        rooms_.emplace_back();
    }
    room_record& room = rooms_[r.index()];
    ASSERT(room.room_id.empty() && !room_id.empty());
    room.room_id = std::move(room_id);
    room.version = std::move(version);
    room.is_public = is_public;
    by_id_.emplace(room.room_id, r);
}

bool room_table::exists(room_key r) const {
    return r.index() < rooms_.size() && !rooms_[r.index()].room_id.empty();
}

room_record& room_table::at(room_key r) {
    ASSERT(exists(r));
    return rooms_[r.index()];
}

const room_record& room_table::at(room_key r) const {
    ASSERT(exists(r));
    return rooms_[r.index()];
}

std::optional<room_key> room_table::find(std::string_view room_id) const {
    const auto it = by_id_.find(room_id);
    return it == by_id_.end() ? std::nullopt : std::optional(it->second);
}

std::vector<room_key> room_table::public_rooms() const {
    std::vector<room_key> found;
    for (std::size_t i = 0; i < rooms_.size(); ++i) {
        if (!rooms_[i].room_id.empty() && rooms_[i].is_public) {
            found.emplace_back(static_cast<std::uint32_t>(i));
        }
    }
    return found;
}

const member_entry& room_table::set_member(room_key r, const member_entry& m) {
    room_record& room = at(r);
    auto it = std::ranges::lower_bound(room.members, m.user, {}, &member_entry::user);
    if (it == room.members.end() || it->user != m.user) {
        it = room.members.insert(it, member_entry{m.user, membership::none, false, 0});
        if (by_user_.size() <= m.user.index()) {
            by_user_.resize(m.user.index() + 1);
        }
        by_user_[m.user.index()].insert(r);
    }
    if (it->state != m.state) {
        const bool named = std::ranges::find(room.heroes, m.user) != room.heroes.end();
        room.heroes_known = room.heroes_known && !named &&
                            !(is_present(m.state) && room.heroes.size() < heroes_kept);
    }
    room.joined -= it->state == membership::join ? 1U : 0U;
    room.invited -= it->state == membership::invite ? 1U : 0U;
    *it = m;
    room.joined += it->state == membership::join ? 1U : 0U;
    room.invited += it->state == membership::invite ? 1U : 0U;
    room.members_position = std::max(room.members_position, m.position);
    return *it;
}

const std::vector<user_key>& room_table::heroes(room_key r) {
    room_record& room = at(r);
    if (!room.heroes_known) {
        room.heroes = first_members(room.members, is_present, heroes_kept);
        room.heroes_known = true;
    }
    return room.heroes;
}

std::vector<user_key> first_members(const std::vector<member_entry>& members,
                                    bool (*counts)(membership), std::size_t most) {
    std::vector<member_entry> found;
    for (const member_entry& m : members) {
        if (counts(m.state)) {
            found.push_back(m);
        }
    }
    const std::size_t count = std::min(most, found.size());
    std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(count), {},
                              &member_entry::position);
    std::vector<user_key> first;
    for (std::size_t i = 0; i < count; ++i) {
        first.push_back(found[i].user);
    }
    return first;
}

member_entry room_table::member(room_key r, user_key u) const {
    const auto& members = at(r).members;
    const auto it = std::ranges::lower_bound(members, u, {}, &member_entry::user);
    return it != members.end() && it->user == u ? *it : member_entry{u, membership::none, false, 0};
}

std::span<const room_key> room_table::rooms_of(user_key u) const {
    return u.index() < by_user_.size() ? by_user_[u.index()].all() : std::span<const room_key>{};
}

std::size_t room_table::joined_rooms(user_key u) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        rooms_of(u), [&](room_key r) { return member(r, u).state == membership::join; }));
}

}  // namespace porchlight::homeserver
