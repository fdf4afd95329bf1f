#include <algorithm>

#include "homeserver/rooms/authorization.h"
#include "homeserver/rooms/creation.h"
#include "homeserver/rooms/impl.h"
#include "homeserver/rooms/limits_reached.h"
#include "matrix/identifier.h"

// A new room: all its first events in one write, authorised one after the other.
namespace porchlight::homeserver {

namespace {

constexpr std::size_t room_id_letters = 18;
constexpr std::size_t event_id_letters = 24;

matrix::outcome<std::vector<user_key>> invited_users(const accounts& a, const create_room& wish,
                                                     user_key creator) {
    std::vector<user_key> users;
    for (const auto& id : wish.invite) {
        if (!matrix::parse_user_id(id)) {
            return fail(errc::invalid_param, "invite: " + id + " is no user id (@name:server)");
        }
        const auto user = a.find(id);
        if (!user || a.is_deactivated(*user)) {
            return fail(errc::not_found, "invite: there is no user " + id + " on this server");
        }
        if (*user == creator) {
            return fail(errc::invalid_param, "invite: the creator is in the room already");
        }
        if (std::ranges::find(users, *user) == users.end()) {
            users.push_back(*user);
        }
    }
    return users;
}

}  // namespace

std::string rooms::impl::chosen_event_id(matrix::room_version version) const {
    if (version.hashed_ids()) {
        return {};
    }
    return "$" + ports::random_text(s.random, event_id_letters) + ":" + s.config.server_name;
}

struct rooms::impl::creation {
    explicit creation(matrix::room_version v) : live(v) {}
    caller who;
    room_key room;
    std::string room_id, version, alias;
    bool listed = false;
    live_room live;
    std::vector<member_entry> members;
    std::vector<user_key> invited;
    std::uint64_t last_position = 0;
    ports::write_set writes;
    completion<std::string> done;

