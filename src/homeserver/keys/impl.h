#pragma once

#include <map>
#include <unordered_map>

#include "homeserver/document_changes.h"
#include "homeserver/keys/device_keys.h"

namespace porchlight::homeserver {

// The kinds of documents, and how the keys of each are made of parts, none of which has a newline.
namespace key_kinds {
inline constexpr std::string_view device = "device_keys";     // device id: as uploaded
inline constexpr std::string_view counts = "key_counts";      // device id: {counts, fallback}
inline constexpr std::string_view one_time = "one_time_key";  // device id, ALGORITHM:ID
inline constexpr std::string_view fallback =
    "fallback_key";  // device id, ALGORITHM: {name, key, used}
inline constexpr std::string_view crossed = "cross_signing";  // master, self_signing, user_signing
inline constexpr std::string_view signature = "key_signature";  // user id, device id or public key
inline constexpr std::string_view list = "device_list";         // "": since when it is as it is
}  // namespace key_kinds

inline std::string key_of(std::string_view first, std::string_view second) {
    return std::string{first} + '\n' + std::string{second};
}

// How many one-time keys of each algorithm a device has left, and which fallback keys nobody used.
struct key_counts {
    std::map<std::string, std::uint64_t> one_time;
    std::map<std::string, bool> fallback_used;  // by algorithm
    json::object to_json() const;               // as stored
    static key_counts from_json(const json::object& o);
    json::object one_time_json() const;
    std::string text() const;  // device_keys::counts_text
};

// The document, or an empty object.
json::object read_object(ports::store_reader& store, user_key u, std::string_view kind,
                         std::string_view key);
ports::document_row document_of(user_key u, std::string_view kind, std::string key,
                                const json::value& content);

struct device_keys::impl {
    impl(services& with, accounts& known_accounts, rooms& known_rooms)
        : s(with), a(known_accounts), r(known_rooms), documents(with), changes(known_rooms) {}

    struct held {
        counts_text text;
        std::uint64_t position = 0;
    };

    services& s;
    accounts& a;
    rooms& r;
    document_changes documents;
    key_changes changes;
    std::unordered_map<device_key, held> counts;
    std::unordered_map<std::string, std::weak_ptr<const std::string>> texts;
    std::size_t texts_swept = 0;

    using decision = document_changes::decision;

    counts_text intern(std::string text);
    void set_counts(user_key u, std::string_view device_id, const key_counts& c,
                    std::optional<std::uint64_t> position);
    // The row that says that the user's devices changed, to be committed with the change, ...
    static ports::document_row announcement(user_key u);
    // ... and the telling, after it. Everybody who shares a room hears, some rooms a turn.
    void announce(user_key u, std::uint64_t position);
    void wake_rooms(user_key u, std::vector<room_key> rooms);

    accounts::arrival leaving(user_key u, std::string_view device_id, std::uint64_t position,
                              ports::write_set& set);
    void deactivated(user_key u);
};

}  // namespace porchlight::homeserver
