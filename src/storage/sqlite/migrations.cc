#include "storage/sqlite/migrations.h"

#include <fmt/format.h>

#include <array>

#include "base/assert.h"
#include "ports/store.h"

namespace porchlight::storage::sqlite {
namespace {

constexpr const char* version_1 = R"sql(
CREATE TABLE account(
    user INTEGER PRIMARY KEY, user_id TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL,
    created INTEGER NOT NULL, deactivated INTEGER NOT NULL) STRICT;
CREATE TABLE profile(
    user INTEGER PRIMARY KEY, displayname TEXT NOT NULL, avatar_url TEXT NOT NULL) STRICT;
CREATE TABLE device(
    device INTEGER PRIMARY KEY, user INTEGER NOT NULL, device_id TEXT NOT NULL,
    display_name TEXT NOT NULL, token_hash BLOB NOT NULL UNIQUE, created INTEGER NOT NULL) STRICT;
CREATE TABLE filter(
    user INTEGER NOT NULL, filter INTEGER NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY(user, filter)) STRICT;
CREATE TABLE account_data(
    user INTEGER NOT NULL, room INTEGER NOT NULL, type TEXT NOT NULL, content TEXT NOT NULL,
    position INTEGER NOT NULL, PRIMARY KEY(user, room, type)) STRICT;
CREATE INDEX account_data_by_position ON account_data(position);
CREATE TABLE room(
    room INTEGER PRIMARY KEY, room_id TEXT NOT NULL UNIQUE, version TEXT NOT NULL,
    is_public INTEGER NOT NULL, member_count INTEGER NOT NULL) STRICT;
CREATE TABLE event(
    position INTEGER PRIMARY KEY, room INTEGER NOT NULL, event_id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL, state_key TEXT, sender TEXT NOT NULL, origin_server_ts INTEGER NOT NULL,
    json TEXT NOT NULL, depth INTEGER NOT NULL) STRICT;
CREATE INDEX event_by_room ON event(room);
CREATE INDEX event_by_state ON event(room, type, state_key) WHERE state_key IS NOT NULL;
CREATE TABLE membership(
    room INTEGER NOT NULL, user INTEGER NOT NULL, state INTEGER NOT NULL,
    position INTEGER NOT NULL, presence_position INTEGER NOT NULL, forgotten INTEGER NOT NULL,
    PRIMARY KEY(room, user)) STRICT, WITHOUT ROWID;
CREATE INDEX membership_by_position ON membership(position);
CREATE TABLE alias(
    alias TEXT PRIMARY KEY, room INTEGER NOT NULL, creator TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE receipt(
    room INTEGER NOT NULL, user INTEGER NOT NULL, type TEXT NOT NULL, event_id TEXT NOT NULL,
    ts INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY(room, user, type)) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_by_position ON receipt(position);
CREATE TABLE answered(
    device INTEGER NOT NULL, kind TEXT NOT NULL, txn_id TEXT NOT NULL, result TEXT NOT NULL,
    ts INTEGER NOT NULL, PRIMARY KEY(device, kind, txn_id)) STRICT, WITHOUT ROWID;
CREATE TABLE status(
    user INTEGER PRIMARY KEY, text TEXT NOT NULL, text_expires INTEGER, hidden INTEGER NOT NULL,
    hidden_by INTEGER NOT NULL, frozen_text TEXT NOT NULL, frozen_last_active INTEGER) STRICT;
CREATE TABLE presence(
    user INTEGER PRIMARY KEY, state INTEGER NOT NULL, last_active INTEGER,
    changed INTEGER NOT NULL) STRICT;
CREATE TABLE loss(
    observer INTEGER NOT NULL, subject INTEGER NOT NULL, position INTEGER NOT NULL,
    last_active INTEGER, PRIMARY KEY(observer, subject)) STRICT, WITHOUT ROWID;
CREATE INDEX loss_by_position ON loss(position, last_active);
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// Answered transactions were kept for ever, and a room's state was picked out of all its events.
// Receipts and account data are asked for per room and per user.
constexpr const char* version_2 = R"sql(
CREATE INDEX answered_by_age ON answered(ts);
DELETE FROM answered WHERE ts < (SELECT max(ts) FROM answered) - 172800000;
CREATE INDEX event_state_by_room ON event(room) WHERE state_key IS NOT NULL;
CREATE INDEX receipt_by_room ON receipt(room, position);
CREATE INDEX account_data_by_user ON account_data(user, position);
)sql";

// The devices whose presence a PUT offline suppresses: keys in decimal, separated by spaces.
constexpr const char* version_3 = R"sql(
ALTER TABLE status ADD COLUMN suppressed TEXT NOT NULL DEFAULT '';
)sql";

// Presence lists with consent, and messages to devices.
constexpr const char* version_4 = R"sql(
CREATE TABLE name(user INTEGER PRIMARY KEY, user_id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE list_entry(
    observer INTEGER NOT NULL, subject INTEGER NOT NULL, state INTEGER NOT NULL,
    invited INTEGER NOT NULL, presence_position INTEGER NOT NULL,
    PRIMARY KEY(observer, subject)) STRICT, WITHOUT ROWID;
CREATE TABLE consent(
    subject INTEGER NOT NULL, observer INTEGER NOT NULL, state INTEGER NOT NULL,
    since INTEGER NOT NULL, noticed INTEGER,
    PRIMARY KEY(subject, observer)) STRICT, WITHOUT ROWID;
CREATE TABLE block(
    subject INTEGER NOT NULL, observer INTEGER NOT NULL, frozen_text TEXT NOT NULL,
    frozen_last_active INTEGER, presence_position INTEGER NOT NULL,
    PRIMARY KEY(subject, observer)) STRICT, WITHOUT ROWID;
CREATE TABLE policy(
    user INTEGER PRIMARY KEY, visibility INTEGER NOT NULL, auto_accept INTEGER,
    presence_position INTEGER NOT NULL) STRICT;
CREATE TABLE to_device(
    device INTEGER NOT NULL, position INTEGER NOT NULL, type TEXT NOT NULL, sender TEXT NOT NULL,
    content TEXT NOT NULL, PRIMARY KEY(device, position)) STRICT;
CREATE INDEX to_device_by_position ON to_device(position);
)sql";

// What a policy was before its last change: 0 everyone, 2 nobody. Of older rows it is not known:
// whatever makes the change one that is told. Documents of users, and uploads.
constexpr const char* version_5 = R"sql(
ALTER TABLE policy ADD COLUMN visibility_before INTEGER NOT NULL DEFAULT 0;
UPDATE policy SET visibility_before = 2 WHERE visibility = 0;
CREATE TABLE document(
    kind TEXT NOT NULL, user INTEGER NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL,
    position INTEGER NOT NULL, PRIMARY KEY(kind, user, key)) STRICT, WITHOUT ROWID;
CREATE INDEX document_by_position ON document(position);
CREATE TABLE media(
    media_id TEXT PRIMARY KEY, user INTEGER NOT NULL, content_type TEXT NOT NULL,
    file_name TEXT NOT NULL, bytes INTEGER NOT NULL, created INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE INDEX media_by_user ON media(user, bytes);
)sql";

// Messages of presence lists to other servers.
constexpr const char* version_6 = R"sql(
CREATE TABLE list_message(
    observer TEXT NOT NULL, subject TEXT NOT NULL, from_observer INTEGER NOT NULL,
    destination TEXT NOT NULL, what INTEGER NOT NULL, position INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY(observer, subject, from_observer)) STRICT, WITHOUT ROWID;
CREATE INDEX list_message_by_position ON list_message(position);
)sql";

