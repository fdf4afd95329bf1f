#include "client_api/rooms/reading.h"

#include <boost/json/serialize.hpp>
#include <charconv>
#include <set>

#include "homeserver/durable_log.h"
#include "homeserver/rooms.h"
#include "matrix/identifier.h"

namespace porchlight::client_api {
namespace {

failure not_in_room() {
    return fail(errc::forbidden, "You are not in this room");
}

}  // namespace

std::optional<room_key> room_of(call& c, std::size_t index) {
    const std::string& room_id = c.params.at(index);
    if (!matrix::is_room_id(room_id)) {
        c.refuse(fail(errc::invalid_param, "roomId: a room id is !name:server"));
        return std::nullopt;
    }
    const auto room = c.server.rooms.find(room_id);
    if (!room) {
        c.refuse(not_in_room());
    }
    return room;
}

std::optional<room_key> joined_room_of(call& c, std::size_t index) {
    const auto room = room_of(c, index);
    if (room &&
        c.server.rooms.membership_of(*room, c.user().user).state != homeserver::membership::join) {
        c.refuse(not_in_room());
        return std::nullopt;
    }
    return room;
}

room_view view_of(call& c, room_key r) {
    const auto& rooms = c.server.rooms;
    room_view v;
    v.room = r;
    v.room_id = rooms.room_id(r);
    v.user_id = c.server.accounts.user_id(c.user().user);
    v.membership = rooms.membership_of(r, c.user().user);
    v.readable_now = rooms.may_read(r, c.user().user);
    v.applied = c.server.services.log.last_applied();
    v.presence = c.server.services.engine.current_token().presence;
    v.reader.device = c.user().device;
    v.reader.now = c.now().wall;
    return v;
}

std::optional<room_view> view_of(call& c, std::size_t index) {
    const auto room = room_of(c, index);
    if (!room) {
        return std::nullopt;
    }
    room_view v = view_of(c, *room);
    const bool knows_it = v.membership.state != homeserver::membership::none;
    if (!v.readable_now && (!knows_it || v.membership.forgotten)) {
        c.refuse(not_in_room());
        return std::nullopt;
    }
    return v;
}

outcome<std::uint64_t> state_position(const room_view& v, ports::store_reader& store) {
    if (v.readable_now) {
        return v.applied;
    }
    const homeserver::history_reader history(store, v.user_id, v.membership);
    if (const auto position = history.state_position()) {
        return std::min(*position, v.applied);
    }
    return not_in_room();
}

void answer_from_store(call_ptr c, store_answer work) {
    struct result {
        std::string text;
        std::optional<failure> refused;
    };
    auto job = [c, w = std::move(work)]() mutable {
        result r;
        try {
            if (auto made = w(c->server.services.store)) {
                r.text = json::serialize(*made);
            } else {
                r.refused = made.error();
            }
        } catch (const ports::store_error&) {
            r.refused = fail(errc::unavailable, "The store cannot be read right now");
        }
        auto& decider = c->server.services.decider;
        decider.post([c = std::move(c), answer = std::move(r)]() mutable {
            if (answer.refused) {
                c->refuse(*answer.refused);
            } else {
                c->reply_text(std::move(answer.text));
            }
        });
    };
    if (!c->server.services.cold.run(std::move(job))) {
        c->refuse(fail(errc::unavailable, "Too many reads are waiting; try again soon"));
    }
}

homeserver::completion<std::string> answer_event_id(call_ptr c) {
    return [c = std::move(c)](outcome<std::string> r) {
        if (r) {
            c->reply(json::object{{"event_id", *r}});
        } else {
            c->refuse(r.error());
        }
    };
}

outcome<std::optional<engine::token>> token_parameter(const call& c, std::string_view name) {
    const auto* text = c.parameter(name);
    // libQuotient asks for older messages with an empty `from` once there are none.
    if (text == nullptr || text->empty()) {
        return std::optional<engine::token>();
    }
    // The pos of a sliding sync is a token with a mark behind.
    auto token = engine::parse_token(std::string_view{*text}.substr(0, text->find('~')));
    if (!token) {
        return fail(errc::invalid_param, std::string(name) + ": not a token of this server");
    }
    return token;
}

outcome<std::size_t> count_parameter(const call& c, std::string_view name, std::size_t otherwise,
                                     std::size_t most) {
    const auto* text = c.parameter(name);
    if (text == nullptr) {
        return std::min(otherwise, most);
    }
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
    if (error == std::errc::result_out_of_range) {
        return most;
    }
    if (error != std::errc() || end != text->data() + text->size()) {
        return fail(errc::invalid_param, std::string(name) + ": a whole number from 0 on");
    }
    return static_cast<std::size_t>(std::min<std::uint64_t>(count, most));
}

outcome<filter_ptr> filter_parameter(const call& c) {
    const auto* text = c.parameter("filter");
    if (text == nullptr || text->empty()) {
        return filter_ptr();
    }
    const auto parsed = matrix::parse_json(*text);
    if (!parsed || !parsed->is_object()) {
        return fail(errc::invalid_param, "filter: a room event filter as JSON object");
    }
    const auto& accounts = c.server.accounts;
    return compile_filter(R"({"room":{"timeline":)" + *text + "}}",
                          [&accounts](base::user_key u) { return accounts.user_id(u); });
}

json::array senders_state(const room_view& v, const std::vector<ports::event_row>& events,
                          ports::store_reader& store) {
    json::array state;
    std::set<std::string_view> seen;
    for (const auto& event : events) {
        if (!seen.insert(event.sender).second) {
            continue;
        }
        if (const auto row =
                store.state_event_at(v.room, "m.room.member", event.sender, event.position)) {
            state.emplace_back(format_event(*row, v.reader));
        }
    }
    return state;
}

}  // namespace porchlight::client_api
