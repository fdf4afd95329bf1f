#include <algorithm>

#include "base/log.h"
#include "homeserver/rooms/authorization.h"
#include "homeserver/rooms/impl.h"
#include "homeserver/rooms/limits_reached.h"
#include "homeserver/rooms/stored_event.h"
#include "matrix/identifier.h"

// From a wish to an applied event in an existing room.
namespace porchlight::homeserver {
namespace {

std::optional<failure> forbidden_if(std::optional<std::string> reason) {
    return reason ? std::optional(fail(errc::forbidden, std::move(*reason))) : std::nullopt;
}

json::object content_of(const std::string& event_json) {
    const auto parsed = matrix::parse_json(event_json);
    return parsed->at("content").as_object();
}

std::string_view authorised_by(const json::object& member_content) {
    const auto* found = member_content.if_contains(authorised_by_key);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string())
                                                  : std::string_view();
}

}  // namespace

void rooms::impl::submit(room_key r, room_change c) {
    if (!table.exists(r)) {
        c.done(fail(errc::not_found, "No such room"));
        return;
    }
    auto shared = std::make_shared<room_change>(std::move(c));
    live_room::step step;
    step.is_state = shared->is_state();
    step.start = [this, r, shared](live_room& live) { start(r, live, std::move(*shared)); };
    try {
        if (enqueue(r, std::move(step))) {
            return;
        }
    } catch (const ports::store_error& e) {
        base::log::error("homeserver", "a room's state cannot be read", {{"error", e.what()}});
    }
    shared->done(fail(errc::unavailable));
}

void rooms::impl::start(room_key r, live_room& live, room_change c) {
    outcome<built_event> event = fail(errc::unavailable);
    try {
        event = prepare(r, live, c);
    } catch (const ports::store_error& e) {
        base::log::error("homeserver", "a room's state cannot be read", {{"error", e.what()}});
    }
    if (event && !event->row.event_id.empty()) {
        commit(r, live, std::move(c), std::move(*event));
        return;
    }
    const bool is_state = c.is_state();
    if (!event) {
        c.done(event.error());
    } else {
        const auto* there = live.state.find("m.room.member", *c.draft.state_key);
        c.done(there != nullptr ? *there : std::string());
    }
    ended(r, is_state);
}

outcome<built_event> rooms::impl::prepare(room_key r, live_room& live, room_change& c) {
    know_member(live, r, c.draft.sender, c.sender);
    if (c.member) {
        know_member(live, r, *c.draft.state_key, c.member->target);
        const auto now = table.member(r, c.member->target).state;
        const bool there_already = now == c.member->to && c.member->target == c.sender &&
                                   !c.member->refresh &&
                                   (now == membership::join || now == membership::leave);
        if (there_already) {
            return built_event{};
        }
    }
    if (auto refused = check(r, live, c)) {
        return std::move(*refused);
    }
    const room_record& room = table.at(r);
    event_place place;
    place.room = r;
    place.room_id = room.room_id;
    place.previous = {live.head};
    place.authorised_by = c.member
                              ? live.state.authorising(c.draft.sender, *c.draft.state_key,
                                                       c.member->to, authorised_by(c.draft.content))
                              : live.state.authorising(c.draft.sender);
    place.depth = live.depth + 1;
    place.now = s.clock.now().wall;
    place.version = live.state.version();
    place.chosen_id = chosen_event_id(place.version);
    event_draft draft = c.draft;
    if (draft.state_key) {
        if (const auto* before = live.state.find(draft.type, *draft.state_key)) {
            draft.unsigned_part[stored_event::replaces_state] = *before;
        }
    }
    if (!c.txn_id.empty()) {
        draft.unsigned_part[stored_event::sent_by] = {
            {"device", static_cast<std::int64_t>(c.device.value)}, {"transaction_id", c.txn_id}};
    }
    auto built = build_event(std::move(draft), place);
    if (built && c.redacted) {
        c.redacted_json = redacted_json(*c.redacted, *built, place.version);
    }
    return built;
}

