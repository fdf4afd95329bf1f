#include "storage/sqlite/reader.h"

#include "base/assert.h"

namespace porchlight::storage::sqlite {
namespace {

#define EVENT_COLUMNS \
    "position, room, event_id, type, state_key, sender, origin_server_ts, json, depth"

}  // namespace

std::string_view text_of(query q) {
    switch (q) {
        case query::accounts:
            return "SELECT user, user_id, password_hash, created, deactivated FROM account"
                   " ORDER BY user";
        case query::profiles:
            return "SELECT user, displayname, avatar_url FROM profile ORDER BY user";
        case query::devices:
            return "SELECT device, user, device_id, display_name, token_hash, created FROM device"
                   " ORDER BY device";
        case query::rooms:
            return "SELECT room, room_id, version, is_public, member_count FROM room ORDER BY room";
        case query::memberships:
            return "SELECT room, user, state, position, presence_position, forgotten"
                   " FROM membership ORDER BY room, user";
        case query::aliases:
            return "SELECT alias, room, creator FROM alias ORDER BY alias";
        case query::statuses:
            return "SELECT user, text, text_expires, hidden, hidden_by, frozen_text,"
                   " frozen_last_active FROM status ORDER BY user";
        case query::presences:
            return "SELECT user, state, last_active, changed FROM presence ORDER BY user";
        case query::losses:
            return "SELECT observer, subject, position, last_active FROM loss ORDER BY position";
        case query::meta:
            return "SELECT value FROM meta WHERE name=?";
        case query::last_position:
            return "SELECT max(coalesce((SELECT max(position) FROM event), 0),"
                   " coalesce((SELECT max(position) FROM account_data), 0),"
                   " coalesce((SELECT max(position) FROM membership), 0),"
                   " coalesce((SELECT max(position) FROM receipt), 0))";
        case query::events:
            return "SELECT " EVENT_COLUMNS
                   " FROM event WHERE room=? AND position>? AND position<=?"
                   " ORDER BY position LIMIT ?";
        case query::events_newest_first:
            return "SELECT " EVENT_COLUMNS
                   " FROM event WHERE room=? AND position>? AND position<=?"
                   " ORDER BY position DESC LIMIT ?";
        case query::state_events:
            return "SELECT " EVENT_COLUMNS
                   " FROM event INDEXED BY event_state_by_room"
                   " WHERE room=? AND position>? AND position<=? AND state_key IS NOT NULL"
                   " ORDER BY position LIMIT ?";
        case query::state_events_newest_first:
            return "SELECT " EVENT_COLUMNS
                   " FROM event INDEXED BY event_state_by_room"
                   " WHERE room=? AND position>? AND position<=? AND state_key IS NOT NULL"
                   " ORDER BY position DESC LIMIT ?";
        case query::event:
            return "SELECT " EVENT_COLUMNS " FROM event WHERE event_id=?";
        case query::state_at:
            return "SELECT " EVENT_COLUMNS
                   " FROM event WHERE position IN"
                   " (SELECT max(position) FROM event INDEXED BY event_by_state"
                   " WHERE room=?1 AND state_key IS NOT NULL AND position<=?2"
                   " GROUP BY type, state_key) ORDER BY position";
        case query::state_at_without_members:
            // Two ranges of the index instead of one condition: a large room's members are never
            // looked at.
            return "SELECT " EVENT_COLUMNS
                   " FROM event WHERE position IN"
                   " (SELECT max(position) FROM event INDEXED BY event_by_state"
                   " WHERE room=?1 AND type<'m.room.member' AND state_key IS NOT NULL"
                   " AND position<=?2 GROUP BY type, state_key"
                   " UNION ALL SELECT max(position) FROM event INDEXED BY event_by_state"
                   " WHERE room=?1 AND type>'m.room.member' AND state_key IS NOT NULL"
                   " AND position<=?2 GROUP BY type, state_key) ORDER BY position";
        case query::state_event_at:
            return "SELECT " EVENT_COLUMNS
                   " FROM event INDEXED BY event_by_state"
                   " WHERE room=? AND type=? AND state_key=? AND position<=?"
                   " ORDER BY position DESC LIMIT 1";
        case query::account_data:
            return "SELECT user, room, type, content, position FROM account_data"
                   " INDEXED BY account_data_by_user WHERE user=? AND position>? ORDER BY position";
        case query::receipts:
            return "SELECT room, user, type, event_id, ts, position FROM receipt"
                   " INDEXED BY receipt_by_room WHERE room=? AND position>? ORDER BY position";
        case query::filter:
            return "SELECT json FROM filter WHERE user=? AND filter=?";
        case query::filter_count:
            return "SELECT count(*) FROM filter WHERE user=?";
        case query::transaction:
            return "SELECT result FROM answered WHERE device=? AND kind=? AND txn_id=?";
    }
    ASSERT(false);
}

reader::reader(const std::string& path, const std::string& vfs)
    : connection_(path, access::read_only, vfs) {
    connection_.run("PRAGMA query_only=ON");
    connection_.run("PRAGMA cache_size=-4096");
}

statement& reader::prepared(query q) {
    auto& slot = statements_[static_cast<std::size_t>(q)];
    if (!slot) {
        slot.emplace(connection_, text_of(q));
    }
    return *slot;
}

}  // namespace porchlight::storage::sqlite
