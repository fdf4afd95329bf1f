#include "client_api/presence/put_request.h"

#include "base/limits.h"

namespace porchlight::client_api {

namespace {

using matrix::errc;
using matrix::fail;
using matrix::outcome;
using presence::state;
namespace json = boost::json;

constexpr std::string_view expires_key = "io.porchlight.status_expires_at";
constexpr std::string_view unhide_key = "io.porchlight.unhide";

outcome<void> read_state(const json::object& body, bool busy_enabled, presence::put_request& r) {
    const auto name = matrix::required_string(body, "presence");
    if (!name) {
        return name.error();
    }
    if (*name == "hidden") {
        r.hide = true;
    } else if (*name == "offline") {
        r.asked = state::offline;
    } else if (*name == "unavailable") {
        r.asked = state::unavailable;
    } else if (*name == "online") {
        r.asked = state::online;
    } else if (*name == "free_for_chat") {
        r.asked = state::free_for_chat;
    } else if (busy_enabled && (*name == "busy" || *name == "org.matrix.msc3026.busy")) {
        r.asked = state::busy;
    } else {
        return fail(errc::invalid_param,
                    std::string{"The key \"presence\" must be one of offline, unavailable, online, "
                                "free_for_chat, "} +
                        (busy_enabled ? "busy, hidden." : "hidden."));
    }
    return {};
}

outcome<void> read_text(const json::object& body, presence::put_request& r) {
    const auto* given = body.if_contains("status_msg");
    if (given == nullptr) {
        return {};
    }
    if (given->is_null()) {
        r.text.emplace();
        return {};
    }
    if (!given->is_string()) {
        return fail(errc::bad_json, "The key \"status_msg\" must be a string or null.");
    }
    const auto& text = given->get_string();
    if (text.size() > base::limits::status_text_bytes_max) {
        return fail(errc::invalid_param, "A status_msg may have at most " +
                                             std::to_string(base::limits::status_text_bytes_max) +
                                             " bytes.");
    }
    r.text.emplace(text.data(), text.size());
    return {};
}

outcome<void> read_expiry(const json::object& body, presence::put_request& r) {
    const auto* given = body.if_contains(expires_key);
    if (given == nullptr || given->is_null()) {
        return {};
    }
    const auto ms = matrix::optional_integer(body, expires_key);
    if (!ms) {
        return ms.error();
    }
    if (**ms < 0 || !r.text || r.text->empty()) {
        return fail(
            errc::invalid_param,
            std::string{expires_key} + " is a time in ms since 1970 and goes with a status_msg.");
    }
    r.text_expires = base::from_unix_ms(**ms);
    return {};
}

}  // namespace

outcome<presence::put_request> read_put_request(const json::object& body, bool busy_enabled) {
    presence::put_request r;
    if (const auto done = read_state(body, busy_enabled, r); !done) {
        return done.error();
    }
    if (const auto done = read_text(body, r); !done) {
        return done.error();
    }
    if (const auto done = read_expiry(body, r); !done) {
        return done.error();
    }
    const auto unhide = matrix::optional_bool(body, unhide_key);
    if (!unhide) {
        return unhide.error();
    }
    r.unhide = unhide->value_or(false);
    if (r.unhide && r.hide) {
        return fail(errc::invalid_param, "A status cannot hide and unhide at once.");
    }
    return r;
}

}  // namespace porchlight::client_api