std::optional<failure> rooms::impl::check(room_key r, live_room& live, room_change& c) {
    if (c.member) {
        return check_member(r, live, c);
    }
    plain_event e{c.draft.sender, table.member(r, c.sender).state, c.draft.type, std::nullopt,
                  c.draft.content};
    if (c.draft.state_key) {
        e.state_key = *c.draft.state_key;
        const bool fresh = live.state.find(c.draft.type, *c.draft.state_key) == nullptr;
        if (fresh && live.state.size() >= base::limits::room_state_max) {
            room_state_limit_reached.add();
            return fail(errc::resource_limit, "This room has as much state as a room may have");
        }
    }
    if (auto refused = forbidden_if(refuses_event(live.state.rules(), e))) {
        return refused;
    }
    if (c.redacted) {
        return forbidden_if(
            refuses_redaction(live.state.rules(), c.draft.sender, c.redacted->sender));
    }
    if (c.draft.type == "m.room.canonical_alias" && c.draft.state_key) {
        return check_canonical_alias(r, c.draft.content);
    }
    return std::nullopt;
}

std::optional<failure> rooms::impl::check_member(room_key r, live_room& live, room_change& c) {
    member_change m;
    m.sender = c.draft.sender;
    m.target = *c.draft.state_key;
    m.sender_now = table.member(r, c.sender).state;
    m.target_now = table.member(r, c.member->target).state;
    m.to = c.member->to;
    json::object& content = c.draft.content;
    if (content.contains("third_party_invite")) {
        return fail(errc::forbidden, "This server knows users by their user id only");
    }
    content.erase(authorised_by_key);  // said by servers, not by users
    const std::string voucher =
        m.to == membership::join ? voucher_for(live, r, c.member->target) : "";
    if (!voucher.empty()) {
        m.authorised_by = voucher;
        content[authorised_by_key] = voucher;
    }
    if (auto refused = forbidden_if(refuses_member(live.state.rules(), m))) {
        return refused;
    }
    const bool joins = m.to == membership::join && m.target_now != membership::join;
    if (joins && table.joined_rooms(c.member->target) >= base::limits::rooms_per_user_max) {
        rooms_per_user_limit_reached.add();
        return fail(errc::resource_limit, "You are in as many rooms as a user may be in");
    }
    fill_member_content(c);
    return std::nullopt;
}

void rooms::impl::fill_member_content(room_change& c) const {
    json::object& content = c.draft.content;
    content["membership"] = to_string(c.member->to);
    const bool named = c.member->to == membership::join || c.member->to == membership::invite ||
                       c.member->to == membership::knock;
    if (!named) {
        return;
    }
    const auto profile = a.profile(c.member->target);
    if (!profile.displayname.empty() && !content.contains("displayname")) {
        content["displayname"] = profile.displayname;
    }
    if (!profile.avatar_url.empty() && !content.contains("avatar_url")) {
        content["avatar_url"] = profile.avatar_url;
    }
}

std::optional<failure> rooms::impl::check_canonical_alias(room_key r, const json::object& content,
                                                          std::string_view being_made) const {
    std::vector<std::string> named;
    if (const auto* alias = content.if_contains("alias"); alias != nullptr && !alias->is_null()) {
        if (!alias->is_string()) {
            return fail(errc::bad_json, "m.room.canonical_alias: alias must be a string");
        }
        if (!alias->get_string().empty()) {
            named.emplace_back(alias->get_string());
        }
    }
    if (const auto* others = content.if_contains("alt_aliases")) {
        if (!others->is_array()) {
            return fail(errc::bad_json, "m.room.canonical_alias: alt_aliases must be an array");
        }
        for (const auto& other : others->get_array()) {
            if (!other.is_string()) {
                return fail(errc::bad_json, "m.room.canonical_alias: alt_aliases must be strings");
            }
            named.emplace_back(other.get_string());
        }
    }
    for (const auto& alias : named) {
        if (!matrix::parse_room_alias(alias)) {
            return fail(errc::invalid_param, alias + " is no room alias (#name:server)");
        }
        const auto known = table.aliases.find(alias);
        if (alias != being_made && (known == table.aliases.end() || known->second.room != r)) {
            return fail(errc::bad_alias, alias + " does not point to this room");
        }
    }
    return std::nullopt;
}