constexpr std::array steps{
    migration{"the first schema", version_1},
    migration{"indexes for age, room state, receipts and account data", version_2},
    migration{"devices suppressed by PUT offline", version_3},
    migration{"presence lists, policies and messages to devices", version_4},
    migration{"the visibility before a policy, documents of users, uploads", version_5},
    migration{"messages of presence lists to other servers", version_6},
};

}  // namespace

std::span<const migration> migrations() {
    return steps;
}

int check_version(connection& c, const std::string& path) {
    const auto id = static_cast<std::int32_t>(c.integer("PRAGMA application_id"));
    const auto version = c.integer("PRAGMA user_version");
    const bool empty = c.integer("SELECT count(*) FROM sqlite_schema") == 0;
    if (id == 0 && version == 0 && empty) {
        return 0;
    }
    if (id != application_id) {
        throw ports::store_error(
            fmt::format("{} is an SQLite database of another application (application_id {}); give "
                        "Porchlight a path of its own",
                        path, id));
    }
    if (version > newest_version()) {
        throw ports::store_error(fmt::format(
            "{} was written by a newer Porchlight (schema version {}, this one knows up to {}); "
            "install that version or restore a backup made before",
            path, version, newest_version()));
    }
    return static_cast<int>(version);
}

void migrate(connection& c, const std::string& path, int to) {
    ASSERT(to <= newest_version());
    for (int version = check_version(c, path); version < to; ++version) {
        const migration& step = migrations()[static_cast<std::size_t>(version)];
        try {
            c.run("BEGIN IMMEDIATE");
            c.run(step.sql);
            c.run(fmt::format("PRAGMA application_id = {}", application_id));
            c.run(fmt::format("PRAGMA user_version = {}", version + 1));
            c.run("COMMIT");
        } catch (const ports::store_error& e) {
            if (c.in_transaction()) {
                sqlite3_exec(c.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
            }
            throw ports::store_error(fmt::format("migrating to schema version {} ({}) failed: {}",
                                                 version + 1, step.name, e.what()));
        }
    }
}

}  // namespace porchlight::storage::sqlite
