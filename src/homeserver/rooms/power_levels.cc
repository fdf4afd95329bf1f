#include "homeserver/rooms/power_levels.h"

#include <charconv>

#include "matrix/identifier.h"

namespace porchlight::homeserver {

using matrix::errc;
using matrix::fail;

const std::array<std::string_view, power_levels::plain_count> power_levels::plain_names = {
    "users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"};

namespace {

using level_map = std::map<std::string, std::int64_t, std::less<>>;

matrix::failure not_an_integer(std::string_view where) {
    return fail(errc::bad_json,
                "m.room.power_levels: " + std::string(where) + " must be an integer");
}

// "100", " -5 ", "+7": before version 10 a level may be such a text.
std::optional<std::int64_t> spelled_integer(std::string_view text) {
    constexpr std::string_view spaces = " \t\n\v\f\r";
    const auto begin = text.find_first_not_of(spaces);
    if (begin == std::string_view::npos) {
        return std::nullopt;
    }
    text = text.substr(begin, text.find_last_not_of(spaces) - begin + 1);
    if (text.starts_with('+') && !text.starts_with("+-")) {
        text.remove_prefix(1);
    }
    std::int64_t level = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), level);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(level)
                                                                    : std::nullopt;
}

std::optional<std::int64_t> as_integer(const json::value& v, matrix::room_version version) {
    if (v.is_int64()) {
        return v.get_int64();
    }
    if (v.is_string() && !version.integer_levels_only()) {
        return spelled_integer(v.get_string());
    }
    return std::nullopt;
}

matrix::outcome<level_map> parse_map(const json::object& content, std::string_view key,
                                     matrix::room_version version) {
    level_map levels;
    const auto* found = content.if_contains(key);
    if (found == nullptr) {
        return levels;
    }
    if (!found->is_object()) {
        return fail(errc::bad_json,
                    "m.room.power_levels: " + std::string(key) + " must be an object");
    }
    for (const auto& [name, value] : found->get_object()) {
        const auto level = as_integer(value, version);
        if (!level) {
            return not_an_integer(std::string(key) + "." + std::string(name));
        }
        levels.emplace(std::string(name), *level);
    }
    return levels;
}

// Calls `each(name, before, after)` for every entry that differs.
template <class F>
void for_each_difference(const level_map& before, const level_map& after, F each) {
    for (const auto& [name, level] : before) {
        const auto it = after.find(name);
        if (it == after.end()) {
            each(name, std::optional(level), std::optional<std::int64_t>());
        } else if (it->second != level) {
            each(name, std::optional(level), std::optional(it->second));
        }
    }
    for (const auto& [name, level] : after) {
        if (!before.contains(name)) {
            each(name, std::optional<std::int64_t>(), std::optional(level));
        }
    }
}

}  // namespace

power_levels power_levels::of_creator(std::string creator) {
    power_levels levels;
    levels.users_.emplace(std::move(creator), 100);
    return levels;
}

matrix::outcome<power_levels> power_levels::parse(const json::object& content,
                                                  matrix::room_version version) {
    power_levels levels;
    levels.has_event_ = true;
    for (std::size_t i = 0; i < plain_count; ++i) {
        if (const auto* found = content.if_contains(plain_names[i])) {
            levels.plain_[i] = as_integer(*found, version);
            if (!levels.plain_[i]) {
                return not_an_integer(plain_names[i]);
            }
        }
    }
    auto users = parse_map(content, "users", version);
    auto events = parse_map(content, "events", version);
    auto notifications = parse_map(content, "notifications", version);
    for (const auto* part : {&users, &events, &notifications}) {
        if (part->has_error()) {
            return part->error();
        }
    }
    for (const auto& [user_id, level] : *users) {
        if (!matrix::parse_user_id(user_id)) {
            return fail(errc::bad_json,
                        "m.room.power_levels: users." + user_id + " is no user id (@name:server)");
        }
    }
    levels.users_ = std::move(*users);
    levels.events_ = std::move(*events);
    levels.notifications_ = std::move(*notifications);
    return levels;
}

std::int64_t power_levels::of(std::string_view user_id) const {
    const auto it = users_.find(user_id);
    return it != users_.end() ? it->second : value(plain::users_default, 0);
}

std::int64_t power_levels::room_notification() const {
    const auto it = notifications_.find("room");
    return it != notifications_.end() ? it->second : 50;
}

std::int64_t power_levels::needed_for(std::string_view type, bool is_state) const {
    if (const auto it = events_.find(type); it != events_.end()) {
        return it->second;
    }
    if (is_state) {
        return value(plain::state_default, has_event_ ? 50 : 0);
    }
    return value(plain::events_default, 0);
}

std::optional<std::string> power_levels::refuses_change(std::string_view sender,
                                                        const power_levels& next,
                                                        matrix::room_version version) const {
    if (!has_event_) {
        return std::nullopt;
    }
    const std::int64_t own = of(sender);
    std::optional<std::string> reason;
    const auto refuse = [&reason, own](const std::string& what) {
        if (!reason) {
            reason =
                "Your power level " + std::to_string(own) + " does not allow to change " + what;
        }
    };
    const auto above = [own](const std::optional<std::int64_t>& level) {
        return level && *level > own;
    };
    for (std::size_t i = 0; i < plain_count; ++i) {
        if (plain_[i] != next.plain_[i] && (above(plain_[i]) || above(next.plain_[i]))) {
            refuse(std::string(plain_names[i]));
        }
    }
    const auto check_entry = [&](const std::string& name, auto before, auto after) {
        if (above(before) || above(after)) {
            refuse("the level of " + name);
        }
    };
    for_each_difference(events_, next.events_, check_entry);
    if (version.notification_levels()) {
        for_each_difference(notifications_, next.notifications_, check_entry);
    }
    for_each_difference(users_, next.users_, [&](const std::string& user, auto before, auto after) {
        const bool equal_or_above = before && *before >= own && user != sender;
        if (equal_or_above || above(after)) {
            refuse("the level of " + user);
        }
    });
    return reason;
}

}  // namespace porchlight::homeserver
