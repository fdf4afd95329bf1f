#include "storage/sqlite/writer.h"

#include <string>

#include "base/limits.h"

namespace porchlight::storage::sqlite {

using namespace ports;

#define NO_ACCOUNT " NOT EXISTS (SELECT 1 FROM account WHERE user=?1)"

writer::writer(connection& c)
    : connection_(c),
      begin_(c, "BEGIN IMMEDIATE"),
      commit_(c, "COMMIT"),
      account_(c,
               "INSERT INTO account(user, user_id, password_hash, created, deactivated)"
               " VALUES(?,?,?,?,?) ON CONFLICT(user) DO UPDATE SET user_id=excluded.user_id,"
               " password_hash=excluded.password_hash, created=excluded.created,"
               " deactivated=excluded.deactivated"),
      profile_(c,
               "INSERT INTO profile(user, displayname, avatar_url) VALUES(?,?,?)"
               " ON CONFLICT(user) DO UPDATE SET displayname=excluded.displayname,"
               " avatar_url=excluded.avatar_url"),
      device_(c,
              "INSERT INTO device(device, user, device_id, display_name, token_hash, created)"
              " VALUES(?,?,?,?,?,?) ON CONFLICT(device) DO UPDATE SET user=excluded.user,"
              " device_id=excluded.device_id, display_name=excluded.display_name,"
              " token_hash=excluded.token_hash, created=excluded.created"),
      device_gone_(c, "DELETE FROM device WHERE device=?"),
      device_answers_gone_(c, "DELETE FROM answered WHERE device=?"),
      filter_(c, "REPLACE INTO filter(user, filter, json) VALUES(?,?,?)"),
      account_data_(c,
                    "INSERT INTO account_data(user, room, type, content, position)"
                    " VALUES(?,?,?,?,?) ON CONFLICT(user, room, type) DO UPDATE SET"
                    " content=excluded.content, position=excluded.position"),
      room_(c,
            "INSERT INTO room(room, room_id, version, is_public, member_count) VALUES(?,?,?,?,?)"
            " ON CONFLICT(room) DO UPDATE SET room_id=excluded.room_id, version=excluded.version,"
            " is_public=excluded.is_public, member_count=excluded.member_count"),
      event_(c,
             "INSERT INTO event(position, room, event_id, type, state_key, sender,"
             " origin_server_ts, json, depth) VALUES(?,?,?,?,?,?,?,?,?)"),
      membership_(c,
                  "INSERT INTO membership(room, user, state, position, presence_position,"
                  " forgotten) VALUES(?,?,?,?,?,?) ON CONFLICT(room, user) DO UPDATE SET"
                  " state=excluded.state, position=excluded.position,"
                  " presence_position=excluded.presence_position, forgotten=excluded.forgotten"),
      alias_(c, "REPLACE INTO alias(alias, room, creator) VALUES(?,?,?)"),
      alias_gone_(c, "DELETE FROM alias WHERE alias=?"),
      receipt_(c,
               "INSERT INTO receipt(room, user, type, event_id, ts, position) VALUES(?,?,?,?,?,?)"
               " ON CONFLICT(room, user, type) DO UPDATE SET event_id=excluded.event_id,"
               " ts=excluded.ts, position=excluded.position"),
      answered_(c, "REPLACE INTO answered(device, kind, txn_id, result, ts) VALUES(?,?,?,?,?)"),
      answered_old_(c, "DELETE FROM answered WHERE ts<?"),
      status_(c,
              "REPLACE INTO status(user, text, text_expires, hidden, hidden_by, frozen_text,"
              " frozen_last_active, suppressed) VALUES(?,?,?,?,?,?,?,?)"),
      presence_(c, "REPLACE INTO presence(user, state, last_active, changed) VALUES(?,?,?,?)"),
      loss_(c,
            "INSERT INTO loss(observer, subject, position, last_active) VALUES(?,?,?,?)"
            " ON CONFLICT(observer, subject) DO UPDATE SET position=excluded.position,"
            " last_active=excluded.last_active"),
      loss_gone_(c, "DELETE FROM loss WHERE observer=? AND subject=?"),
      meta_(c, "REPLACE INTO meta(name, value) VALUES(?,?)"),
      redaction_(c, "UPDATE event SET json=? WHERE position=?"),
      name_(c,
            "INSERT INTO name(user, user_id) VALUES(?,?) ON CONFLICT(user) DO UPDATE SET"
            " user_id=excluded.user_id"),
      name_gone_(c, "DELETE FROM name WHERE user=?"),
      list_entry_(c,
                  "REPLACE INTO list_entry(observer, subject, state, invited, presence_position)"
                  " VALUES(?,?,?,?,?)"),
      list_entry_gone_(c, "DELETE FROM list_entry WHERE observer=? AND subject=?"),
      consent_(c,
               "REPLACE INTO consent(subject, observer, state, since, noticed) VALUES(?,?,?,?,?)"),
      consent_gone_(c, "DELETE FROM consent WHERE subject=? AND observer=?"),
      block_(c,
             "REPLACE INTO block(subject, observer, frozen_text, frozen_last_active,"
             " presence_position) VALUES(?,?,?,?,?)"),
      block_gone_(c, "DELETE FROM block WHERE subject=? AND observer=?"),
      policy_(c,
              "REPLACE INTO policy(user, visibility, visibility_before, auto_accept,"
              " presence_position) VALUES(?,?,?,?,?)"),
      to_device_(c,
                 "REPLACE INTO to_device(device, position, type, sender, content)"
                 " VALUES(?,?,?,?,?)"),
      to_device_gone_(c, "DELETE FROM to_device WHERE device=? AND position<=?"),
      document_(c, "REPLACE INTO document(user, kind, key, json, position) VALUES(?,?,?,?,?)"),
      document_gone_(c, "DELETE FROM document WHERE user=? AND kind=? AND key=?"),
      documents_gone_(c, "DELETE FROM document WHERE user=? AND kind=? AND key>=? AND key<?"),
      media_(c,
             "REPLACE INTO media(media_id, user, content_type, file_name, bytes, created)"
             " VALUES(?,?,?,?,?,?)"),
      media_gone_(c, "DELETE FROM media WHERE media_id=?"),
      presence_gone_(c, "DELETE FROM presence WHERE user=?1 AND" NO_ACCOUNT),
      status_gone_(c, "DELETE FROM status WHERE user=?1 AND" NO_ACCOUNT),
      profile_gone_(c, "DELETE FROM profile WHERE user=?1 AND" NO_ACCOUNT),
      list_message_(c,
                    "REPLACE INTO list_message(observer, subject, from_observer, destination, what,"
                    " position, since) VALUES(?,?,?,?,?,?,?)"),
      list_message_gone_(c,
                         "DELETE FROM list_message WHERE observer=? AND subject=? AND"
                         " from_observer=? AND position=?") {}

void writer::commit(std::span<const write_set> sets, bool durable) {
    sync_commits(durable);
    try {
        begin_.run();
        for (const write_set& set : sets) {
            for (const write& w : set) {
                std::visit([this](const auto& row) { apply(row); }, w);
            }
        }
        commit_.run();
    } catch (...) {
        // Some errors end the transaction by themselves; where they don't, nothing of it may stay.
        if (connection_.in_transaction()) {
            sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        }
        throw;
    }
}

void writer::sync_commits(bool wanted) {
    if (syncs_ != wanted) {
        syncs_.reset();
        connection_.run(wanted ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        syncs_ = wanted;
    }
}

void writer::apply(const account_row& r) {
    account_.run(r.user, r.user_id, r.password_hash, r.created, r.deactivated);
}
void writer::apply(const profile_row& r) {
    profile_.run(r.user, r.displayname, r.avatar_url);
}
void writer::apply(const device_row& r) {
    device_.run(r.device, r.user, r.device_id, r.display_name, bytes{r.token_hash}, r.created);
}
void writer::apply(const device_removal& r) {
    device_gone_.run(r.device);
    device_answers_gone_.run(r.device);
    to_device_gone_.run(r.device, std::int64_t{INT64_MAX});
}
void writer::apply(const filter_row& r) {
    filter_.run(r.user, r.filter, r.json);
}
void writer::apply(const account_data_row& r) {
    account_data_.run(r.user, r.room, r.type, r.content, r.position);
}
void writer::apply(const room_row& r) {
    room_.run(r.room, r.room_id, r.version, r.is_public, r.member_count);
}
void writer::apply(const event_row& r) {
    event_.run(r.position, r.room, r.event_id, r.type, r.state_key, r.sender, r.origin_server_ts,
               r.json, r.depth);
}
void writer::apply(const membership_row& r) {
    membership_.run(r.room, r.user, static_cast<std::uint8_t>(r.state), r.position,
                    r.presence_position, r.forgotten);
}
void writer::apply(const alias_row& r) {
    alias_.run(r.alias, r.room, r.creator);
}
void writer::apply(const alias_removal& r) {
    alias_gone_.run(r.alias);
}
void writer::apply(const receipt_row& r) {
    receipt_.run(r.room, r.user, r.type, r.event_id, r.ts, r.position);
}
void writer::apply(const transaction_row& r) {
    answered_.run(r.device, r.kind, r.txn_id, r.result, r.ts);
    answered_old_.run(r.ts - base::limits::transaction_age_max);
}
void writer::apply(const status_row& r) {
    std::string suppressed;
    for (const device_key d : r.suppressed) {
        suppressed += (suppressed.empty() ? "" : " ") + std::to_string(d.value);
    }
    status_.run(r.user, r.text, r.text_expires, r.hidden, r.hidden_by, r.frozen_text,
                r.frozen_last_active, suppressed);
}
void writer::apply(const presence_row& r) {
    presence_.run(r.user, r.state, r.last_active, r.changed);
}
void writer::apply(const loss_row& r) {
    loss_.run(r.observer, r.subject, r.position, r.last_active);
}
void writer::apply(const loss_removal& r) {
    loss_gone_.run(r.observer, r.subject);
}
void writer::apply(const meta_row& r) {
    meta_.run(r.name, r.value);
}
void writer::apply(const redaction& r) {
    redaction_.run(r.json, r.position);
}
void writer::apply(const name_row& r) {
    name_.run(r.user, r.user_id);
}
void writer::apply(const name_removal& r) {
    name_gone_.run(r.user);
    presence_gone_.run(r.user);
    status_gone_.run(r.user);
    profile_gone_.run(r.user);
}
void writer::apply(const list_message_row& r) {
    list_message_.run(r.observer, r.subject, r.from_observer, r.destination, r.what, r.position,
                      r.since);
}
void writer::apply(const list_message_removal& r) {
    list_message_gone_.run(r.observer, r.subject, r.from_observer, r.position);
}
void writer::apply(const list_entry_row& r) {
    list_entry_.run(r.observer, r.subject, r.state, r.invited, r.presence_position);
}
void writer::apply(const list_entry_removal& r) {
    list_entry_gone_.run(r.observer, r.subject);
}
void writer::apply(const consent_row& r) {
    consent_.run(r.subject, r.observer, r.state, r.since, r.noticed);
}
void writer::apply(const consent_removal& r) {
    consent_gone_.run(r.subject, r.observer);
}
void writer::apply(const block_row& r) {
    block_.run(r.subject, r.observer, r.frozen_text, r.frozen_last_active, r.presence_position);
}
void writer::apply(const block_removal& r) {
    block_gone_.run(r.subject, r.observer);
}
void writer::apply(const policy_row& r) {
    policy_.run(r.user, r.visibility, r.visibility_before, r.auto_accept, r.presence_position);
}
void writer::apply(const document_row& r) {
    document_.run(r.user, r.kind, r.key, r.json, r.position);
}
void writer::apply(const document_removal& r) {
    if (r.below) {
        documents_gone_.run(r.user, r.kind, r.key, behind_prefix(r.key));
    } else {
        document_gone_.run(r.user, r.kind, r.key);
    }
}
void writer::apply(const media_row& r) {
    media_.run(r.media_id, r.user, r.content_type, r.file_name, r.bytes, r.created);
}
void writer::apply(const media_removal& r) {
    media_gone_.run(r.media_id);
}
void writer::apply(const to_device_row& r) {
    to_device_.run(r.device, r.position, r.type, r.sender, r.content);
}
void writer::apply(const to_device_removal& r) {
    to_device_gone_.run(r.device, r.up_to);
}

}  // namespace porchlight::storage::sqlite
