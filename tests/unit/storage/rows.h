#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ports/store.h"

// Rows as the storage tests write them: every field filled with something of its own.
namespace porchlight::storage::testing {

using namespace ports;

constexpr wall_time at(std::int64_t seconds) {
    return base::from_unix_ms(1'700'000'000'000 + seconds * 1000);
}
inline account_row account(std::uint32_t user, std::string id) {
    return {user_key{user}, std::move(id), "$argon2id$v=19$x", at(user), false};
}
inline device_row device(std::uint32_t key, std::uint32_t user, std::string token = {}) {
    if (token.empty()) {
        token = "token-" + std::to_string(key);
    }
    return {device_key{key}, user_key{user},   "DEV" + std::to_string(key),
            "phone",         std::move(token), at(key)};
}
inline room_row room(std::uint32_t key) {
    return {room_key{key}, "!r" + std::to_string(key) + ":here", "10", true, 3};
}
inline event_row message(std::uint64_t position, std::uint32_t room) {
    return {.position = position,
            .room = room_key{room},
            .event_id = "$e" + std::to_string(position),
            .type = "m.room.message",
            .state_key = std::nullopt,
            .sender = "@alice:here",
            .origin_server_ts = at(static_cast<std::int64_t>(position)),
            .json = R"({"n":)" + std::to_string(position) + "}",
            .depth = position + 1};
}
inline event_row state(std::uint64_t position, std::uint32_t room, std::string type,
                       std::string state_key = "") {
    event_row e = message(position, room);
    e.type = std::move(type);
    e.state_key = std::move(state_key);
    return e;
}
inline membership_row member(std::uint32_t room, std::uint32_t user, std::uint64_t position) {
    return {.user = user_key{user},
            .room = room_key{room},
            .state = membership::join,
            .position = position,
            .presence_position = position << 16,
            .forgotten = false};
}
inline presence_row seen(std::uint32_t user, std::uint64_t changed) {
    return {user_key{user}, 2, at(7), changed};
}
inline status_row texted(std::uint32_t user, std::string text) {
    status_row r;
    r.user = user_key{user};
    r.text = std::move(text);
    return r;
}
inline name_row stranger(std::uint32_t user, std::string id) {
    return {user_key{user}, std::move(id)};
}
inline list_entry_row entry(std::uint32_t observer, std::uint32_t subject) {
    return {user_key{observer}, user_key{subject}, 2, at(observer), std::uint64_t{subject} << 40};
}
inline consent_row consent(std::uint32_t subject, std::uint32_t observer) {
    return {user_key{subject}, user_key{observer}, 3, at(subject), at(observer)};
}
inline block_row block(std::uint32_t subject, std::uint32_t observer) {
    return {user_key{subject}, user_key{observer}, "at work", at(observer),
            std::uint64_t{subject} << 40};
}
inline policy_row policy(std::uint32_t user) {
    return {user_key{user}, 1, 2, std::uint8_t{3}, std::uint64_t{user} << 40};
}
inline to_device_row letter(std::uint32_t device, std::uint64_t position) {
    return {device_key{device}, position, "m.presence_invite", "@alice:here",
            R"({"n":)" + std::to_string(position) + "}"};
}
inline document_row document(std::uint32_t user, std::string key, std::uint64_t position = 0,
                             std::string kind = "note") {
    return {user_key{user}, std::move(kind), key, R"({"of":")" + key + "\"}", position};
}
inline media_row media(std::string id, std::uint32_t user, std::uint64_t bytes) {
    return {std::move(id), user_key{user}, "image/png", "a.png", bytes, at(user)};
}
inline list_message_row list_message(std::string observer, std::uint64_t position,
                                     bool from_observer = true) {
    return {std::move(observer),
            "@bob:there",
            from_observer,
            "there",
            1,
            position,
            at(static_cast<std::int64_t>(position))};
}
inline meta_row named(std::string name, std::string value) {
    return {std::move(name), std::move(value)};
}

inline void commit(store& s, write_set set, bool durable = true) {
    s.commit({&set, 1}, durable);
}

// All rows of one whole-table read, in the order given.
template <class Row>
std::vector<Row> all(store& s, void (store_reader::*read)(base::unique_function<void(Row&&)>)) {
    std::vector<Row> rows;
    (s.*read)([&](Row&& r) { rows.push_back(std::move(r)); });
    return rows;
}

// Of each message that waits.
inline std::vector<std::pair<device_key, std::uint64_t>> letters(store& s) {
    std::vector<std::pair<device_key, std::uint64_t>> found;
    s.to_device_positions([&](device_key d, std::uint64_t p) { found.emplace_back(d, p); });
    return found;
}

}  // namespace porchlight::storage::testing

// Equality for expectations; the rows themselves are plain data without it.
namespace porchlight::ports {
#define PORCHLIGHT_SAME(row, ...)                        \
    inline auto fields_of(const row& r) {                \
        return std::tie(__VA_ARGS__);                    \
    }                                                    \
    inline bool operator==(const row& a, const row& b) { \
        return fields_of(a) == fields_of(b);             \
    }
PORCHLIGHT_SAME(account_row, r.user, r.user_id, r.password_hash, r.created, r.deactivated)
PORCHLIGHT_SAME(profile_row, r.user, r.displayname, r.avatar_url)
PORCHLIGHT_SAME(device_row, r.device, r.user, r.device_id, r.display_name, r.token_hash, r.created)
PORCHLIGHT_SAME(account_data_row, r.user, r.room, r.type, r.content, r.position)
PORCHLIGHT_SAME(room_row, r.room, r.room_id, r.version, r.is_public, r.member_count)
PORCHLIGHT_SAME(event_row, r.position, r.room, r.event_id, r.type, r.state_key, r.sender,
                r.origin_server_ts, r.json, r.depth)
PORCHLIGHT_SAME(membership_row, r.user, r.room, r.state, r.position, r.presence_position,
                r.forgotten)
PORCHLIGHT_SAME(alias_row, r.alias, r.room, r.creator)
PORCHLIGHT_SAME(receipt_row, r.room, r.user, r.type, r.event_id, r.ts, r.position)
PORCHLIGHT_SAME(status_row, r.user, r.text, r.text_expires, r.hidden, r.hidden_by, r.frozen_text,
                r.frozen_last_active, r.suppressed)
PORCHLIGHT_SAME(presence_row, r.user, r.state, r.last_active, r.changed)
PORCHLIGHT_SAME(loss_row, r.observer, r.subject, r.position, r.last_active)
PORCHLIGHT_SAME(name_row, r.user, r.user_id)
PORCHLIGHT_SAME(list_entry_row, r.observer, r.subject, r.state, r.invited, r.presence_position)
PORCHLIGHT_SAME(consent_row, r.subject, r.observer, r.state, r.since, r.noticed)
PORCHLIGHT_SAME(block_row, r.subject, r.observer, r.frozen_text, r.frozen_last_active,
                r.presence_position)
PORCHLIGHT_SAME(policy_row, r.user, r.visibility, r.visibility_before, r.auto_accept,
                r.presence_position)
PORCHLIGHT_SAME(to_device_row, r.device, r.position, r.type, r.sender, r.content)
PORCHLIGHT_SAME(document_row, r.user, r.kind, r.key, r.json, r.position)
PORCHLIGHT_SAME(list_message_row, r.observer, r.subject, r.from_observer, r.destination, r.what,
                r.position, r.since)
PORCHLIGHT_SAME(media_row, r.media_id, r.user, r.content_type, r.file_name, r.bytes, r.created)
#undef PORCHLIGHT_SAME
}  // namespace porchlight::ports
