#pragma once

#include <memory>
#include <optional>
#include <string>

#include "homeserver/accounts.h"
#include "homeserver/document_changes.h"

namespace porchlight::homeserver {

namespace json = boost::json;

// Backups of room keys, encrypted by clients (client-server API, "Server-side key backups").
// Deciding thread only. Versions are numbered from 1 and never used again. All changes are durable
// before they are answered. Failures: not_found; wrong_backup_version (the message is the version
// that is the newest); invalid_param; too_large; resource_limit.
class key_backups {
  public:
    key_backups(services& s, accounts& a);

    // Answers {"version"}.
    void create(user_key u, std::string algorithm, json::object auth_data,
                completion<json::object> done);
    // `version` empty: the newest. Answers {algorithm, auth_data, count, etag, version}.
    void look(user_key u, std::string version, completion<json::object> done);
    // The algorithm stays what it was: another one is invalid_param.
    void update(user_key u, std::string version, std::string algorithm, json::object auth_data,
                completion<json::object> done);
    void remove(user_key u, std::string version, completion<json::object> done);

    // What is meant: all, those of a room, or one.
    struct place {
        std::string version;
        std::optional<std::string> room_id, session_id;
    };
    // `rooms`: room id -> {"sessions":{session id -> data}}; the version must be the newest. Of two
    // for the same session the better one stays: verified before not, then the lower first index,
    // then the lower forwarded count. Answers {count, etag}.
    void put_sessions(user_key u, std::string version, json::object rooms,
                      completion<json::object> done);
    // Answers {"rooms":{...}}, {"sessions":{...}} or the session, by what is meant.
    void sessions(user_key u, place p, completion<json::object> done);
    // Of any version. Answers {count, etag}.
    void remove_sessions(user_key u, place p, completion<json::object> done);

  private:
    document_changes documents_;
};

// Is `a` a better copy of a session than `b`? As put_sessions() says. REQUIRES: both were checked.
bool is_better_session(const json::object& a, const json::object& b);

}  // namespace porchlight::homeserver
