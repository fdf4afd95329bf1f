#include <algorithm>

#include "base/assert.h"
#include "homeserver/rooms/impl.h"
#include "matrix/identifier.h"

// Names, and what of the rooms others look at.
namespace porchlight::homeserver {

std::optional<room_key> rooms::find(std::string_view room_id) const {
    return impl_->table.find(room_id);
}

std::string_view rooms::room_id(room_key r) const {
    return impl_->table.at(r).room_id;
}

std::string_view rooms::version(room_key r) const {
    return impl_->table.at(r).version;
}

std::optional<room_key> rooms::by_alias(std::string_view alias) const {
    const auto it = impl_->table.aliases.find(alias);
    return it == impl_->table.aliases.end() ? std::nullopt : std::optional(it->second.room);
}

void rooms::add_alias(caller who, std::string alias, room_key r, completion<void> done) {
    auto& i = *impl_;
    const auto parsed = matrix::parse_room_alias(alias);
    if (!parsed || parsed->server != i.s.config.server_name) {
        done(fail(errc::invalid_param, "The alias must be #name:" + i.s.config.server_name));
        return;
    }
    if (!i.table.exists(r)) {
        done(fail(errc::not_found, "No such room"));
        return;
    }
    if (i.table.member(r, who.user).state != membership::join) {
        done(fail(errc::forbidden, "Only members can give a room an alias"));
        return;
    }
    if (i.table.aliases.contains(alias) || i.reserved_aliases.contains(alias)) {
        done(fail(errc::room_in_use, "The alias " + alias + " is taken"));
        return;
    }
    if (aliases(r).size() >= base::limits::aliases_per_room_max) {
        done(fail(errc::resource_limit, "This room has as many aliases as a room may have"));
        return;
    }
    i.reserved_aliases.insert(alias);
    std::string creator(i.a.user_id(who.user));
    i.s.log.commit(i.s.log.next_position(), {ports::alias_row{alias, r, creator}},
                   [&i, alias, r, creator, d = std::move(done)](bool ok) mutable {
                       i.reserved_aliases.erase(alias);
                       if (ok) {
                           i.table.aliases.emplace(alias, room_table::alias{r, creator});
                       }
                       d(ok ? outcome<void>() : fail(errc::unavailable));
                   });
}

void rooms::remove_alias(caller who, std::string alias, completion<void> done) {
    auto& i = *impl_;
    const auto it = i.table.aliases.find(alias);
    if (it == i.table.aliases.end() || i.reserved_aliases.contains(alias)) {
        done(fail(errc::not_found, "No room has the alias " + alias));
        return;
    }
    bool allowed = it->second.creator == i.a.user_id(who.user);
    if (!allowed && i.table.member(it->second.room, who.user).state == membership::join) {
        try {
            const auto& power = i.touch(it->second.room).state.rules().power;
            allowed =
                power.of(i.a.user_id(who.user)) >= power.needed_for("m.room.canonical_alias", true);
        } catch (const ports::store_error&) {
            done(fail(errc::unavailable));
            return;
        }
    }
    if (!allowed) {
        done(fail(errc::forbidden,
                  "Only who made an alias, or may set the room's canonical alias, can remove it"));
        return;
    }
    i.reserved_aliases.insert(alias);
    i.s.log.commit(i.s.log.next_position(), {ports::alias_removal{alias}},
                   [&i, alias, d = std::move(done)](bool ok) mutable {
                       i.reserved_aliases.erase(alias);
                       if (ok) {
                           i.table.aliases.erase(alias);
                       }
                       d(ok ? outcome<void>() : fail(errc::unavailable));
                   });
}

std::vector<std::string> rooms::aliases(room_key r) const {
    std::vector<std::string> found;
    for (const auto& [alias, target] : impl_->table.aliases) {
        if (target.room == r) {
            found.push_back(alias);
        }
    }
    return found;
}

std::vector<room_key> rooms::public_rooms() const {
    return impl_->table.public_rooms();
}

std::string rooms::listed_name(room_key r) {
    return "listed_room/" + std::to_string(r.value);
}

membership_info rooms::membership_of(room_key r, user_key u) const {
    const member_entry m = impl_->table.member(r, u);
    return {r, m.state, m.position, m.forgotten};
}

std::vector<membership_info> rooms::rooms_of(user_key u) const {
    std::vector<membership_info> found;
    for (const room_key r : impl_->table.rooms_of(u)) {
        const membership_info info = membership_of(r, u);
        if (!info.forgotten) {
            found.push_back(info);
        }
    }
    return found;
}

// Of a room without events it is known that there are none: each poll asks.
constexpr std::uint64_t before_all_events = 1;

std::uint64_t rooms::impl::last_position(room_key r) {
    room_record& room = table.at(r);
    if (room.last_position == 0) {
        ports::event_query newest;
        newest.room = r;
        newest.newest_first = true;
        newest.limit = 1;
        try {
            room.last_position = before_all_events;
            for (const auto& row : s.store.events(newest)) {
                room.last_position = row.position;
            }
        } catch (const ports::store_error&) {
            room.last_position = 0;
            return s.log.last_applied();  // may be news: the reader finds out
        }
    }
    return room.last_position;
}

std::uint64_t rooms::last_position(room_key r) const {
    return impl_->last_position(r);
}

std::uint64_t rooms::news_position(user_key u) const {
    std::uint64_t newest = 0;
    for (const room_key r : impl_->table.rooms_of(u)) {
        const member_entry m = impl_->table.member(r, u);
        newest = std::max(newest, m.position);
        if (m.state == membership::join) {
            newest = std::max(newest, impl_->last_position(r));
        }
    }
    return newest;
}

history_visibility rooms::visibility(room_key r) const {
    try {
        return impl_->touch(r).state.visibility();
    } catch (const ports::store_error&) {
        return history_visibility::joined;  // not known right now: show the least
    }
}

bool rooms::is_public(room_key r) const {
    return impl_->table.at(r).is_public;
}

std::vector<user_key> rooms::members(room_key r, membership state) const {
    std::vector<user_key> found;
    for (const member_entry& m : impl_->table.at(r).members) {
        if (m.state == state) {
            found.push_back(m.user);
        }
    }
    return found;
}

std::size_t rooms::joined_count(room_key r) const {
    return impl_->table.at(r).joined;
}

room_population rooms::population(room_key r, user_key reader) const {
    const room_record& room = impl_->table.at(r);
    room_population p{room.joined, room.invited, {}};
    const auto add = [&](const std::vector<user_key>& users) {
        for (const user_key u : users) {
            if (u != reader && p.heroes.size() < heroes_max) {
                p.heroes.emplace_back(impl_->a.user_id(u));
            }
        }
    };
    add(impl_->table.heroes(r));
    if (p.heroes.empty()) {  // who is alone is told whose room it was
        const auto was_here = [](membership m) {
            return m == membership::leave || m == membership::ban;
        };
        add(first_members(room.members, was_here, heroes_kept));
    }
    return p;
}

void rooms::each_member(room_key r, const std::function<void(const member_info&)>& each) const {
    for (const member_entry& m : impl_->table.at(r).members) {
        each({m.user, m.state, m.position});
    }
}

std::uint64_t rooms::members_position(room_key r) const {
    return impl_->table.at(r).members_position;
}

bool rooms::share_room(user_key a, user_key b) const {
    const room_table& t = impl_->table;
    const auto of_a = t.rooms_of(a);
    const auto of_b = t.rooms_of(b);
    for (auto i = of_a.begin(), j = of_b.begin(); i != of_a.end() && j != of_b.end();) {
        if (*i != *j) {
            *i < *j ? ++i : ++j;
            continue;
        }
        if (t.member(*i, a).state == membership::join &&
            t.member(*i, b).state == membership::join) {
            return true;
        }
        ++i;
        ++j;
    }
    return false;
}

bool rooms::may_read(room_key r, user_key u) const {
    if (!impl_->table.exists(r)) {
        return false;
    }
    const membership m = impl_->table.member(r, u).state;
    if (m == membership::join) {
        return true;
    }
    const history_visibility v = visibility(r);
    return v == history_visibility::world_readable ||
           (v == history_visibility::invited && m == membership::invite);
}

}  // namespace porchlight::homeserver
