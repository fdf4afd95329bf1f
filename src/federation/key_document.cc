#include "federation/key_document.h"

#include <boost/json/serialize.hpp>

#include <algorithm>

#include "base/assert.h"
#include "base/limits.h"

namespace porchlight::federation {

namespace json = boost::json;
using matrix::errc;
using matrix::fail;

std::string key_document(std::string_view server, const matrix::signing_key& key,
                         base::wall_time valid_until) {
    json::object o;
    o["server_name"] = server;
    o["valid_until_ts"] = base::unix_ms(valid_until);
    o["old_verify_keys"] = json::object{};
    o["verify_keys"] =
        json::object{{key.key_id(), json::object{{"key", key.public_half().to_base64()}}}};
    const auto signed_now = matrix::sign_json(o, server, key);
    ASSERT(signed_now.has_value());
    return json::serialize(o);
}

matrix::outcome<server_keys> read_key_document(const json::value& v, std::string_view server,
                                               base::wall_time now) {
    if (!v.is_object()) {
        return fail(errc::bad_json, "The keys must be a JSON object.");
    }
    const json::object& o = v.get_object();
    const auto name = matrix::required_string(o, "server_name");
    if (!name) {
        return name.error();
    }
    if (*name != server) {
        return fail(errc::unauthorized, "These are keys of " + *name + ".");
    }
    const auto until = matrix::optional_integer(o, "valid_until_ts");
    if (!until) {
        return until.error();
    }
    const auto* given = matrix::find(v, "verify_keys");
    if (!*until || given == nullptr || !given->is_object()) {
        return fail(errc::bad_json, "valid_until_ts and verify_keys must be there.");
    }
    if (**until <= base::unix_ms(now)) {
        return fail(errc::unauthorized, "The keys are no longer valid.");
    }
    if (given->get_object().size() > base::limits::server_keys_max) {
        return fail(errc::bad_json, "There are too many keys.");
    }
    server_keys found;
    found.valid_until =
        std::min(base::from_unix_ms(**until), now + base::limits::server_keys_age_max);
    for (const auto& [id, value] : given->get_object()) {
        const auto* text = matrix::find(value, "key");
        if (!matrix::is_signing_key_id(id)) {
            continue;
        }
        const auto key = text != nullptr && text->is_string()
                             ? matrix::verify_key::from_base64(text->get_string())
                             : std::nullopt;
        if (!key) {
            return fail(errc::bad_json, "The key " + std::string{id} + " is none.");
        }
        if (const auto good = matrix::verify_json(o, server, id, *key); !good) {
            return good.error();
        }
        found.keys.emplace(id, *key);
    }
    if (found.keys.empty()) {
        return fail(errc::unauthorized, "There is no Ed25519 key.");
    }
    return found;
}

}  // namespace porchlight::federation
