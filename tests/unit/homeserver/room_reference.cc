#include "unit/homeserver/room_reference.h"

#include <algorithm>

namespace porchlight::test {
namespace {

std::string text(const json::object& o, std::string_view key) {
    const auto* found = o.if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->as_string()) : "";
}

json::object only(const json::object& from, std::initializer_list<const char*> keys) {
    json::object kept;
    for (const auto* key : keys) {
        if (from.contains(key)) {
            kept[key] = from.at(key);
        }
    }
    return kept;
}

}  // namespace

const json::object* reference_room::content(const std::string& type, const std::string& key) const {
    const auto found = state_.find({type, key});
    return found == state_.end() ? nullptr : &events_[found->second].content;
}

std::string reference_room::membership(const std::string& user) const {
    const auto* member = content("m.room.member", user);
    return member == nullptr ? "" : text(*member, "membership");
}

std::string reference_room::join_rule() const {
    const auto* rules = content("m.room.join_rules");
    return rules == nullptr ? "invite" : text(*rules, "join_rule");
}

std::string reference_room::visibility() const {
    const auto* found = content("m.room.history_visibility");
    const auto value = found == nullptr ? "" : text(*found, "history_visibility");
    const bool known = value == "world_readable" || value == "invited" || value == "joined";
    return known ? value : "shared";
}

std::map<reference_room::place, json::object> reference_room::state() const {
    std::map<place, json::object> all;
    for (const auto& [name, event] : state_) {
        all[name] = events_[event].content;
    }
    return all;
}

void reference_room::append(std::string type, std::string sender, std::optional<std::string> key,
                            json::object content) {
    reference_event e{std::move(type),
                      std::move(sender),
                      std::move(key),
                      std::move(content),
                      visibility(),
                      "",
                      {},
                      {}};
    for (std::size_t u = 0; u < people; ++u) {
        e.before[u] = membership(users_[u]);
    }
    events_.push_back(e);
    if (e.key) {
        state_[{e.type, *e.key}] = events_.size() - 1;
    }
    events_.back().visibility_after = visibility();
    for (std::size_t u = 0; u < people; ++u) {
        events_.back().after[u] = membership(users_[u]);
    }
}

// --- power ---

