#include <boost/json/serialize.hpp>

#include "client_api/rooms/reading.h"
#include "client_api/rooms/rooms.h"
#include "homeserver/ephemeral.h"
#include "matrix/identifier.h"

// What users do in a room besides writing: typing and reading.
namespace porchlight::client_api {
namespace {

constexpr base::milliseconds typing_default = std::chrono::seconds{30};

struct marker {
    std::string type, event_id;
};

bool is_marker(std::string_view type) {
    return type == "m.fully_read" || type == "m.read" || type == "m.read.private";
}

void set_marker(const call_ptr& c, base::room_key room, marker m,
                homeserver::completion<void> done) {
    auto& ephemeral = c->server.ephemeral;
    if (m.type == "m.fully_read") {
        ephemeral.set_account_data(c->user(), room, std::move(m.type),
                                   json::serialize(json::object{{"event_id", m.event_id}}),
                                   std::move(done));
    } else {
        ephemeral.receipt(c->user(), room, std::move(m.type), std::move(m.event_id),
                          std::move(done));
    }
}

// One after the other; answers {} after the last, or the first failure.
void set_markers(const call_ptr& c, base::room_key room, std::vector<marker> rest) {
    if (rest.empty()) {
        c->reply(json::object());
        return;
    }
    marker next = std::move(rest.back());
    rest.pop_back();
    set_marker(c, room, std::move(next), [c, room, rest = std::move(rest)](outcome<void> done) {
        if (done) {
            set_markers(c, room, rest);
        } else {
            c->refuse(done.error());
        }
    });
}

}  // namespace

void set_typing(call_ptr c) {
    if (c->params.at(1) != c->server.accounts.user_id(c->user().user)) {
        c->refuse(fail(errc::forbidden, "Only the user can say that they are typing"));
        return;
    }
    const auto room = joined_room_of(*c);
    if (!room) {
        return;
    }
    const auto typing = matrix::optional_bool(c->object(), "typing");
    const auto timeout = matrix::optional_integer(c->object(), "timeout");
    if (!typing || !timeout) {
        c->refuse(!typing ? typing.error() : timeout.error());
        return;
    }
    if (!*typing) {
        c->refuse(fail(errc::bad_json, "typing: true or false is needed"));
        return;
    }
    if (*timeout && **timeout < 0) {
        c->refuse(fail(errc::invalid_param, "timeout: milliseconds from 0 on"));
        return;
    }
    const auto lasting = *timeout ? base::milliseconds{**timeout} : typing_default;
    c->server.ephemeral.set_typing(c->user(), *room, **typing, lasting, answer_empty(c));
}

void send_receipt(call_ptr c) {
    const auto room = joined_room_of(*c);
    if (!room) {
        return;
    }
    marker m{c->params.at(1), c->params.at(2)};
    if (!is_marker(m.type) || !matrix::is_event_id(m.event_id)) {
        c->refuse(fail(errc::invalid_param,
                       !is_marker(m.type)
                           ? "receiptType: one of m.read, m.read.private, m.fully_read"
                           : "eventId: an event id begins with $"));
        return;
    }
    set_marker(c, *room, std::move(m), answer_empty(c));
}

void set_read_markers(call_ptr c) {
    const auto room = joined_room_of(*c);
    if (!room) {
        return;
    }
    std::vector<marker> markers;
    for (std::string_view type : {"m.fully_read", "m.read", "m.read.private"}) {
        auto event_id = matrix::optional_string(c->object(), type);
        if (!event_id) {
            c->refuse(event_id.error());
            return;
        }
        if (!*event_id) {
            continue;
        }
        if (!matrix::is_event_id(**event_id)) {
            c->refuse(fail(errc::invalid_param, std::string(type) + ": an event id begins with $"));
            return;
        }
        markers.push_back({std::string(type), std::move(**event_id)});
    }
    set_markers(c, *room, std::move(markers));
}

}  // namespace porchlight::client_api
