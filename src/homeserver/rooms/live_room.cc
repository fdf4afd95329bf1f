#include "homeserver/rooms/live_room.h"

#include "base/assert.h"
#include "homeserver/rooms/history.h"
#include "homeserver/rooms/impl.h"
#include "homeserver/rooms/limits_reached.h"

namespace porchlight::homeserver {
namespace {

matrix::room_version version_of(const std::string& stored) {
    const auto version = matrix::room_version::parse(stored);
    if (!version) {
        throw ports::store_error("a room is stored with the unknown version " + stored);
    }
    return *version;
}

json::object stored_content(const ports::event_row& row) {
    auto parsed = matrix::parse_json(row.json);
    if (parsed && parsed->is_object()) {
        if (auto* content = parsed->get_object().if_contains("content");
            content != nullptr && content->is_object()) {
            return std::move(content->get_object());
        }
    }
    throw ports::store_error("event " + row.event_id + " is stored with damaged JSON");
}

}  // namespace

// The one place where the deciding thread reads the store: the state of a small number of events,
// by key, once per room and run.
live_room& rooms::impl::touch(room_key r) {
    room_record& room = table.at(r);
    if (room.live) {
        return *room.live;
    }
    auto live = std::make_unique<live_room>(version_of(room.version));
    for (const auto& row : s.store.state_at(r, newest_position, false)) {
        live->state.apply(row, stored_content(row));
    }
    ports::event_query newest;
    newest.room = r;
    newest.newest_first = true;
    newest.limit = 1;
    for (const auto& row : s.store.events(newest)) {
        live->head = live->applied_head = row.event_id;
        live->depth = row.depth;
        room.last_position = std::max(room.last_position, row.position);
    }
    room.live = std::move(live);
    return *room.live;
}

void rooms::impl::know_member(live_room& live, room_key r, std::string_view user_id, user_key u) {
    if (table.member(r, u).state == membership::none ||
        live.state.find("m.room.member", user_id) != nullptr) {
        return;
    }
    if (const auto row = s.store.state_event_at(r, "m.room.member", user_id, newest_position)) {
        live.state.know_member(std::string(user_id), row->event_id);
    }
}

bool rooms::impl::enqueue(room_key r, live_room::step step) {
    live_room& live = touch(r);
    if (live.waiting.size() >= base::limits::room_queue_max) {
        room_queue_limit_reached.add();
        return false;
    }
    live.waiting.push_back(std::move(step));
    pump(r, live);
    return true;
}

void rooms::impl::pump(room_key, live_room& live) {
    if (live.pumping) {
        return;  // a step that ended at once: the loop below goes on
    }
    live.pumping = true;
    while (!live.waiting.empty() && !live.state_in_flight) {
        live_room::step step = std::move(live.waiting.front());
        live.waiting.pop_front();
        ++live.in_flight;
        live.state_in_flight = step.is_state;
        step.start(live);
    }
    live.pumping = false;
}

void rooms::impl::ended(room_key r, bool is_state) {
    live_room& live = *table.at(r).live;
    ASSERT(live.in_flight > 0);
    if (--live.in_flight == 0) {
        live.head = live.applied_head;
    }
    if (is_state) {
        live.state_in_flight = false;
    }
    pump(r, live);
}

}  // namespace porchlight::homeserver