std::optional<std::int64_t> reference_room::integer(const json::value& value) const {
    if (value.is_int64()) {
        return value.as_int64();
    }
    if (v_ < 10 && value.is_string()) {
        const std::string s(value.as_string());
        std::size_t used = 0;
        try {
            const auto n = std::stoll(s, &used);
            return used == s.size() ? std::optional<std::int64_t>(n) : std::nullopt;
        } catch (const std::exception&) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> reference_room::entry(const json::object& levels, const char* part,
                                                  const std::string& name) const {
    const json::object& in = part[0] == '\0' ? levels : [&]() -> const json::object& {
        static const json::object none;
        const auto* found = levels.if_contains(part);
        return found == nullptr ? none : found->as_object();
    }();
    const auto* found = in.if_contains(name);
    return found == nullptr ? std::nullopt : integer(*found);
}

std::int64_t reference_room::level(const std::string& name, std::int64_t otherwise) const {
    return entry(*content("m.room.power_levels"), "", name).value_or(otherwise);
}

std::int64_t reference_room::power(const std::string& user) const {
    const auto own = entry(*content("m.room.power_levels"), "users", user);
    return own ? *own : level("users_default", 0);
}

std::int64_t reference_room::needed(const std::string& type, bool state) const {
    const auto own = entry(*content("m.room.power_levels"), "events", type);
    return own ? *own : state ? level("state_default", 50) : level("events_default", 0);
}

// Rule "m.room.power_levels", 1 to 3.
bool reference_room::well_formed(const json::object& levels) const {
    for (const auto* name :
         {"users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"}) {
        if (levels.contains(name) && !integer(levels.at(name))) {
            return false;
        }
    }
    for (const auto* part : {"users", "events", "notifications"}) {
        const auto* found = levels.if_contains(part);
        if (found != nullptr && !found->is_object()) {
            return false;
        }
        for (const auto& each : found == nullptr ? json::object() : found->as_object()) {
            if (!integer(each.value())) {
                return false;
            }
            if (part == std::string("users") && each.key()[0] != '@') {
                return false;
            }
        }
    }
    return true;
}

// Rule "m.room.power_levels", 5 on.
bool reference_room::allows_levels(const std::string& sender, const json::object& next) const {
    if (!well_formed(next)) {
        return false;
    }
    const json::object& now = *content("m.room.power_levels");
    const auto own = power(sender);
    const auto fine = [&](const char* part, const std::string& name, bool strictly) {
        const auto before = entry(now, part, name), after = entry(next, part, name);
        if (before == after) {
            return true;
        }
        if (before && (*before > own || (strictly && *before == own))) {
            return false;
        }
        return !after || *after <= own;
    };
    for (const auto* name :
         {"users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"}) {
        if (!fine("", name, false)) {
            return false;
        }
    }
    for (const auto* part : {"events", "notifications", "users"}) {
        if (v_ < 6 && part == std::string("notifications")) {
            continue;
        }
        std::set<std::string> names;
        for (const json::object* levels : {&now, &next}) {
            if (levels->contains(part)) {
                for (const auto& each : levels->at(part).as_object()) {
                    names.insert(std::string(each.key()));
                }
            }
        }
        for (const auto& name : names) {
            if (!fine(part, name, part == std::string("users") && name != sender)) {
                return false;
            }
        }
    }
    return true;
}

// --- the rules ---

bool reference_room::may_be_vouched_for(const std::set<std::string>& joined_elsewhere) const {
    const auto* rules = content("m.room.join_rules");
    const auto* allow = rules == nullptr ? nullptr : rules->if_contains("allow");
    bool named = false;
    for (const auto& each : allow == nullptr ? json::array() : allow->as_array()) {
        named = named || joined_elsewhere.contains(text(each.as_object(), "room_id"));
    }
    return named && std::ranges::any_of(users_, [&](const std::string& u) {
               return membership(u) == "join" && power(u) >= level("invite", 0);
           });
}

bool reference_room::allows_member(const std::string& sender, const std::string& target,
                                   const std::string& wished, bool vouched) const {
    const auto mine = membership(sender), theirs = membership(target), rule = join_rule();
    const bool knocking = v_ >= 7 && (rule == "knock" || (v_ >= 10 && rule == "knock_restricted"));
    if (wished == "join") {
        if (sender != target || theirs == "ban") {
            return false;
        }
        const bool in = theirs == "join" || theirs == "invite";
        if (rule == "invite" || (v_ >= 7 && rule == "knock")) {
            return in;
        }
        if ((v_ >= 8 && rule == "restricted") || (v_ >= 10 && rule == "knock_restricted")) {
            return in || vouched;
        }
        return rule == "public";
    }
    if (wished == "invite") {
        return mine == "join" && theirs != "join" && theirs != "ban" &&
               power(sender) >= level("invite", 0);
    }
    if (wished == "leave") {
        if (sender == target) {
            return theirs == "invite" || theirs == "join" || (v_ >= 7 && theirs == "knock");
        }
        if (mine != "join" || (theirs == "ban" && power(sender) < level("ban", 50))) {
            return false;
        }
        return power(sender) >= level("kick", 50) && power(target) < power(sender);
    }
    if (wished == "ban") {
        return mine == "join" && power(sender) >= level("ban", 50) && power(target) < power(sender);
    }
    if (wished == "knock") {
        return knocking && sender == target && theirs != "ban" && theirs != "invite" &&
               theirs != "join";
    }
    return false;
}

bool reference_room::allows(const std::string& type, const std::string& sender,
                            const std::optional<std::string>& key, const json::object& content,
                            bool vouched) const {
    if (type == "m.room.create") {
        return false;
    }
    if (type == "m.room.aliases" && v_ <= 5) {
        // Stricter than the rule, which is for servers: a client's user must be in.
        return membership(sender) == "join" && key && *key == sender.substr(sender.find(':') + 1);
    }
    if (type == "m.room.member") {
        return key && allows_member(sender, *key, text(content, "membership"), vouched);
    }
    if (membership(sender) != "join") {
        return false;
    }
    if (type == "m.room.third_party_invite") {
        return power(sender) >= level("invite", 0);
    }
    if (power(sender) < needed(type, key.has_value())) {
        return false;
    }
    if (key && key->starts_with("@") && *key != sender) {
        return false;
    }
    return type != "m.room.power_levels" || allows_levels(sender, content);
}

bool reference_room::allows_redaction(const std::string& sender, std::size_t event) const {
    return allows("m.room.redaction", sender, std::nullopt, {}) &&
           (events_[event].sender == sender || power(sender) >= level("redact", 50));
}

void reference_room::redact(std::size_t event) {
    auto& e = events_[event];
    const json::object old = e.content;
    e.content = {};
    if (e.type == "m.room.member") {
        e.content = v_ >= 9 ? only(old, {"membership", "join_authorised_via_users_server"})
                            : only(old, {"membership"});
    } else if (e.type == "m.room.create") {
        e.content = v_ >= 11 ? old : only(old, {"creator"});
    } else if (e.type == "m.room.join_rules") {
        e.content = v_ >= 8 ? only(old, {"join_rule", "allow"}) : only(old, {"join_rule"});
    } else if (e.type == "m.room.power_levels") {
        e.content = only(old, {"ban", "events", "events_default", "kick", "redact", "state_default",
                               "users", "users_default"});
        if (v_ >= 11 && old.contains("invite")) {
            e.content["invite"] = old.at("invite");
        }
    } else if (e.type == "m.room.history_visibility") {
        e.content = only(old, {"history_visibility"});
    } else if (e.type == "m.room.aliases" && v_ <= 5) {
        e.content = only(old, {"aliases"});
    } else if (e.type == "m.room.redaction" && v_ >= 11) {
        e.content = only(old, {"redacts"});
    }
}

// --- history visibility ---

bool reference_room::sees(std::size_t user, std::size_t event) const {
    const auto& e = events_[event];
    const auto by = [&](const std::string& visibility, const std::string& membership) {
        if (visibility == "world_readable" || membership == "join") {
            return true;
        }
        if (visibility == "shared") {  // joined at any point after?
            return std::any_of(events_.begin() + static_cast<std::ptrdiff_t>(event), events_.end(),
                               [user](const auto& later) { return later.after[user] == "join"; });
        }
        return visibility == "invited" && membership == "invite";
    };
    const bool changes_visibility = e.type == "m.room.history_visibility" && e.key == "";
    const bool own = e.type == "m.room.member" && e.key == users_[user];
    return by(e.visibility_before, e.before[user]) ||
           ((changes_visibility || own) && by(e.visibility_after, e.after[user]));
}

}  // namespace porchlight::test