    membership of(user_key u) const {
        const auto it = std::ranges::find(members, u, &member_entry::user);
        return it == members.end() ? membership::none : it->state;
    }
    std::optional<failure> refuses(const event_draft& draft, user_key target) const;
};

std::optional<failure> rooms::impl::creation::refuses(const event_draft& draft,
                                                      user_key target) const {
    std::optional<std::string> reason;
    if (draft.type == "m.room.create") {
        return std::nullopt;
    }
    if (draft.type == "m.room.member") {
        member_change m;
        m.sender = draft.sender;
        m.target = *draft.state_key;
        m.sender_now = of(who.user);
        m.target_now = of(target);
        m.to = target == who.user ? membership::join : membership::invite;
        m.first_join = members.empty();
        reason = refuses_member(live.state.rules(), m);
    } else {
        reason = refuses_event(live.state.rules(), {draft.sender, of(who.user), draft.type,
                                                    *draft.state_key, draft.content});
    }
    return reason ? std::optional(fail(errc::forbidden, draft.type + ": " + *reason))
                  : std::nullopt;
}

std::optional<failure> rooms::impl::add_first_event(creation& c, event_draft draft,
                                                    user_key target) {
    if (auto refused = c.refuses(draft, target)) {
        return refused;
    }
    if (draft.type == "m.room.canonical_alias") {
        if (auto refused = check_canonical_alias(c.room, draft.content, c.alias)) {
            return refused;
        }
    }
    const bool is_member = draft.type == "m.room.member";
    const membership to = target == c.who.user ? membership::join : membership::invite;
    event_place place;
    place.room = c.room;
    place.room_id = c.room_id;
    if (!c.live.head.empty()) {
        place.previous = {c.live.head};
    }
    place.authorised_by = is_member ? c.live.state.authorising(draft.sender, *draft.state_key, to)
                                    : c.live.state.authorising(draft.sender);
    place.depth = ++c.live.depth;
    place.now = s.clock.now().wall;
    place.version = c.live.state.version();
    place.chosen_id = chosen_event_id(place.version);
    auto built = build_event(std::move(draft), place);
    if (!built) {
        return built.error();
    }
    built->row.position = c.last_position = s.log.next_position();
    c.live.head = c.live.applied_head = built->row.event_id;
    c.live.state.apply(built->row, built->content);
    if (is_member) {
        c.members.push_back({target, to, false, c.last_position});
        c.writes.emplace_back(row_of(c.room, c.members.back(), presence_position_pending));
    }
    c.writes.emplace_back(std::move(built->row));
    return std::nullopt;
}

outcome<std::shared_ptr<rooms::impl::creation>> rooms::impl::plan(caller who,
                                                                  const create_room& wish) {
    const auto version = check_wish(wish, s.config.default_room_version);
    if (!version) {
        return version.error();
    }
    auto c = std::make_shared<creation>(*version);
    c->who = who;
    if (table.joined_rooms(who.user) >= base::limits::rooms_per_user_max) {
        rooms_per_user_limit_reached.add();
        return fail(errc::resource_limit, "You are in as many rooms as a user may be in");
    }
    if (!wish.room_alias_name.empty()) {
        c->alias = "#" + wish.room_alias_name + ":" + s.config.server_name;
        if (!matrix::parse_room_alias(c->alias) ||
            wish.room_alias_name.find_first_of(":#") != std::string::npos) {
            return fail(errc::invalid_param,
                        "room_alias_name: a name without ':' and '#', at most 255 bytes as alias");
        }
        if (table.aliases.contains(c->alias) || reserved_aliases.contains(c->alias)) {
            return fail(errc::room_in_use, "The alias " + c->alias + " is taken");
        }
    }
    auto invited = invited_users(a, wish, who.user);
    if (!invited) {
        return invited.error();
    }
    c->invited = std::move(*invited);
    c->version = version->name();
    c->room_id = "!" + ports::random_text(s.random, room_id_letters) + ":" + s.config.server_name;
    c->room = table.next_key();
    c->listed = wish.visibility == "public";
    std::vector<engine::profile> profiles;
    for (const user_key u : c->invited) {
        profiles.push_back(a.profile(u));
    }
    for (event_draft& draft : plan_room(wish, a.profile(who.user), *version, c->alias, profiles)) {
        user_key target = who.user;
        if (draft.type == "m.room.member" && draft.state_key != draft.sender) {
            target = *a.find(*draft.state_key);
        }
        if (auto refused = add_first_event(*c, std::move(draft), target)) {
            return std::move(*refused);
        }
    }
    return c;
}

void rooms::impl::create(caller who, create_room wish, completion<std::string> done) {
    auto planned = plan(who, wish);
    if (!planned) {
        done(planned.error());
        return;
    }
    const auto c = *planned;
    c->done = std::move(done);
    table.reserve();
    c->writes.emplace_back(
        ports::room_row{c->room, c->room_id, c->version, c->live.state.is_public(), 1});
    if (!c->alias.empty()) {
        reserved_aliases.insert(c->alias);
        c->writes.emplace_back(
            ports::alias_row{c->alias, c->room, std::string(a.user_id(who.user))});
    }
    if (c->listed) {
        c->writes.emplace_back(ports::meta_row{listed_name(c->room), "1"});
    }
    s.log.commit(c->last_position, std::move(c->writes), [this, c](bool ok) {
        reserved_aliases.erase(c->alias);
        if (ok) {
            created(*c);
        }
        c->done(ok ? outcome<std::string>(c->room_id) : fail(errc::unavailable));
    });
}

void rooms::impl::created(creation& c) {
    const base::instant now = s.clock.now();
    table.add(c.room, c.room_id, c.version, c.live.state.is_public());
    room_record& room = table.at(c.room);
    room.last_position = c.last_position;
    room.live = std::make_unique<live_room>(std::move(c.live));
    if (!c.alias.empty()) {
        table.aliases.emplace(c.alias,
                              room_table::alias{c.room, std::string(a.user_id(c.who.user))});
    }
    s.engine.room_public(c.room, room.is_public, now);
    for (const member_entry& m : c.members) {
        apply_member(c.room, m.user, m.state, m.position);
    }
    s.engine.active(c.who.user, c.who.device, now);
    for (const member_entry& m : c.members) {
        s.engine.wake(m.user, now);
    }
}

}  // namespace porchlight::homeserver
