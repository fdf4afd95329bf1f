#include "homeserver/keys/key_checks.h"

#include <boost/json/serialize.hpp>

#include "base/limits.h"

namespace porchlight::homeserver {

namespace limits = base::limits;
using matrix::errc;
using matrix::fail;
using matrix::outcome;

namespace {

matrix::failure wrong(std::string_view what, std::string_view allowed) {
    return fail(errc::invalid_param, std::string{what} + " must " + std::string{allowed} + ".");
}

// The string member; empty when there is none.
std::string_view text_at(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    return v != nullptr && v->is_string() ? std::string_view{v->get_string()} : std::string_view{};
}

const json::object* object_at(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    return v == nullptr ? nullptr : v->if_object();
}

bool is_too_long(const json::value& v, std::size_t most) {
    return json::serialize(v).size() > most;
}

outcome<void> check_algorithms(const json::object& keys) {
    const auto* algorithms = keys.if_contains("algorithms");
    if (algorithms == nullptr || !algorithms->is_array()) {
        return wrong("device_keys.algorithms", "be a list of strings");
    }
    for (const auto& each : algorithms->get_array()) {
        if (!each.is_string()) {
            return wrong("device_keys.algorithms", "be a list of strings");
        }
    }
    return {};
}

}  // namespace

outcome<void> check_device_keys(const json::object& keys, std::string_view user_id,
                                std::string_view device_id) {
    if (text_at(keys, "user_id") != user_id || text_at(keys, "device_id") != device_id) {
        return wrong("device_keys", "name the user_id and device_id that the access token is of");
    }
    if (is_too_long(keys, limits::device_keys_bytes_max)) {
        return fail(errc::too_large, "device_keys may have at most " +
                                         std::to_string(limits::device_keys_bytes_max) + " bytes.");
    }
    if (auto r = check_algorithms(keys); !r) {
        return r;
    }
    const auto* public_keys = object_at(keys, "keys");
    if (public_keys == nullptr || public_keys->empty()) {
        return wrong("device_keys.keys", "be an object of public keys");
    }
    for (const auto& [name, value] : *public_keys) {
        const auto parts = parse_key_name(name);
        if (!parts || parts->id != device_id || !value.is_string()) {
            return wrong("device_keys.keys", "have names ALGORITHM:DEVICE_ID and strings");
        }
    }
    const std::string own = "ed25519:" + std::string{device_id};
    const auto key = matrix::verify_key::from_base64(text_at(*public_keys, own));
    if (!key) {
        return wrong("device_keys.keys", "have the Ed25519 key " + own);
    }
    if (!matrix::verify_json(keys, user_id, own, *key)) {
        return wrong("device_keys", "be signed by their own key " + own);
    }
    return {};
}

std::optional<key_name> parse_key_name(std::string_view name) {
    const auto colon = name.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == name.size() ||
        name.size() > limits::id_bytes_max || name.find('\n') != std::string_view::npos) {
        return std::nullopt;
    }
    return key_name{name.substr(0, colon), name.substr(colon + 1)};
}

outcome<void> check_one_time_keys(const json::object& keys) {
    for (const auto& [name, value] : keys) {
        if (!parse_key_name(name)) {
            return wrong("The name of a one-time or fallback key", "be ALGORITHM:KEY_ID");
        }
        const auto* o = value.if_object();
        if (!value.is_string() && (o == nullptr || text_at(*o, "key").empty())) {
            return wrong("A one-time or fallback key", "be a string or an object with a key");
        }
        if (is_too_long(value, limits::one_time_key_bytes_max)) {
            return fail(errc::too_large, "A one-time key may have at most " +
                                             std::to_string(limits::one_time_key_bytes_max) +
                                             " bytes.");
        }
    }
    return {};
}

outcome<void> check_cross_signing_key(const json::value& key, std::string_view user_id,
                                      std::string_view usage) {
    const std::string name = std::string{usage} + "_key";
    const auto* o = key.if_object();
    if (o == nullptr || text_at(*o, "user_id") != user_id) {
        return wrong(name, "be an object with the user_id of the user it is of");
    }
    if (is_too_long(key, limits::device_keys_bytes_max)) {
        return fail(errc::too_large, name + " may have at most " +
                                         std::to_string(limits::device_keys_bytes_max) + " bytes.");
    }
    const auto* usages = o->if_contains("usage");
    const auto* list = usages == nullptr ? nullptr : usages->if_array();
    if (list == nullptr || std::ranges::none_of(*list, [usage](const json::value& v) {
            return v.is_string() && std::string_view{v.get_string()} == usage;
        })) {
        return wrong(name + ".usage", "name \"" + std::string{usage} + "\"");
    }
    const auto* keys = object_at(*o, "keys");
    if (keys == nullptr || keys->size() != 1 || !keys->begin()->value().is_string()) {
        return wrong(name + ".keys", "hold exactly one key");
    }
    const auto& only = *keys->begin();
    const std::string_view value{only.value().get_string()};
    if (std::string_view{only.key()} != "ed25519:" + std::string{value} ||
        !matrix::verify_key::from_base64(value)) {
        return wrong(name + ".keys", "hold an Ed25519 key, named by itself: ed25519:KEY");
    }
    return {};
}

std::string public_key_of(const json::object& cross_signing_key) {
    return std::string{cross_signing_key.at("keys").get_object().begin()->value().get_string()};
}

outcome<void> check_signed_by_master(const json::object& key, const json::object& master,
                                     std::string_view user_id, std::string_view usage) {
    const std::string by = public_key_of(master);
    if (!matrix::verify_json(key, user_id, "ed25519:" + by, *matrix::verify_key::from_base64(by))) {
        return fail(errc::invalid_signature,
                    "The " + std::string{usage} + "_key must be signed by the master key.");
    }
    return {};
}

void merge_signatures(json::object& object, const json::object& more) {
    if (more.empty()) {
        return;
    }
    json::value& all = object["signatures"];
    if (!all.is_object()) {
        all.emplace_object();
    }
    for (const auto& [user_id, signatures] : more) {
        if (!signatures.is_object()) {
            continue;
        }
        json::value& own = all.get_object()[user_id];
        if (!own.is_object()) {
            own.emplace_object();
        }
        for (const auto& [key_id, signature] : signatures.get_object()) {
            own.get_object()[key_id] = signature;
        }
    }
}

}  // namespace porchlight::homeserver
