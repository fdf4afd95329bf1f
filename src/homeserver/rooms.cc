#include "homeserver/rooms.h"

#include <algorithm>

#include "base/log.h"
#include "homeserver/rooms/history.h"
#include "homeserver/rooms/impl.h"
#include "matrix/identifier.h"

namespace porchlight::homeserver {
namespace {

completion<std::string> without_id(completion<void> done) {
    return [d = std::move(done)](outcome<std::string> r) mutable {
        d(r ? outcome<void>() : outcome<void>(r.error()));
    };
}

event_draft member_draft(std::string_view sender, std::string target, json::object content) {
    event_draft draft;
    draft.type = "m.room.member";
    draft.sender = sender;
    draft.state_key = std::move(target);
    draft.content = std::move(content);
    return draft;
}

}  // namespace

rooms::impl::impl(services& services_in, accounts& accounts_in) : s(services_in), a(accounts_in) {}

rooms::rooms(services& s, accounts& a) : impl_(std::make_unique<impl>(s, a)) {}
rooms::~rooms() = default;

void rooms::load(ports::store_reader& store) {
    auto& i = *impl_;
    const std::uint32_t users = store.user_bound();
    i.s.engine.load_users(users);
    i.table.reserve_users(users);
    store.rooms([&i](ports::room_row&& row) {
        i.s.engine.load_room(row.room, row.is_public);
        i.table.add(row.room, std::move(row.room_id), std::move(row.version), row.is_public);
    });
    std::vector<ports::membership_row> of_room;  // they come by room
    store.memberships([&i, &of_room](ports::membership_row&& row) {
        if (!of_room.empty() && of_room.front().room != row.room) {
            i.load_members(of_room);
            of_room.clear();
        }
        of_room.push_back(row);
    });
    i.load_members(of_room);
    store.aliases([&i](ports::alias_row&& row) {
        i.table.aliases.emplace(std::move(row.alias),
                                room_table::alias{row.room, std::move(row.creator)});
    });
}

// All members of one room, so that memory for them is taken once.
void rooms::impl::load_members(std::span<const ports::membership_row> rows) {
    if (rows.empty() || !table.exists(rows.front().room)) {
        return;
    }
    const room_key r = rows.front().room;
    const std::uint64_t newest_presence = s.engine.current_token().presence;
    table.at(r).members.reserve(rows.size());
    s.engine.load_room(r, table.at(r).is_public, rows.size());
    for (const ports::membership_row& row : rows) {
        table.set_member(r, {row.user, row.state, row.forgotten, row.position});
        if (row.state == membership::join) {
            s.engine.load_membership(r, row.user, std::min(row.presence_position, newest_presence));
        }
    }
}

void rooms::create(caller who, create_room wish, completion<std::string> done) {
    impl_->create(who, std::move(wish), std::move(done));
}

void rooms::send(caller who, room_key r, std::string type, json::object content,
                 std::string txn_kind, std::string txn_id, completion<std::string> done) {
    room_change c;
    c.sender = who.user;
    c.device = who.device;
    c.draft.type = std::move(type);
    c.draft.sender = impl_->a.user_id(who.user);
    c.draft.content = std::move(content);
    c.txn_kind = txn_kind;
    c.txn_id = txn_id;
    if (c.draft.type == "m.room.redaction") {
        done(fail(errc::bad_json, "Events are redacted by PUT /rooms/{roomId}/redact/{eventId}"));
        return;
    }
    impl_->recent.once(who, std::move(txn_kind), std::move(txn_id), std::move(done),
                       [this, r, c = std::move(c)](completion<std::string> finish) mutable {
                           c.done = std::move(finish);
                           impl_->submit(r, std::move(c));
                       });
}

void rooms::set_state(caller who, room_key r, std::string type, std::string state_key,
                      json::object content, completion<std::string> done) {
    room_change c;
    c.sender = who.user;
    c.device = who.device;
    if (type == "m.room.member") {
        const auto* wished = content.if_contains("membership");
        const auto to = wished != nullptr && wished->is_string()
                            ? parse_membership(std::string_view(wished->get_string()))
                            : std::nullopt;
        const auto target = impl_->a.find(state_key);
        if (!to || !target) {
            done(!to ? fail(errc::bad_json, "membership: one of invite, join, leave, ban, knock")
                     : fail(errc::not_found, "There is no user " + state_key + " on this server"));
            return;
        }
        c.member = {*target, *to, true};
    }
    c.draft.type = std::move(type);
    c.draft.state_key = std::move(state_key);
    c.draft.sender = impl_->a.user_id(who.user);
    c.draft.content = std::move(content);
    c.done = std::move(done);
    impl_->submit(r, std::move(c));
}

void rooms::join(caller who, room_key r, json::object content, completion<void> done) {
    room_change c;
    c.sender = who.user;
    c.device = who.device;
    c.member = {who.user, membership::join, false};
    c.draft = member_draft(impl_->a.user_id(who.user), std::string(impl_->a.user_id(who.user)),
                           std::move(content));
    c.done = without_id(std::move(done));
    impl_->submit(r, std::move(c));
}

void rooms::set_membership(caller who, room_key r, std::string target_id, membership to,
                           std::string reason, completion<void> done) {
    if (!matrix::parse_user_id(target_id)) {
        done(fail(errc::invalid_param, "user_id: " + target_id + " is no user id (@name:server)"));
        return;
    }
    const auto target = impl_->a.find(target_id);
    if (!target || (to == membership::invite && impl_->a.is_deactivated(*target))) {
        done(fail(errc::not_found, "There is no user " + target_id + " on this server"));
        return;
    }
    json::object content;
    if (!reason.empty()) {
        content["reason"] = reason;
    }
    room_change c;
    c.sender = who.user;
    c.device = who.device;
    c.member = {*target, to, false};
    c.draft = member_draft(impl_->a.user_id(who.user), std::move(target_id), std::move(content));
    c.done = without_id(std::move(done));
    impl_->submit(r, std::move(c));
}

void rooms::redact(caller who, room_key r, std::string event_id, std::string reason,
                   std::string txn_kind, std::string txn_id, completion<std::string> done) {
    room_change c;
    c.sender = who.user;
    c.device = who.device;
    c.draft.type = "m.room.redaction";
    c.draft.sender = impl_->a.user_id(who.user);
    c.draft.redacts = event_id;
    if (!reason.empty()) {
        c.draft.content["reason"] = reason;
    }
    c.txn_kind = txn_kind;
    c.txn_id = txn_id;
    using maybe_row = std::optional<ports::event_row>;
    auto first = [this, r, event_id, c = std::move(c)](completion<std::string> finish) mutable {
        c.done = std::move(finish);
        impl_->read<maybe_row>(
            [event_id](ports::store_reader& store) { return store.event(event_id); },
            [this, r, c = std::move(c)](outcome<maybe_row> row) mutable {
                if (!row) {
                    c.done(row.error());
                } else if (!*row || (*row)->room != r) {
                    c.done(fail(errc::not_found, "No such event in this room"));
                } else {
                    c.redacted = std::make_shared<const ports::event_row>(std::move(**row));
                    impl_->submit(r, std::move(c));
                }
            });
    };
    impl_->recent.once(who, std::move(txn_kind), std::move(txn_id), std::move(done),
                       std::move(first));
}

void rooms::forget(caller who, room_key r, completion<void> done) {
    auto& i = *impl_;
    if (!i.table.exists(r)) {
        done(fail(errc::not_found, "No such room"));
        return;
    }
    auto shared = std::make_shared<completion<void>>(std::move(done));
    const bool queued = i.enqueue(
        r, {true, [&i, who, r, shared](live_room&) {
                member_entry m = i.table.member(r, who.user);
                if (m.state != membership::leave && m.state != membership::ban) {
                    (*shared)(m.state == membership::none
                                  ? fail(errc::not_found, "You were never in this room")
                                  : fail(errc::bad_state, "Leave the room before forgetting it"));
                    i.ended(r, true);
                    return;
                }
                m.forgotten = true;
                const auto p = i.s.engine.current_token().presence;
                i.s.log.commit(i.s.log.next_position(), {i.row_of(r, m, p)},
                               [&i, r, m, shared](bool ok) {
                                   if (ok) {
                                       i.table.set_member(r, m);
                                   }
                                   (*shared)(ok ? outcome<void>() : fail(errc::unavailable));
                                   i.ended(r, true);
                               });
            }});
    if (!queued) {
        (*shared)(fail(errc::unavailable));
    }
}

// --- profile and deactivation: many rooms, some a turn ---

void rooms::impl::rename_some(user_key u, std::shared_ptr<std::vector<room_key>> rest) {
    for (std::size_t n = 0; n < base::limits::profile_rooms_per_turn && !rest->empty(); ++n) {
        const room_key r = rest->back();
        rest->pop_back();
        if (table.member(r, u).state != membership::join) {
            continue;
        }
        room_change c;
        c.sender = u;
        c.member = {u, membership::join, true};
        c.draft = member_draft(a.user_id(u), std::string(a.user_id(u)), {});
        c.done = [](outcome<std::string> result) {
            if (!result) {
                base::log::warn("homeserver", "a room did not take a member's new profile",
                                {{"error", result.error().message}});
            }
        };
        submit(r, std::move(c));
    }
    if (!rest->empty()) {
        s.decider.post([this, u, rest] { rename_some(u, rest); });
        return;
    }
    renaming.erase(u);
    if (renaming_again.erase(u) != 0) {
        renaming.insert(u);
        const auto all = table.rooms_of(u);
        rest->assign(all.begin(), all.end());
        s.decider.post([this, u, rest] { rename_some(u, rest); });
    }
}

void rooms::profile_changed(user_key u) {
    auto& i = *impl_;
    if (!i.renaming.insert(u).second) {
        i.renaming_again.insert(u);  // the rooms already done get it in a second pass
        return;
    }
    const auto all = i.table.rooms_of(u);
    i.rename_some(u, std::make_shared<std::vector<room_key>>(all.begin(), all.end()));
}

void rooms::leave_all(user_key u) {
    auto& i = *impl_;
    for (const room_key r : i.table.rooms_of(u)) {
        const membership m = i.table.member(r, u).state;
        if (m != membership::join && m != membership::invite && m != membership::knock) {
            continue;
        }
        i.s.decider.post([&i, u, r] {
            room_change c;
            c.sender = u;
            c.member = {u, membership::leave, false};
            c.draft = member_draft(i.a.user_id(u), std::string(i.a.user_id(u)), {});
            c.done = [](outcome<std::string>) {};
            i.submit(r, std::move(c));
        });
    }
}

}  // namespace porchlight::homeserver
