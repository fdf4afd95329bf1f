#include "homeserver/rooms/creation.h"

#include <algorithm>

#include "base/limits.h"
#include "homeserver/rooms/limits_reached.h"

namespace porchlight::homeserver {
namespace {

using matrix::errc;
using matrix::fail;
namespace limits = base::limits;

struct preset_rules {
    std::string_view join_rule, history_visibility, guest_access;
    bool trusts_invited = false;
    std::int64_t invite_level = 0;
};

preset_rules rules_of(const create_room& wish) {
    const bool open =
        wish.preset == "public_chat" || (wish.preset.empty() && wish.visibility == "public");
    if (open) {
        return {"public", "shared", "forbidden", false, 50};
    }
    return {"invite", "shared", "can_join", wish.preset == "trusted_private_chat", 0};
}

bool one_of(std::string_view value, std::initializer_list<std::string_view> allowed) {
    return std::ranges::find(allowed, value) != allowed.end();
}

matrix::outcome<void> check_initial_state(const json::array& events) {
    if (events.size() > limits::initial_state_max) {
        create_room_limit_reached.add();
        return fail(errc::invalid_param, "initial_state takes at most 500 events");
    }
    for (const auto& event : events) {
        const auto* type = event.is_object() ? event.get_object().if_contains("type") : nullptr;
        const auto* content =
            event.is_object() ? event.get_object().if_contains("content") : nullptr;
        const auto* key = event.is_object() ? event.get_object().if_contains("state_key") : nullptr;
        if (type == nullptr || !type->is_string() || content == nullptr || !content->is_object() ||
            (key != nullptr && !key->is_string())) {
            return fail(errc::bad_json,
                        "initial_state: each event needs a type (string), a content (object) and "
                        "may have a state_key (string)");
        }
        if (one_of(std::string_view(type->get_string()), {"m.room.create", "m.room.member"})) {
            return fail(errc::bad_json,
                        "initial_state: m.room.create and m.room.member are made "
                        "by the server");
        }
    }
    return {};
}

event_draft state(const std::string& sender, std::string type, json::object content,
                  std::string state_key = {}) {
    event_draft draft;
    draft.type = std::move(type);
    draft.state_key = std::move(state_key);
    draft.sender = sender;
    draft.content = std::move(content);
    return draft;
}

json::object member_content(std::string_view membership, const engine::profile& p) {
    json::object content{{"membership", membership}};
    if (!p.displayname.empty()) {
        content["displayname"] = p.displayname;
    }
    if (!p.avatar_url.empty()) {
        content["avatar_url"] = p.avatar_url;
    }
    return content;
}

json::object power_content(const create_room& wish, std::string_view creator,
                           const preset_rules& rules, const std::vector<engine::profile>& invited) {
    json::object users{{creator, 100}};
    if (rules.trusts_invited) {
        for (const auto& guest : invited) {
            users[guest.user_id] = 100;
        }
    }
    json::object content{
        {"users", std::move(users)},
        {"users_default", 0},
        {"events", json::object{{"m.room.name", 50},
                                {"m.room.avatar", 50},
                                {"m.room.canonical_alias", 50},
                                {"m.room.power_levels", 100},
                                {"m.room.history_visibility", 100},
                                {"m.room.encryption", 100},
                                {"m.room.server_acl", 100},
                                {"m.room.tombstone", 100}}},
        {"events_default", 0},
        {"state_default", 50},
        {"ban", 50},
        {"kick", 50},
        {"redact", 50},
        {"invite", rules.invite_level},
    };
    for (const auto& [key, value] : wish.power_level_content_override) {
        content[key] = value;
    }
    return content;
}

bool has_initial(const create_room& wish, std::string_view type) {
    return std::ranges::any_of(wish.initial_state, [type](const json::value& event) {
        const auto* key = event.get_object().if_contains("state_key");
        return event.at("type").get_string() == type &&
               (key == nullptr || key->get_string().empty());
    });
}

}  // namespace

matrix::outcome<matrix::room_version> check_wish(const create_room& wish,
                                                 const std::string& default_version) {
    const auto version = matrix::room_version::parse(wish.room_version.empty() ? default_version
                                                                               : wish.room_version);
    if (!version) {
        return fail(errc::unsupported_room_version,
                    "room_version: this server makes rooms of the versions 1 to 11");
    }
    if (!one_of(wish.preset, {"", "private_chat", "trusted_private_chat", "public_chat"})) {
        return fail(errc::invalid_param,
                    "preset: one of private_chat, trusted_private_chat, public_chat");
    }
    if (!one_of(wish.visibility, {"", "public", "private"})) {
        return fail(errc::invalid_param, "visibility: public or private");
    }
    if (wish.invite.size() > limits::invites_per_call_max) {
        create_room_limit_reached.add();
        return fail(errc::invalid_param, "invite takes at most 100 users");
    }
    if (auto ok = check_initial_state(wish.initial_state); !ok) {
        return ok.error();
    }
    return *version;
}

std::vector<event_draft> plan_room(const create_room& wish, const engine::profile& creator,
                                   matrix::room_version version, const std::string& alias,
                                   const std::vector<engine::profile>& invited) {
    const std::string sender(creator.user_id);
    const preset_rules rules = rules_of(wish);
    std::vector<event_draft> plan;

    json::object create = wish.creation_content;
    if (version.creator_in_content()) {
        create["creator"] = sender;
    } else {
        create.erase("creator");
    }
    create["room_version"] = version.name();
    plan.push_back(state(sender, "m.room.create", std::move(create)));
    plan.push_back(state(sender, "m.room.member", member_content("join", creator), sender));
    plan.push_back(
        state(sender, "m.room.power_levels", power_content(wish, sender, rules, invited)));
    if (!alias.empty()) {
        plan.push_back(state(sender, "m.room.canonical_alias", {{"alias", alias}}));
    }
    const auto preset = [&](std::string type, std::string_view key, std::string_view value) {
        if (!has_initial(wish, type)) {
            plan.push_back(state(sender, std::move(type), {{key, value}}));
        }
    };
    preset("m.room.join_rules", "join_rule", rules.join_rule);
    preset("m.room.history_visibility", "history_visibility", rules.history_visibility);
    preset("m.room.guest_access", "guest_access", rules.guest_access);
    for (const auto& event : wish.initial_state) {
        const auto& fields = event.get_object();
        const auto* key = fields.if_contains("state_key");
        plan.push_back(state(sender, std::string(fields.at("type").get_string()),
                             fields.at("content").get_object(),
                             key == nullptr ? std::string() : std::string(key->get_string())));
    }
    if (!wish.name.empty()) {
        plan.push_back(state(sender, "m.room.name", {{"name", wish.name}}));
    }
    if (!wish.topic.empty()) {
        plan.push_back(state(sender, "m.room.topic", {{"topic", wish.topic}}));
    }
    for (const auto& guest : invited) {
        json::object content = member_content("invite", guest);
        if (wish.is_direct) {
            content["is_direct"] = true;
        }
        plan.push_back(
            state(sender, "m.room.member", std::move(content), std::string(guest.user_id)));
    }
    return plan;
}

}  // namespace porchlight::homeserver
