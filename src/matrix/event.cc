#include "matrix/event.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "matrix/room_version.h"

namespace porchlight::matrix {

namespace {

using keys = std::initializer_list<std::string_view>;

// The number of a room version; 0 for those not known here.
int version_number(std::string_view version) {
    const auto known = room_version::parse(version);
    return known ? known->number() : 0;
}

void copy(const json::object& from, json::object& to, keys names) {
    for (const auto name : names) {
        if (const auto* v = from.if_contains(name)) {
            to.emplace(name, *v);
        }
    }
}

json::object redact_member(const json::object& content, int version) {
    json::object kept;
    copy(content, kept, {"membership"});
    if (version >= 9) {
        copy(content, kept, {"join_authorised_via_users_server"});
    }
    if (version >= 11) {
        const auto* invite = content.if_contains("third_party_invite");
        if (invite != nullptr && invite->is_object()) {
            json::object part;
            copy(invite->get_object(), part, {"signed"});
            if (!part.empty()) {
                kept.emplace("third_party_invite", std::move(part));
            }
        }
    }
    return kept;
}

json::object redact_content(std::string_view type, const json::object& content, int version) {
    if (type == "m.room.member") {
        return redact_member(content, version);
    }
    if (type == "m.room.create" && version >= 11) {
        return content;
    }
    json::object kept;
    if (type == "m.room.create") {
        copy(content, kept, {"creator"});
    } else if (type == "m.room.join_rules") {
        copy(content, kept, {"join_rule"});
        if (version >= 8) {
            copy(content, kept, {"allow"});
        }
    } else if (type == "m.room.power_levels") {
        copy(content, kept,
             {"ban", "events", "events_default", "kick", "redact", "state_default", "users",
              "users_default"});
        if (version >= 11) {
            copy(content, kept, {"invite"});
        }
    } else if (type == "m.room.history_visibility") {
        copy(content, kept, {"history_visibility"});
    } else if (type == "m.room.aliases" && version <= 5) {
        copy(content, kept, {"aliases"});
    } else if (type == "m.room.redaction" && version >= 11) {
        copy(content, kept, {"redacts"});
    }
    return kept;
}

std::string sha256_base64(std::string_view text, int variant) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(text.data()),
                       text.size());
    std::array<char,
               sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES, sodium_base64_VARIANT_ORIGINAL)>
        encoded{};
    sodium_bin2base64(encoded.data(), encoded.size(), digest.data(), digest.size(), variant);
    return encoded.data();
}

}  // namespace

json::object redact(const json::object& event, std::string_view version) {
    const int number = version_number(version);
    json::object out;
    copy(event, out,
         {"event_id", "type", "room_id", "sender", "state_key", "hashes", "signatures", "depth",
          "prev_events", "auth_events", "origin_server_ts"});
    if (number < 11) {
        copy(event, out, {"prev_state", "origin", "membership"});
    }
    const auto* type = event.if_contains("type");
    const auto* content = event.if_contains("content");
    if (content != nullptr && content->is_object() && type != nullptr && type->is_string()) {
        const auto& name = type->get_string();
        out["content"] = redact_content({name.data(), name.size()}, content->get_object(), number);
    } else {
        out["content"] = json::object{};
    }
    return out;
}

outcome<json::object> with_content_hash(json::object event) {
    json::object hashed = event;
    for (const auto name : {"signatures", "unsigned", "hashes"}) {
        hashed.erase(name);
    }
    const auto text = canonical_json(hashed);
    if (!text) {
        return text.error();
    }
    event["hashes"] =
        json::object{{"sha256", sha256_base64(*text, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)}};
    return event;
}

outcome<std::string> event_id(const json::object& event, std::string_view version) {
    const int number = version_number(version);
    if (number < 3) {
        // Versions 1 and 2 carry ids chosen by the sender; others are unknown.
        return fail(errc::unsupported_room_version);
    }
    json::object hashed = redact(event, version);
    for (const auto name : {"signatures", "unsigned", "event_id"}) {
        hashed.erase(name);
    }
    const auto text = canonical_json(hashed);
    if (!text) {
        return text.error();
    }
    return '$' + sha256_base64(*text, number == 3 ? sodium_base64_VARIANT_ORIGINAL_NO_PADDING
                                                  : sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

}  // namespace porchlight::matrix
