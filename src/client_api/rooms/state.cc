#include "client_api/rooms/reading.h"
#include "client_api/rooms/rooms.h"
#include "homeserver/rooms.h"
#include "homeserver/rooms/authorization.h"

namespace porchlight::client_api {
namespace {

std::string text_in(const json::object& o, std::string_view key) {
    const auto* found = o.if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string())
                                                  : std::string();
}

// None when the parameter is absent; invalid_param when it names no membership.
outcome<std::string> membership_parameter(const call& c, std::string_view name) {
    const auto* text = c.parameter(name);
    if (text == nullptr) {
        return std::string();
    }
    if (!homeserver::parse_membership(*text)) {
        return fail(errc::invalid_param,
                    std::string(name) + ": one of invite, join, leave, ban, knock");
    }
    return *text;
}

std::string state_key_of(const call& c) {
    return c.params.size() > 2 ? c.params[2] : std::string();
}

}  // namespace

void room_members(call_ptr c) {
    const auto only = membership_parameter(*c, "membership");
    const auto without = membership_parameter(*c, "not_membership");
    const auto at = token_parameter(*c, "at");
    if (!only || !without || !at) {
        c->refuse(!only ? only.error() : !without ? without.error() : at.error());
        return;
    }
    auto view = view_of(*c);
    if (!view) {
        return;
    }
    answer_from_store(c,
                      [v = *view, only = *only, without = *without,
                       at = *at](ports::store_reader& store) -> outcome<json::value> {
                          auto position = state_position(v, store);
                          if (!position) {
                              return position.error();
                          }
                          if (at) {
                              *position = std::min(*position, at->durable);
                          }
                          json::array chunk;
                          for (const auto& row : store.state_at(v.room, *position, true)) {
                              if (row.type != "m.room.member") {
                                  continue;
                              }
                              const std::string membership =
                                  text_in(event_content(row), "membership");
                              if ((only.empty() || membership == only) &&
                                  (without.empty() || membership != without)) {
                                  chunk.emplace_back(format_event(row, v.reader));
                              }
                          }
                          return json::object{{"chunk", std::move(chunk)}};
                      });
}

void room_joined_members(call_ptr c) {
    const auto room = joined_room_of(*c);
    if (!room) {
        return;
    }
    answer_from_store(c, [v = view_of(*c, *room)](ports::store_reader& store) {
        json::object joined;
        for (const auto& row : store.state_at(v.room, v.applied, true)) {
            if (row.type != "m.room.member") {
                continue;
            }
            const json::object content = event_content(row);
            if (text_in(content, "membership") != "join") {
                continue;
            }
            json::object member;
            if (auto name = text_in(content, "displayname"); !name.empty()) {
                member["display_name"] = name;
            }
            if (auto url = text_in(content, "avatar_url"); !url.empty()) {
                member["avatar_url"] = url;
            }
            joined[*row.state_key] = std::move(member);
        }
        return outcome<json::value>(json::object{{"joined", std::move(joined)}});
    });
}

void room_state(call_ptr c) {
    auto view = view_of(*c);
    if (!view) {
        return;
    }
    answer_from_store(c, [v = *view](ports::store_reader& store) -> outcome<json::value> {
        const auto position = state_position(v, store);
        if (!position) {
            return position.error();
        }
        json::array state;
        for (const auto& row : store.state_at(v.room, *position, true)) {
            state.emplace_back(format_event(row, v.reader));
        }
        return state;
    });
}

void state_event(call_ptr c) {
    auto view = view_of(*c);
    if (!view) {
        return;
    }
    const auto* format = c->parameter("format");
    if (format != nullptr && *format != "event" && *format != "content") {
        c->refuse(fail(errc::invalid_param, "format: content or event"));
        return;
    }
    answer_from_store(c,
                      [v = *view, type = c->params.at(1), key = state_key_of(*c),
                       whole = format != nullptr && *format == "event"](
                          ports::store_reader& store) -> outcome<json::value> {
                          const auto position = state_position(v, store);
                          if (!position) {
                              return position.error();
                          }
                          const auto row = store.state_event_at(v.room, type, key, *position);
                          if (!row) {
                              return fail(errc::not_found, "The room has no such state");
                          }
                          return whole ? format_event(*row, v.reader, &store) : event_content(*row);
                      });
}

void set_state_event(call_ptr c) {
    const auto room = room_of(*c);
    if (!room) {
        return;
    }
    c->server.rooms.set_state(c->user(), *room, c->params.at(1), state_key_of(*c), c->object(),
                              answer_event_id(c));
}

}  // namespace porchlight::client_api
