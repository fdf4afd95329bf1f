#include "matrix/error.h"

#include <array>
#include <ostream>
#include <stdexcept>

#include "base/assert.h"
#include "matrix/json.h"

namespace porchlight::matrix {

namespace {

constexpr std::array catalogue{
    error_entry{errc::forbidden, 403, "M_FORBIDDEN", "You may not do this."},
    error_entry{errc::unknown_token, 401, "M_UNKNOWN_TOKEN",
                "The access token is not known; log in again."},
    error_entry{errc::expired_token, 401, "M_UNKNOWN_TOKEN",
                "The access token has expired; refresh it or log in again."},
    error_entry{errc::missing_token, 401, "M_MISSING_TOKEN",
                "This request needs an access token: Authorization: Bearer <token>."},
    error_entry{errc::bad_json, 400, "M_BAD_JSON", "The JSON does not have the expected shape."},
    error_entry{errc::not_json, 400, "M_NOT_JSON", "The body is not valid JSON."},
    error_entry{errc::not_found, 404, "M_NOT_FOUND", "There is nothing here."},
    error_entry{errc::limit_exceeded, 429, "M_LIMIT_EXCEEDED", "Too many requests; wait a while."},
    error_entry{errc::unrecognized, 404, "M_UNRECOGNIZED", "This server has no such endpoint."},
    error_entry{errc::method_not_allowed, 405, "M_UNRECOGNIZED",
                "This endpoint does not take this method."},
    error_entry{errc::unauthorized, 401, "M_UNAUTHORIZED",
                "The authentication given is not sufficient."},
    error_entry{errc::user_deactivated, 403, "M_USER_DEACTIVATED",
                "This account has been deactivated."},
    error_entry{errc::user_in_use, 400, "M_USER_IN_USE", "This user name is taken."},
    error_entry{errc::invalid_username, 400, "M_INVALID_USERNAME",
                "A user name consists of a-z, 0-9 and . _ = / + -"},
    error_entry{errc::room_in_use, 400, "M_ROOM_IN_USE", "This room alias is taken."},
    error_entry{errc::invalid_room_state, 400, "M_INVALID_ROOM_STATE",
                "The room cannot begin with this state."},
    error_entry{errc::weak_password, 400, "M_WEAK_PASSWORD", "This password is too weak."},
    error_entry{errc::unsupported_room_version, 400, "M_UNSUPPORTED_ROOM_VERSION",
                "This server does not know this room version."},
    error_entry{errc::bad_state, 400, "M_BAD_STATE", "The state does not allow this change."},
    error_entry{errc::guest_access_forbidden, 403, "M_GUEST_ACCESS_FORBIDDEN",
                "Guests have no access here."},
    error_entry{errc::missing_param, 400, "M_MISSING_PARAM", "A required parameter is missing."},
    error_entry{errc::invalid_param, 400, "M_INVALID_PARAM", "A parameter has a wrong value."},
    error_entry{errc::too_large, 413, "M_TOO_LARGE", "The request is too large."},
    error_entry{errc::exclusive, 400, "M_EXCLUSIVE", "This name is reserved."},
    error_entry{errc::resource_limit, 403, "M_RESOURCE_LIMIT_EXCEEDED",
                "A limit of this server has been reached."},
    error_entry{errc::bad_alias, 400, "M_BAD_ALIAS", "The alias does not belong to this room."},
    error_entry{errc::threepid_denied, 403, "M_THREEPID_DENIED",
                "This server takes no e-mail addresses or telephone numbers."},
    error_entry{errc::invalid_signature, 400, "M_INVALID_SIGNATURE",
                "A signature is missing or does not fit."},
    error_entry{errc::wrong_backup_version, 403, "M_WRONG_ROOM_KEYS_VERSION",
                "This is not the newest version of the key backup."},
    error_entry{errc::cannot_overwrite_media, 409, "M_CANNOT_OVERWRITE_MEDIA",
                "This media was uploaded already."},
    error_entry{errc::not_yet_uploaded, 504, "M_NOT_YET_UPLOADED",
                "This media is not uploaded yet; try again."},
    error_entry{errc::not_thumbnailed, 400, "M_UNKNOWN",
                "There is no thumbnail of this: it is no image of a kind that is read here."},
    error_entry{errc::range_not_satisfiable, 416, "M_UNKNOWN",
                "The media has no bytes in this range."},
    error_entry{errc::unknown_pos, 400, "M_UNKNOWN_POS",
                "This position of a sliding sync is not known (any more); begin without one."},
    error_entry{errc::unavailable, 503, "M_UNKNOWN",
                "The server cannot do this right now; try again."},
    error_entry{errc::unknown, 500, "M_UNKNOWN", "Something went wrong inside the server."},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < catalogue.size(); ++i) {
        if (catalogue[i].code != static_cast<errc>(i)) {
            return false;
        }
    }
    return catalogue.size() == static_cast<std::size_t>(errc::unknown) + 1;
}
static_assert(in_order(), "one entry for each errc, in the order of the enum");

}  // namespace

const error_entry& describe(errc code) {
    const auto index = static_cast<std::size_t>(code);
    ASSERT(index < catalogue.size());
    return catalogue[index];
}

std::string to_json(const failure& f) {
    const error_entry& entry = describe(f.code);
    std::string out = "{\"errcode\":";
    append_json_string(out, entry.errcode);
    out += ",\"error\":";
    append_json_string(out, f.message.empty() ? entry.sentence : std::string_view{f.message});
    if (f.code == errc::unknown_token) {
        // The device is gone for good: nothing to refresh.
        out += ",\"soft_logout\":false";
    }
    if (f.code == errc::expired_token) {
        out += ",\"soft_logout\":true";  // the device stays, with its keys and messages
    }
    if (f.retry_after) {
        out += ",\"retry_after_ms\":" + std::to_string(f.retry_after->count());
    }
    out += '}';
    return out;
}

std::ostream& operator<<(std::ostream& out, const failure& f) {
    return out << describe(f.code).errcode << ": " << f.message;
}

void throw_exception_from_error(const failure& f, const boost::source_location&) {
    throw std::logic_error("unchecked failure: " + std::string{describe(f.code).errcode} + ' ' +
                           f.message);
}

}  // namespace porchlight::matrix
