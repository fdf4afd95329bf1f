#include "homeserver/rooms/room_state.h"

#include <algorithm>

#include "homeserver/rooms/history.h"

namespace porchlight::homeserver {

void room_state::apply(const ports::event_row& event, const json::object& content) {
    if (!event.state_key) {
        return;
    }
    events_[{event.type, *event.state_key}] = event.event_id;
    if (!event.state_key->empty()) {
        return;
    }
    if (event.type == "m.room.create") {
        rules_.creator = event.sender;
        if (!rules_.power.has_event()) {  // a redacted one changes nothing
            rules_.power = power_levels::of_creator(event.sender);
        }
    } else if (event.type == "m.room.power_levels") {
        if (auto levels = power_levels::parse(content, rules_.version)) {
            rules_.power = std::move(*levels);
        }
    } else if (event.type == "m.room.join_rules") {
        rules_.joining = parse_join_rule(content, rules_.version);
        rules_.allowed_rooms = parse_allowed_rooms(content);
    } else if (event.type == "m.room.history_visibility") {
        visibility_ = parse_history_visibility(content).value_or(history_visibility::shared);
    }
}

const std::string* room_state::find(std::string_view type, std::string_view state_key) const {
    const auto it = events_.find(std::pair(type, state_key));
    return it == events_.end() ? nullptr : &it->second;
}

void room_state::know_member(std::string user_id, std::string event_id) {
    events_.try_emplace({"m.room.member", std::move(user_id)}, std::move(event_id));
}

void room_state::add(std::vector<std::string>& to, std::string_view type,
                     std::string_view key) const {
    if (const auto* id = find(type, key); id != nullptr && std::ranges::find(to, *id) == to.end()) {
        to.push_back(*id);
    }
}

std::vector<std::string> room_state::authorising(std::string_view sender) const {
    std::vector<std::string> ids;
    add(ids, "m.room.create", "");
    add(ids, "m.room.power_levels", "");
    add(ids, "m.room.member", sender);
    return ids;
}

std::vector<std::string> room_state::authorising(std::string_view sender, std::string_view target,
                                                 membership to, std::string_view voucher) const {
    std::vector<std::string> ids = authorising(sender);
    add(ids, "m.room.member", target);
    if (to == membership::join || to == membership::invite || to == membership::knock) {
        add(ids, "m.room.join_rules", "");
    }
    if (!voucher.empty()) {
        add(ids, "m.room.member", voucher);
    }
    return ids;
}

}  // namespace porchlight::homeserver
