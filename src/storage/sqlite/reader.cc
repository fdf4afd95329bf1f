#include "storage/sqlite/reader.h"

#include <algorithm>

#include "base/assert.h"

namespace porchlight::storage::sqlite {
namespace {

#define EVENT_COLUMNS \
    "position, room, event_id, type, state_key, sender, origin_server_ts, json, depth"

constexpr struct {
    query q;
    std::string_view text;
} texts[] = {
    {query::accounts,
     "SELECT user, user_id, password_hash, created, deactivated FROM account"
     " ORDER BY user"},
    {query::account_names, "SELECT user, user_id, created, deactivated FROM account ORDER BY user"},
    {query::user_bound, "SELECT coalesce(max(user) + 1, 0) FROM account"},
    {query::account,
     "SELECT user, user_id, password_hash, created, deactivated FROM account WHERE user=?"},
    {query::profiles, "SELECT user, displayname, avatar_url FROM profile ORDER BY user"},
    {query::devices,
     "SELECT device, user, device_id, display_name, token_hash, created FROM device"
     " ORDER BY device"},
    {query::rooms,
     "SELECT room, room_id, version, is_public, member_count FROM room ORDER BY room"},
    {query::memberships,
     "SELECT room, user, state, position, presence_position, forgotten"
     " FROM membership ORDER BY room, user"},
    {query::aliases, "SELECT alias, room, creator FROM alias ORDER BY alias"},
    {query::statuses,
     "SELECT user, text, text_expires, hidden, hidden_by, frozen_text,"
     " frozen_last_active, suppressed FROM status ORDER BY user"},
    {query::presences, "SELECT user, state, last_active, changed FROM presence ORDER BY user"},
    {query::losses, "SELECT observer, subject, position, last_active FROM loss ORDER BY position"},
    {query::names, "SELECT user, user_id FROM name ORDER BY user"},
    {query::list_messages,
     "SELECT observer, subject, from_observer, destination, what, position, since"
     " FROM list_message ORDER BY position"},
    {query::list_entries,
     "SELECT observer, subject, state, invited, presence_position FROM list_entry"
     " ORDER BY observer, subject"},
    {query::consents,
     "SELECT subject, observer, state, since, noticed FROM consent ORDER BY subject, observer"},
    {query::blocks,
     "SELECT subject, observer, frozen_text, frozen_last_active, presence_position FROM block"
     " ORDER BY subject, observer"},
    {query::policies,
     "SELECT user, visibility, visibility_before, auto_accept, presence_position FROM policy"
     " ORDER BY user"},
    {query::to_device_positions,
     "SELECT device, position FROM to_device ORDER BY device, position"},
    {query::meta, "SELECT value FROM meta WHERE name=?"},
    {query::last_position,
     "SELECT max(coalesce((SELECT max(position) FROM event), 0),"
     " coalesce((SELECT max(position) FROM account_data), 0),"
     " coalesce((SELECT max(position) FROM membership), 0),"
     " coalesce((SELECT max(position) FROM receipt), 0),"
     " coalesce((SELECT max(position) FROM to_device), 0),"
     " coalesce((SELECT max(position) FROM document), 0),"
     " coalesce((SELECT max(position) FROM list_message), 0))"},
    {query::events,
     "SELECT " EVENT_COLUMNS " FROM event WHERE room=? AND position>? AND position<=?"
     " ORDER BY position LIMIT ?"},
    {query::events_newest_first,
     "SELECT " EVENT_COLUMNS " FROM event WHERE room=? AND position>? AND position<=?"
     " ORDER BY position DESC LIMIT ?"},
    {query::state_events, "SELECT " EVENT_COLUMNS " FROM event INDEXED BY event_state_by_room"
                          " WHERE room=? AND position>? AND position<=? AND state_key IS NOT NULL"
                          " ORDER BY position LIMIT ?"},
    {query::state_events_newest_first,
     "SELECT " EVENT_COLUMNS " FROM event INDEXED BY event_state_by_room"
     " WHERE room=? AND position>? AND position<=? AND state_key IS NOT NULL"
     " ORDER BY position DESC LIMIT ?"},
    {query::event, "SELECT " EVENT_COLUMNS " FROM event WHERE event_id=?"},
    {query::state_at, "SELECT " EVENT_COLUMNS " FROM event WHERE position IN"
                      " (SELECT max(position) FROM event INDEXED BY event_by_state"
                      " WHERE room=?1 AND state_key IS NOT NULL AND position<=?2"
                      " GROUP BY type, state_key) ORDER BY position"},
    // Two ranges of the index instead of one condition: a large room's members are never
    // looked at.
    {query::state_at_without_members,
     "SELECT " EVENT_COLUMNS " FROM event WHERE position IN"
     " (SELECT max(position) FROM event INDEXED BY event_by_state"
     " WHERE room=?1 AND type<'m.room.member' AND state_key IS NOT NULL"
     " AND position<=?2 GROUP BY type, state_key"
     " UNION ALL SELECT max(position) FROM event INDEXED BY event_by_state"
     " WHERE room=?1 AND type>'m.room.member' AND state_key IS NOT NULL"
     " AND position<=?2 GROUP BY type, state_key) ORDER BY position"},
    {query::state_event_at, "SELECT " EVENT_COLUMNS " FROM event INDEXED BY event_by_state"
                            " WHERE room=? AND type=? AND state_key=? AND position<=?"
                            " ORDER BY position DESC LIMIT 1"},
    {query::account_data,
     "SELECT user, room, type, content, position FROM account_data"
     " INDEXED BY account_data_by_user WHERE user=? AND position>? ORDER BY position"},
    {query::receipts,
     "SELECT room, user, type, event_id, ts, position FROM receipt"
     " INDEXED BY receipt_by_room WHERE room=? AND position>? ORDER BY position"},
    {query::to_device,
     "SELECT device, position, type, sender, content FROM to_device"
     " WHERE device=? AND position>? AND position<=? ORDER BY position LIMIT ?"},
    {query::document,
     "SELECT user, kind, key, json, position FROM document WHERE kind=? AND user=? AND key=?"},
    {query::documents,
     "SELECT user, kind, key, json, position FROM document"
     " WHERE kind=? AND user=? AND key>=? AND key<? AND key>? ORDER BY key LIMIT ?"},
    {query::document_count,
     "SELECT count(*) FROM document WHERE kind=? AND user=? AND key>=? AND key<?"},
    {query::documents_of_kind,
     "SELECT user, kind, key, json, position FROM document WHERE kind=? ORDER BY user, key"},
    {query::media,
     "SELECT media_id, user, content_type, file_name, bytes, created FROM media WHERE media_id=?"},
    {query::media_used, "SELECT count(*), coalesce(sum(bytes), 0) FROM media WHERE user=?"},
    {query::filter, "SELECT json FROM filter WHERE user=? AND filter=?"},
    {query::filter_count, "SELECT count(*) FROM filter WHERE user=?"},
    {query::transaction, "SELECT result FROM answered WHERE device=? AND kind=? AND txn_id=?"},
};

}  // namespace

std::string_view text_of(query q) {
    const auto* found = std::ranges::find(texts, q, [](const auto& t) { return t.q; });
    ASSERT(found != std::end(texts));
    return found->text;
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
