#include <algorithm>
#include <boost/algorithm/string/find.hpp>

#include "base/limits.h"
#include "client_api/rooms/reading.h"
#include "client_api/rooms/rooms.h"
#include "homeserver/rooms.h"
#include "matrix/identifier.h"

namespace porchlight::client_api {
namespace {

namespace limits = base::limits;

// The alias asked for. None: the call was refused.
std::optional<std::string> alias_of(call& c) {
    const std::string& alias = c.params.at(0);
    if (!matrix::parse_room_alias(alias)) {
        c.refuse(fail(errc::invalid_param, "A room alias is #name:server"));
        return std::nullopt;
    }
    return alias;
}

struct directory_request {
    std::size_t offset = 0;
    std::size_t limit = limits::public_rooms_page_max;
    std::string search;
    std::optional<std::vector<std::string>> types;  // "": rooms without one; none: all
};

struct listed_room {
    base::room_key room;
    std::string room_id;
    std::size_t joined = 0;
};

std::optional<std::size_t> parse_offset(std::string_view text) {
    std::size_t offset = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9' || offset > 100'000'000) {
            return std::nullopt;
        }
        offset = offset * 10 + static_cast<std::size_t>(digit - '0');
    }
    return offset;
}

outcome<std::optional<std::vector<std::string>>> room_types_of(const json::object& filter) {
    const auto* found = filter.if_contains("room_types");
    if (found == nullptr || found->is_null()) {
        return std::optional<std::vector<std::string>>();
    }
    if (!found->is_array()) {
        return fail(errc::bad_json, "room_types must be an array of strings and null");
    }
    std::vector<std::string> types;
    for (const auto& type : found->get_array()) {
        if (!type.is_string() && !type.is_null()) {
            return fail(errc::bad_json, "room_types must be an array of strings and null");
        }
        types.emplace_back(type.is_null() ? std::string() : std::string(type.get_string()));
    }
    return std::optional(std::move(types));
}

outcome<directory_request> request_of_body(const json::object& o) {
    directory_request r;
    const auto since = matrix::optional_string(o, "since");
    const auto limit = matrix::optional_integer(o, "limit");
    if (!since || !limit) {
        return !since ? since.error() : limit.error();
    }
    const auto offset = parse_offset(since->value_or(""));
    if (!offset || limit->value_or(0) < 0) {
        return fail(errc::invalid_param,
                    !offset ? "since: not from this list" : "limit: a whole number from 0 on");
    }
    r.offset = *offset;
    if (*limit) {
        r.limit = std::min(static_cast<std::size_t>(**limit), r.limit);
    }
    if (const auto* filter = o.if_contains("filter"); filter != nullptr && filter->is_object()) {
        const auto term = matrix::optional_string(filter->get_object(), "generic_search_term");
        if (!term) {
            return term.error();
        }
        r.search = term->value_or("");
        auto types = room_types_of(filter->get_object());
        if (!types) {
            return types.error();
        }
        r.types = std::move(*types);
    }
    return r;
}

outcome<directory_request> directory_request_of(const call& c) {
    if (c.method == "POST") {
        return request_of_body(c.object());
    }
    directory_request r;
    const auto limit = count_parameter(c, "limit", r.limit, r.limit);
    if (!limit) {
        return limit.error();
    }
    r.limit = *limit;
    if (const auto* since = c.parameter("since")) {
        const auto offset = parse_offset(*since);
        if (!offset) {
            return fail(errc::invalid_param, "since: not from this list");
        }
        r.offset = *offset;
    }
    return r;
}

std::string state_text(ports::store_reader& store, base::room_key r, std::string_view type,
                       std::string_view key, std::uint64_t at) {
    const auto row = store.state_event_at(r, type, "", at);
    if (!row) {
        return {};
    }
    const json::object content = event_content(*row);
    const auto* found = content.if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string())
                                                  : std::string();
}

json::object describe(const listed_room& room, std::uint64_t at, ports::store_reader& store) {
    const auto text = [&](std::string_view type, std::string_view key) {
        return state_text(store, room.room, type, key, at);
    };
    json::object o{
        {"room_id", room.room_id},
        {"num_joined_members", room.joined},
        {"join_rule", "public"},
        {"world_readable",
         text("m.room.history_visibility", "history_visibility") == "world_readable"},
        {"guest_can_join", text("m.room.guest_access", "guest_access") == "can_join"},
    };
    const std::tuple<std::string_view, std::string_view, std::string_view> texts[] = {
        {"m.room.name", "name", "name"},
        {"m.room.topic", "topic", "topic"},
        {"m.room.canonical_alias", "alias", "canonical_alias"},
        {"m.room.avatar", "url", "avatar_url"},
        {"m.room.create", "type", "room_type"},
    };
    for (const auto& [type, key, shown_as] : texts) {
        if (const auto value = text(type, key); !value.empty()) {
            o[shown_as] = value;
        }
    }
    return o;
}

