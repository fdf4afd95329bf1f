#include "client_api/sliding/room_facts.h"

#include "client_api/rooms/event_format.h"
#include "client_api/sync/timeline.h"

namespace porchlight::client_api::sliding {

namespace {

std::string text_in(const ports::event_row& e, std::string_view key) {
    const json::object content = event_content(e);
    const json::value* v = content.if_contains(key);
    return v != nullptr && v->is_string() ? std::string{v->get_string()} : std::string{};
}

void learn(room_facts& facts, const ports::event_row& e) {
    if (!e.state_key || !e.state_key->empty()) {
        return;
    }
    if (e.type == "m.room.create") {
        facts.type = text_in(e, "type");
    } else if (e.type == "m.room.name") {
        facts.name = text_in(e, "name");
    } else if (e.type == "m.room.encryption") {
        facts.is_encrypted = true;  // it never ends
    }
}

}  // namespace

room_facts facts_cache::of(base::room_key room, std::uint64_t position,
                           ports::store_reader& store) {
    room_facts facts;
    {
        const std::lock_guard lock{mutex_};
        if (const auto found = known_.find(room); found != known_.end()) {
            facts = found->second;
        }
    }
    if (facts.up_to >= position) {
        return facts;
    }
    if (facts.up_to == 0) {
        for (const auto* type : {"m.room.create", "m.room.name", "m.room.encryption"}) {
            if (const auto e = store.state_event_at(room, type, "", position)) {
                learn(facts, *e);
            }
        }
    } else {
        for (const auto& [name, e] : state_changes(store, room, facts.up_to, position)) {
            learn(facts, e);
        }
    }
    facts.up_to = position;
    const std::lock_guard lock{mutex_};
    if (known_.size() >= most_) {
        known_.clear();
    }
    known_.insert_or_assign(room, facts);
    return facts;
}

}  // namespace porchlight::client_api::sliding
