#include "homeserver/rooms/history.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"
#include "homeserver/rooms/authorization.h"
#include "homeserver/rooms/limits_reached.h"

namespace porchlight::homeserver {
namespace {

constexpr std::array<std::pair<std::string_view, history_visibility>, 4> visibility_names = {{
    {"world_readable", history_visibility::world_readable},
    {"shared", history_visibility::shared},
    {"invited", history_visibility::invited},
    {"joined", history_visibility::joined},
}};

json::object content_of(const ports::event_row& row) {
    auto parsed = matrix::parse_json(row.json);
    if (parsed && parsed->is_object()) {
        if (auto* content = parsed->get_object().if_contains("content");
            content != nullptr && content->is_object()) {
            return std::move(content->get_object());
        }
    }
    throw ports::store_error("event " + row.event_id + " is stored with damaged JSON");
}

membership membership_in(const ports::event_row& row) {
    const json::object content = content_of(row);
    const auto* found = content.if_contains("membership");
    if (found == nullptr || !found->is_string()) {
        return membership::none;
    }
    return parse_membership(std::string_view(found->get_string())).value_or(membership::none);
}

history_visibility visibility_in(const ports::event_row& row) {
    return parse_history_visibility(content_of(row)).value_or(history_visibility::shared);
}

}  // namespace

bool visible_event(history_visibility at_event, membership then, membership now) {
    switch (at_event) {
        case history_visibility::world_readable:
            return true;
        case history_visibility::shared:
            return then == membership::join || now == membership::join;
        case history_visibility::invited:
            return then == membership::join || then == membership::invite;
        case history_visibility::joined:
            return then == membership::join;
    }
    return false;
}

std::optional<history_visibility> parse_history_visibility(const json::object& content) {
    const auto* found = content.if_contains("history_visibility");
    if (found == nullptr || !found->is_string()) {
        return std::nullopt;
    }
    for (const auto& [name, value] : visibility_names) {
        if (found->get_string() == name) {
            return value;
        }
    }
    return std::nullopt;
}

std::string_view to_string(history_visibility v) {
    for (const auto& [name, value] : visibility_names) {
        if (value == v) {
            return name;
        }
    }
    return "shared";
}

history_reader::history_reader(ports::store_reader& store, std::string user_id,
                               const membership_info& now)
    : store_(store), user_id_(std::move(user_id)), info_(now) {
    if (info_.state == membership::join) {
        joined_until_ = newest_position;
        return;
    }
    // Back over kicks, bans, invites and knocks to the event that ended the last stay.
    std::uint64_t end = info_.position;
    for (std::size_t n = 0; info_.state != membership::none; ++n) {
        if (n == base::limits::membership_steps_max) {
            membership_steps_limit_reached.add();
            return;
        }
        const auto row = store_.state_event_at(info_.room, "m.room.member", user_id_, end - 1);
        if (!row) {
            return;
        }
        if (membership_in(*row) == membership::join) {
            joined_until_ = end;
            return;
        }
        end = row->position;
    }
}

std::optional<std::uint64_t> history_reader::state_position() const {
    return joined_until_ == 0 ? std::nullopt : std::optional(joined_until_);
}

history_reader::moment history_reader::before(std::uint64_t position) {
    moment m{history_visibility::shared, membership::none};
    if (position == 0) {
        return m;
    }
    if (const auto row =
            store_.state_event_at(info_.room, "m.room.history_visibility", "", position - 1)) {
        m.visibility = visibility_in(*row);
    }
    if (const auto row =
            store_.state_event_at(info_.room, "m.room.member", user_id_, position - 1)) {
        m.user = membership_in(*row);
    }
    return m;
}

// Is `event`, which follows `m`, visible? Moves `m` past it. An event that changes what the answer
// depends on is visible when it is so before or after the change.
bool history_reader::step(moment& m, const ports::event_row& event) {
    // Who left sees the shared past as of then: a member until the event that ended it.
    const membership later = event.position <= joined_until_ ? membership::join : membership::none;
    const bool seen_before = visible_event(m.visibility, m.user, later);
    if (!event.state_key) {
        return seen_before;
    }
    if (event.type == "m.room.history_visibility" && event.state_key->empty()) {
        m.visibility = visibility_in(event);
    } else if (event.type == "m.room.member" && *event.state_key == user_id_) {
        m.user = membership_in(event);
    } else {
        return seen_before;
    }
    return seen_before || visible_event(m.visibility, m.user, later);
}

std::vector<ports::event_row> history_reader::visible(std::vector<ports::event_row> events) {
    if (events.empty()) {
        return events;
    }
    const bool newest_first = events.front().position > events.back().position;
    if (newest_first) {
        std::ranges::reverse(events);
    }
    moment m = before(events.front().position);
    std::erase_if(events, [&](const ports::event_row& e) { return !step(m, e); });
    if (newest_first) {
        std::ranges::reverse(events);
    }
    return events;
}

bool history_reader::may_see(const ports::event_row& event) {
    moment m = before(event.position);
    return step(m, event);
}

}  // namespace porchlight::homeserver
