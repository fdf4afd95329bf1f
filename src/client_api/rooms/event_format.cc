#include "client_api/rooms/event_format.h"

#include <algorithm>
#include <array>

#include "homeserver/rooms/stored_event.h"

namespace porchlight::client_api {
namespace {

namespace stored = homeserver::stored_event;

json::object parse_row(const ports::event_row& row) {
    auto parsed = matrix::parse_json(row.json);
    if (!parsed || !parsed->is_object()) {
        throw ports::store_error("event " + row.event_id + " is stored with damaged JSON");
    }
    return std::move(parsed->get_object());
}

json::object take_object(json::object& from, std::string_view key) {
    json::object taken;
    if (auto* found = from.if_contains(key); found != nullptr && found->is_object()) {
        taken = std::move(found->get_object());
    }
    from.erase(key);
    return taken;
}

void add_transaction_id(json::object& shown, const json::object& hidden, base::device_key reader) {
    const auto* sent_by = hidden.if_contains(stored::sent_by);
    if (sent_by == nullptr || !sent_by->is_object() || !reader.valid()) {
        return;
    }
    const auto* device = sent_by->get_object().if_contains("device");
    const auto* transaction = sent_by->get_object().if_contains("transaction_id");
    if (device != nullptr && device->is_int64() && device->get_int64() == reader.value &&
        transaction != nullptr && transaction->is_string()) {
        shown["transaction_id"] = *transaction;
    }
}

// Clients of any age find what was redacted: versions differ in where it stands, and the
// specification wants it shown at both places.
void show_redacts_twice(json::object& event) {
    auto& content = event["content"];
    if (!content.is_object()) {
        return;
    }
    if (const auto* beside = event.if_contains("redacts")) {
        content.get_object()["redacts"] = *beside;
    } else if (const auto* inside = content.get_object().if_contains("redacts")) {
        event["redacts"] = *inside;
    }
}

void add_replaced(json::object& shown, const json::object& hidden, ports::store_reader* store) {
    const auto* replaced = hidden.if_contains(stored::replaces_state);
    if (replaced == nullptr || !replaced->is_string()) {
        return;
    }
    shown[stored::replaces_state] = *replaced;
    if (store == nullptr) {
        return;
    }
    const std::string id(replaced->get_string());
    if (auto row = store->event(id)) {
        shown["prev_content"] = event_content(*row);
        shown["prev_sender"] = row->sender;
    }
}

}  // namespace

json::object format_event(const ports::event_row& row, const event_reader& reader,
                          ports::store_reader* store) {
    json::object event = parse_row(row);
    const json::object hidden = take_object(event, "unsigned");
    json::object shown;
    const std::int64_t age = std::max<std::int64_t>(0, (reader.now - row.origin_server_ts).count());
    shown["age"] = age;
    add_transaction_id(shown, hidden, reader.device);
    add_replaced(shown, hidden, store);
    if (const auto* redaction = hidden.if_contains(stored::redacted_because)) {
        shown[stored::redacted_because] = *redaction;
    }
    event["event_id"] = row.event_id;
    if (reader.federation_format) {
        event["unsigned"] = std::move(shown);
        return event;
    }
    if (row.type == "m.room.redaction") {
        show_redacts_twice(event);
    }
    for (std::string_view key : {"auth_events", "prev_events", "depth", "hashes", "signatures"}) {
        event.erase(key);
    }
    if (!reader.with_room_id) {
        event.erase("room_id");
    }
    if (reader.historic) {
        event["user_id"] = row.sender;
        event["age"] = age;
        if (const auto* previous = shown.if_contains("prev_content")) {
            event["prev_content"] = *previous;
        }
    }
    event["unsigned"] = std::move(shown);
    return event;
}

json::object format_stripped(const ports::event_row& row) {
    json::object stripped;
    stripped["type"] = row.type;
    stripped["state_key"] = row.state_key.value_or("");
    stripped["content"] = event_content(row);
    stripped["sender"] = row.sender;
    return stripped;
}

bool is_invite_state(std::string_view type) {
    constexpr std::array<std::string_view, 7> shown = {
        "m.room.create",    "m.room.name",       "m.room.avatar",
        "m.room.topic",     "m.room.join_rules", "m.room.canonical_alias",
        "m.room.encryption"};
    return std::ranges::find(shown, type) != shown.end();
}

json::object event_content(const ports::event_row& row) {
    json::object event = parse_row(row);
    return take_object(event, "content");
}

}  // namespace porchlight::client_api
