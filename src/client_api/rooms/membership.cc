#include "client_api/rooms/reading.h"
#include "client_api/rooms/rooms.h"
#include "homeserver/rooms.h"
#include "matrix/identifier.h"

namespace porchlight::client_api {
namespace {

using homeserver::membership;

// The reason given in the body. None: the call was refused.
std::optional<std::string> reason_of(call& c) {
    auto reason = matrix::optional_string(c.object(), "reason");
    if (!reason) {
        c.refuse(reason.error());
        return std::nullopt;
    }
    return reason->value_or(std::string());
}

void join(const call_ptr& c, base::room_key r) {
    const auto reason = reason_of(*c);
    if (!reason) {
        return;
    }
    json::object content;
    if (!reason->empty()) {
        content["reason"] = *reason;
    }
    const std::string room_id(c->server.rooms.room_id(r));
    c->server.rooms.join(c->user(), r, std::move(content), [c, room_id](outcome<void> done) {
        if (done) {
            c->reply(json::object{{"room_id", room_id}});
        } else {
            c->refuse(done.error());
        }
    });
}

// The room an id or alias stands for. None: the call was refused.
std::optional<base::room_key> room_by_name(call& c) {
    const std::string& name = c.params.at(0);
    if (!matrix::is_room_id(name) && !matrix::parse_room_alias(name)) {
        c.refuse(fail(errc::invalid_param, "A room id (!name:server) or alias (#name:server)"));
        return std::nullopt;
    }
    const auto room =
        name.front() == '#' ? c.server.rooms.by_alias(name) : c.server.rooms.find(name);
    if (!room) {
        c.refuse(fail(errc::not_found, "This server has no room " + name));
    }
    return room;
}

struct target {
    base::room_key room;
    std::string user_id, reason;
    membership now = membership::none;
};

// Whom the body names. None: the call was refused.
std::optional<target> target_of(call& c) {
    const auto room = joined_room_of(c);
    if (!room) {
        return std::nullopt;
    }
    if (c.object().contains("medium") && !c.object().contains("user_id")) {
        c.refuse(fail(errc::forbidden, "This server knows users by their user id only"));
        return std::nullopt;
    }
    auto user_id = matrix::required_string(c.object(), "user_id");
    if (!user_id) {
        c.refuse(user_id.error());
        return std::nullopt;
    }
    auto reason = reason_of(c);
    if (!reason) {
        return std::nullopt;
    }
    target t{*room, std::move(*user_id), std::move(*reason), membership::none};
    if (const auto user = c.server.accounts.find(t.user_id)) {
        t.now = c.server.rooms.membership_of(*room, *user).state;
    }
    return t;
}

void give(const call_ptr& c, target t, membership to) {
    c->server.rooms.set_membership(c->user(), t.room, std::move(t.user_id), to, std::move(t.reason),
                                   answer_empty(c));
}

}  // namespace

void join_by_name(call_ptr c) {
    if (const auto room = room_by_name(*c)) {
        join(c, *room);
    }
}

void join_room(call_ptr c) {
    join_by_name(std::move(c));
}

void knock_by_name(call_ptr c) {
    const auto room = room_by_name(*c);
    if (!room) {
        return;
    }
    const auto reason = reason_of(*c);
    if (!reason) {
        return;
    }
    const std::string room_id(c->server.rooms.room_id(*room));
    c->server.rooms.set_membership(c->user(), *room,
                                   std::string(c->server.accounts.user_id(c->user().user)),
                                   membership::knock, *reason, [c, room_id](outcome<void> done) {
                                       if (done) {
                                           c->reply(json::object{{"room_id", room_id}});
                                       } else {
                                           c->refuse(done.error());
                                       }
                                   });
}

void leave_room(call_ptr c) {
    const auto room = room_of(*c);
    if (!room) {
        return;
    }
    if (const auto reason = reason_of(*c)) {
        c->server.rooms.set_membership(c->user(), *room,
                                       std::string(c->server.accounts.user_id(c->user().user)),
                                       membership::leave, *reason, answer_empty(c));
    }
}

void invite_user(call_ptr c) {
    if (auto t = target_of(*c)) {
        give(c, std::move(*t), membership::invite);
    }
}

void kick_user(call_ptr c) {
    auto t = target_of(*c);
    if (!t) {
        return;
    }
    if (t->now != membership::join && t->now != membership::invite && t->now != membership::knock) {
        c->refuse(fail(errc::forbidden, t->user_id + " is not in the room"));
        return;
    }
    give(c, std::move(*t), membership::leave);
}

void ban_user(call_ptr c) {
    if (auto t = target_of(*c)) {
        give(c, std::move(*t), membership::ban);
    }
}

void unban_user(call_ptr c) {
    auto t = target_of(*c);
    if (!t) {
        return;
    }
    if (t->now != membership::ban) {
        c->refuse(fail(errc::forbidden, t->user_id + " is not banned"));
        return;
    }
    give(c, std::move(*t), membership::leave);
}

void forget_room(call_ptr c) {
    if (const auto room = room_of(*c)) {
        c->server.rooms.forget(c->user(), *room, answer_empty(c));
    }
}

void joined_rooms(call_ptr c) {
    json::array joined;
    for (const auto& room : c->server.rooms.rooms_of(c->user().user)) {
        if (room.state == membership::join) {
            joined.emplace_back(c->server.rooms.room_id(room.room));
        }
    }
    c->reply(json::object{{"joined_rooms", std::move(joined)}});
}

}  // namespace porchlight::client_api