ports::membership_row rooms::impl::row_of(room_key r, const member_entry& m,
                                          std::uint64_t p) const {
    return {m.user, r, m.state, m.position, p, m.forgotten};
}

ports::write_set rooms::impl::writes_of(room_key r, const live_room& live, const room_change& c,
                                        const built_event& e) const {
    ports::write_set set;
    set.emplace_back(e.row);
    const room_record& room = table.at(r);
    if (c.member && table.member(r, c.member->target).state != c.member->to) {
        set.emplace_back(row_of(r, {c.member->target, c.member->to, false, e.row.position},
                                presence_position_pending));
    }
    if (e.row.type == "m.room.join_rules" && e.row.state_key == "") {
        const bool is_public = parse_join_rule(e.content, live.state.version()) == join_rule::open;
        if (is_public != live.state.is_public()) {
            set.emplace_back(
                ports::room_row{r, room.room_id, room.version, is_public, room.joined});
        }
    }
    if (!c.txn_id.empty()) {
        set.emplace_back(ports::transaction_row{c.device, c.txn_kind, c.txn_id, e.row.event_id,
                                                e.row.origin_server_ts});
    }
    if (c.redacted) {
        set.emplace_back(ports::redaction{c.redacted->position, c.redacted_json});
    }
    return set;
}

void rooms::impl::commit(room_key r, live_room& live, room_change c, built_event e) {
    const std::uint64_t position = s.log.next_position();
    e.row.position = position;
    live.head = e.row.event_id;
    live.depth = e.row.depth;
    ports::write_set set = writes_of(r, live, c, e);
    s.log.commit(position, std::move(set),
                 [this, r, c = std::move(c), e = std::move(e)](bool ok) mutable {
                     const bool is_state = c.is_state();
                     outcome<std::string> result = fail(errc::unavailable);
                     if (ok) {
                         apply(r, *table.at(r).live, c, e);
                         result = e.row.event_id;
                     }
                     c.done(std::move(result));
                     ended(r, is_state);
                 });
}

void rooms::impl::apply(room_key r, live_room& live, const room_change& c, const built_event& e) {
    const base::instant now = s.clock.now();
    room_record& room = table.at(r);
    room.last_position = e.row.position;
    live.applied_head = e.row.event_id;
    live.state.apply(e.row, e.content);
    if (c.redacted && c.redacted->state_key) {
        const auto* current = live.state.find(c.redacted->type, *c.redacted->state_key);
        if (current != nullptr && *current == c.redacted->event_id) {
            live.state.apply(*c.redacted, content_of(c.redacted_json));
        }
    }
    if (room.is_public != live.state.is_public()) {
        room.is_public = live.state.is_public();
        s.engine.room_public(r, room.is_public, now);
    }
    if (c.member) {
        apply_member(r, c.member->target, c.member->to, e.row.position);
    }
    if (c.device.valid()) {
        s.engine.active(c.sender, c.device, now);
    }
    wake_room(r);
    if (c.member) {
        s.engine.wake(c.member->target, now);
    }
}

void rooms::impl::apply_member(room_key r, user_key target, membership to, std::uint64_t position) {
    const base::instant now = s.clock.now();
    const membership before = table.member(r, target).state;
    if (before == to && to == membership::join) {
        return;  // a new name or picture; the membership is that of before
    }
    const member_entry entry = table.set_member(r, {target, to, false, position});
    std::uint64_t presence_position = s.engine.current_token().presence;
    if (to == membership::join) {
        presence_position = s.engine.joined(r, target, now);
    } else if (before == membership::join) {
        s.engine.left(r, target, now);
    }
    s.log.write_behind({row_of(r, entry, presence_position)}, [](bool) {});
}

void rooms::impl::wake_room(room_key r) {
    const base::instant now = s.clock.now();
    for (const member_entry& m : table.at(r).members) {
        if (m.state == membership::join) {
            s.engine.wake(m.user, now);
        }
    }
    s.engine.wake_peekers(r, now);
}

}  // namespace porchlight::homeserver