bool is_of(const directory_request& r, const listed_room& room, std::uint64_t at,
           ports::store_reader& store) {
    const auto type = state_text(store, room.room, "m.room.create", "type", at);
    return std::ranges::find(*r.types, type) != r.types->end();
}

bool mentions(const json::object& described, const std::string& search) {
    for (std::string_view key : {"name", "topic", "canonical_alias"}) {
        const auto* value = described.if_contains(key);
        if (value != nullptr && !boost::ifind_first(value->get_string(), search).empty()) {
            return true;
        }
    }
    return search.empty();
}

}  // namespace

void room_alias(call_ptr c) {
    const auto alias = alias_of(*c);
    if (!alias) {
        return;
    }
    const auto room = c->server.rooms.by_alias(*alias);
    if (!room) {
        c->refuse(fail(errc::not_found, "No room has the alias " + *alias));
        return;
    }
    c->reply(json::object{{"room_id", c->server.rooms.room_id(*room)},
                          {"servers", json::array{c->server.services.config.server_name}}});
}

void set_room_alias(call_ptr c) {
    const auto alias = alias_of(*c);
    if (!alias) {
        return;
    }
    const auto room_id = matrix::required_string(c->object(), "room_id");
    if (!room_id) {
        c->refuse(room_id.error());
        return;
    }
    const auto room = c->server.rooms.find(*room_id);
    if (!room) {
        c->refuse(fail(errc::not_found, "This server has no room " + *room_id));
        return;
    }
    c->server.rooms.add_alias(c->user(), *alias, *room, [c, alias = *alias](outcome<void> r) {
        if (r.has_error() && r.error().code == errc::room_in_use) {
            // The specification has its own answer here; M_ROOM_IN_USE is /createRoom's.
            c->reply({{"errcode", "M_UNKNOWN"}, {"error", "The alias " + alias + " is taken"}},
                     409);
            return;
        }
        answer_empty(c)(std::move(r));
    });
}

void remove_room_alias(call_ptr c) {
    if (const auto alias = alias_of(*c)) {
        c->server.rooms.remove_alias(c->user(), *alias, answer_empty(c));
    }
}

void room_aliases(call_ptr c) {
    const auto room = room_of(*c);
    if (!room) {
        return;
    }
    const bool open =
        c->server.rooms.visibility(*room) == homeserver::history_visibility::world_readable;
    const auto state = c->server.rooms.membership_of(*room, c->user().user).state;
    if (!open && state != homeserver::membership::join) {
        c->refuse(fail(errc::forbidden, "You are not in this room"));
        return;
    }
    json::array aliases;
    for (const auto& alias : c->server.rooms.aliases(*room)) {
        aliases.emplace_back(alias);
    }
    c->reply(json::object{{"aliases", std::move(aliases)}});
}

void public_rooms(call_ptr c) {
    const auto request = directory_request_of(*c);
    if (!request) {
        c->refuse(request.error());
        return;
    }
    std::vector<listed_room> rooms;
    for (const base::room_key r : c->server.rooms.public_rooms()) {
        rooms.push_back(
            {r, std::string(c->server.rooms.room_id(r)), c->server.rooms.joined_count(r)});
    }
    std::ranges::stable_sort(rooms, std::ranges::greater(), &listed_room::joined);
    const std::uint64_t at = c->server.services.engine.current_token().durable;
    answer_from_store(
        c,
        [r = *request, rooms = std::move(rooms),
         at](ports::store_reader& store) -> outcome<json::value> {
            json::array chunk;
            std::size_t matching = 0;
            for (const auto& room : rooms) {
                if (!store.meta(homeserver::rooms::listed_name(room.room))) {
                    continue;
                }
                if (r.types && !is_of(r, room, at, store)) {
                    continue;
                }
                if (r.search.empty() && (matching < r.offset || chunk.size() >= r.limit)) {
                    ++matching;
                    continue;
                }
                json::object described = describe(room, at, store);
                if (!mentions(described, r.search)) {
                    continue;
                }
                if (matching++ >= r.offset && chunk.size() < r.limit) {
                    chunk.emplace_back(std::move(described));
                }
            }
            const std::size_t end = r.offset + chunk.size();
            json::object answer{{"total_room_count_estimate", matching}};
            if (end < matching) {
                answer["next_batch"] = std::to_string(end);
            }
            if (r.offset > 0) {
                answer["prev_batch"] = std::to_string(r.offset - std::min(r.offset, r.limit));
            }
            answer["chunk"] = std::move(chunk);
            return answer;
        });
}

}  // namespace porchlight::client_api
