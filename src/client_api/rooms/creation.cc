#include "client_api/rooms/rooms.h"
#include "homeserver/rooms.h"

namespace porchlight::client_api {
namespace {

outcome<std::string> text_of(const json::object& o, std::string_view key) {
    auto text = matrix::optional_string(o, key);
    if (!text) {
        return text.error();
    }
    return text->value_or(std::string());
}

outcome<json::object> object_of(const json::object& o, std::string_view key) {
    const auto* found = o.if_contains(key);
    if (found == nullptr || found->is_null()) {
        return json::object();
    }
    if (!found->is_object()) {
        return fail(errc::bad_json, std::string(key) + " must be an object");
    }
    return found->get_object();
}

outcome<json::array> array_of(const json::object& o, std::string_view key) {
    const auto* found = o.if_contains(key);
    if (found == nullptr || found->is_null()) {
        return json::array();
    }
    if (!found->is_array()) {
        return fail(errc::bad_json, std::string(key) + " must be an array");
    }
    return found->get_array();
}

std::optional<failure> read_texts(const json::object& o, homeserver::create_room& wish) {
    const std::pair<std::string_view, std::string*> texts[] = {
        {"preset", &wish.preset},
        {"visibility", &wish.visibility},
        {"room_alias_name", &wish.room_alias_name},
        {"name", &wish.name},
        {"topic", &wish.topic},
        {"room_version", &wish.room_version},
    };
    for (const auto& [key, place] : texts) {
        auto text = text_of(o, key);
        if (!text) {
            return text.error();
        }
        *place = std::move(*text);
    }
    return std::nullopt;
}

std::optional<failure> read_invites(const json::object& o, homeserver::create_room& wish) {
    const auto invites = array_of(o, "invite");
    const auto by_mail = array_of(o, "invite_3pid");
    if (!invites || !by_mail) {
        return !invites ? invites.error() : by_mail.error();
    }
    if (!by_mail->empty()) {
        return fail(errc::forbidden, "invite_3pid: this server knows users by their user id only");
    }
    for (const auto& user : *invites) {
        if (!user.is_string()) {
            return fail(errc::bad_json, "invite must be an array of user ids");
        }
        wish.invite.emplace_back(user.get_string());
    }
    return std::nullopt;
}

outcome<homeserver::create_room> parse_wish(const json::object& o) {
    homeserver::create_room wish;
    if (auto refused = read_texts(o, wish)) {
        return std::move(*refused);
    }
    if (auto refused = read_invites(o, wish)) {
        return std::move(*refused);
    }
    const auto direct = matrix::optional_bool(o, "is_direct");
    auto initial_state = array_of(o, "initial_state");
    auto creation = object_of(o, "creation_content");
    auto power = object_of(o, "power_level_content_override");
    if (!direct) {
        return direct.error();
    }
    if (!initial_state) {
        return initial_state.error();
    }
    if (!creation) {
        return creation.error();
    }
    if (!power) {
        return power.error();
    }
    wish.is_direct = direct->value_or(false);
    wish.initial_state = std::move(*initial_state);
    wish.creation_content = std::move(*creation);
    wish.power_level_content_override = std::move(*power);
    return wish;
}

}  // namespace

void create_room(call_ptr c) {
    auto wish = parse_wish(c->object());
    if (!wish) {
        c->refuse(wish.error());
        return;
    }
    const std::string alias =
        wish->room_alias_name.empty()
            ? std::string()
            : "#" + wish->room_alias_name + ":" + c->server.services.config.server_name;
    c->server.rooms.create(c->user(), std::move(*wish), [c, alias](outcome<std::string> r) {
        if (!r) {
            c->refuse(r.error());
            return;
        }
        json::object answer{{"room_id", *r}};
        if (!alias.empty()) {
            answer["room_alias"] = alias;
        }
        c->reply(std::move(answer));
    });
}

}  // namespace porchlight::client_api
