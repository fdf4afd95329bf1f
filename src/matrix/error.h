#pragma once

#include <boost/assert/source_location.hpp>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

// The catalogue of everything that can go wrong in a way a client sees. docs/errors.md is made from
// it.
namespace porchlight::matrix {

enum class errc {
    forbidden,                 // 403 M_FORBIDDEN
    unknown_token,             // 401 M_UNKNOWN_TOKEN
    expired_token,             // 401 M_UNKNOWN_TOKEN, with soft_logout
    missing_token,             // 401 M_MISSING_TOKEN
    bad_json,                  // 400 M_BAD_JSON: JSON of the wrong shape
    not_json,                  // 400 M_NOT_JSON
    not_found,                 // 404 M_NOT_FOUND
    limit_exceeded,            // 429 M_LIMIT_EXCEEDED, with retry_after_ms
    unrecognized,              // 404 M_UNRECOGNIZED: unknown path
    method_not_allowed,        // 405 M_UNRECOGNIZED
    unauthorized,              // 401 M_UNAUTHORIZED (interactive authentication failed)
    user_deactivated,          // 403 M_USER_DEACTIVATED
    user_in_use,               // 400 M_USER_IN_USE
    invalid_username,          // 400 M_INVALID_USERNAME
    room_in_use,               // 400 M_ROOM_IN_USE
    invalid_room_state,        // 400 M_INVALID_ROOM_STATE
    weak_password,             // 400 M_WEAK_PASSWORD
    unsupported_room_version,  // 400 M_UNSUPPORTED_ROOM_VERSION
    bad_state,                 // 400 M_BAD_STATE
    guest_access_forbidden,    // 403 M_GUEST_ACCESS_FORBIDDEN
    missing_param,             // 400 M_MISSING_PARAM
    invalid_param,             // 400 M_INVALID_PARAM
    too_large,                 // 413 M_TOO_LARGE
    exclusive,                 // 400 M_EXCLUSIVE
    resource_limit,            // 403 M_RESOURCE_LIMIT_EXCEEDED
    bad_alias,                 // 400 M_BAD_ALIAS
    threepid_denied,           // 403 M_THREEPID_DENIED
    invalid_signature,         // 400 M_INVALID_SIGNATURE
    wrong_backup_version,      // 403 M_WRONG_ROOM_KEYS_VERSION
    cannot_overwrite_media,    // 409 M_CANNOT_OVERWRITE_MEDIA
    not_yet_uploaded,          // 504 M_NOT_YET_UPLOADED
    not_thumbnailed,           // 400 M_UNKNOWN: no image of which there could be a thumbnail
    range_not_satisfiable,     // 416 M_UNKNOWN
    unknown_pos,               // 400 M_UNKNOWN_POS: a sliding connection begins anew
    unavailable,               // 503 M_UNKNOWN, with Retry-After
    unknown,                   // 500 M_UNKNOWN
};

// What the catalogue says of a code. Static storage.
struct error_entry {
    errc code;
    int status;
    std::string_view errcode;
    std::string_view sentence;  // default text, and the docs' explanation
};
const error_entry& describe(errc code);

// An expected failure on its way to a client: what, where, what is allowed.
struct failure {
    errc code = errc::unknown;
    std::string message;                            // empty: the catalogue's sentence
    std::optional<base::milliseconds> retry_after;  // limit_exceeded, unavailable
};

template <class T>
using outcome = base::result<T, failure>;

inline failure fail(errc code, std::string message = {}) {
    return failure{code, std::move(message), std::nullopt};
}
// {"errcode":..., "error":..., "retry_after_ms"?}
std::string to_json(const failure& f);

// "M_NOT_FOUND: message", for logs and tests.
std::ostream& operator<<(std::ostream& out, const failure& f);

// What result<T, failure>::value() throws when nobody looked; a programmer's error. Found by its
// argument's namespace.
[[noreturn]] void throw_exception_from_error(const failure& f, const boost::source_location& where);

}  // namespace porchlight::matrix
