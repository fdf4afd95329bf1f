#include "client_api/account_data/account_data.h"

#include <boost/json/serialize.hpp>

#include "base/log.h"
#include "client_api/push/push.h"
#include "homeserver/ephemeral.h"
#include "homeserver/rooms.h"
#include "matrix/identifier.h"

namespace porchlight::client_api {

namespace {

using homeserver::room_key;

// True: the account data of the path is the caller's own. False: answered.
bool is_own(call& c) {
    if (c.server.accounts.user_id(c.user().user) == c.params[0]) {
        return true;
    }
    c.refuse(fail(errc::forbidden, "Account data belongs to its user alone."));
    return false;
}

// The room of the path; none: answered.
std::optional<room_key> asked_room(call& c) {
    if (!matrix::is_room_id(c.params[1])) {
        c.refuse(fail(errc::invalid_param, "The path needs a room id: !opaque:server."));
        return std::nullopt;
    }
    const auto r = c.server.rooms.find(c.params[1]);
    if (!r) {
        c.refuse(fail(errc::not_found, "There is no account data of this type."));
    }
    return r;
}

outcome<std::string> read(ports::store_reader& store, homeserver::user_key u, room_key r,
                          const std::string& type) {
    try {
        for (auto& row : store.account_data(u, 0)) {
            if (row.room == r && row.type == type) {
                return std::move(row.content);
            }
        }
    } catch (const ports::store_error& e) {
        base::log::error("client_api", "reading account data failed", {{"error", e.what()}});
        return fail(errc::unavailable);
    }
    return fail(errc::not_found, "There is no account data of this type.");
}

void answer_with(call_ptr c, room_key r, std::string type) {
    auto& services = c->server.services;
    const bool queued = services.cold.run([c, r, type = std::move(type), &services] {
        auto content = read(services.store, c->user().user, r, type);
        services.decider.post([c, content = std::move(content)] {
            if (content) {
                c->reply_text(*content);
            } else {
                c->refuse(content.error());
            }
        });
    });
    if (!queued) {
        c->refuse(fail(errc::unavailable));
    }
}

void store(call_ptr c, room_key r, const std::string& type) {
    if (type == "m.fully_read" || type == "m.push_rules") {
        // 405 with M_BAD_JSON is what the specification asks for; no other refusal is like it.
        c->reply({{"errcode", "M_BAD_JSON"},
                  {"error", "The server keeps " + type + "; it has its own endpoint."}},
                 405);
        return;
    }
    c->server.ephemeral.set_account_data(c->user(), r, type, json::serialize(c->body),
                                         answer_empty(c));
}

}  // namespace

void account_data(call_ptr c) {
    if (!is_own(*c)) {
        return;
    }
    if (c->params[1] == "m.push_rules") {
        c->reply({{"global", push_rules_of(c->params[0])}});
        return;
    }
    answer_with(c, room_key{}, c->params[1]);
}

void set_account_data(call_ptr c) {
    if (is_own(*c)) {
        store(c, room_key{}, c->params[1]);
    }
}

void room_account_data(call_ptr c) {
    if (!is_own(*c)) {
        return;
    }
    if (const auto r = asked_room(*c)) {
        answer_with(c, *r, c->params[2]);
    }
}

void set_room_account_data(call_ptr c) {
    if (!is_own(*c)) {
        return;
    }
    if (const auto r = asked_room(*c)) {
        store(c, *r, c->params[2]);
    }
}

}  // namespace porchlight::client_api
