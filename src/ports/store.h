#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/key.h"
#include "base/time.h"
#include "base/unique_function.h"

// The durable state. Rows are plain data; `storage/` has the adapters (memory, SQLite) and one
// conformance suite for all of them.
namespace porchlight::ports {

using base::device_key;
using base::room_key;
using base::user_key;
using base::wall_time;

// --- rows: each write replaces the row with the same key (named first), unless it says otherwise
// ---

struct account_row {
    user_key user;
    std::string user_id;        // "@alice:example.org"; unique; never given to another user
    std::string password_hash;  // Argon2id string; empty: no password login
    wall_time created;
    bool deactivated = false;
};
// What a start reads of an account. `user_id` is valid until the call it is given to returns.
struct account_name {
    user_key user;
    std::string_view user_id;
    wall_time created;
    bool deactivated = false;
};
struct profile_row {
    user_key user;
    std::string displayname;  // empty: none
    std::string avatar_url;   // empty: none
};
struct device_row {
    device_key device;  // never used again for another device
    user_key user;
    std::string device_id;
    std::string display_name;
    std::string token_hash;  // 32 bytes, BLAKE2b of the access token; unique
    wall_time created;
};
// Takes the device's answered transactions and waiting messages along.
struct device_removal {
    device_key device;
};
struct filter_row {
    user_key user;
    std::uint32_t filter = 0;
    std::string json;
};
struct account_data_row {
    user_key user;
    room_key room;  // not valid(): global
    std::string type;
    std::string content;  // JSON object
    std::uint64_t position = 0;
};
struct room_row {
    room_key room;
    std::string room_id;
    std::string version;
    bool is_public = false;  // join rule public, as presence.rooms reads it
    std::uint32_t member_count = 0;
};
// Append-only, except that `json` is replaced by a redaction.
struct event_row {
    std::uint64_t position = 0;  // unique, grows
    room_key room;
    std::string event_id;  // unique
    std::string type;
    std::optional<std::string> state_key;
    std::string sender;
    wall_time origin_server_ts;
    std::string json;  // the whole event as federation would see it (without event_id)
    std::uint64_t depth = 0;
};
enum class membership : std::uint8_t { none, invite, join, leave, ban, knock };
struct membership_row {
    user_key user;
    room_key room;
    membership state = membership::none;
    std::uint64_t position = 0;           // of the event that made it so
    std::uint64_t presence_position = 0;  // P when it took effect
    bool forgotten = false;
};
struct alias_row {
    std::string alias;
    room_key room;
    std::string creator;
};
struct alias_removal {
    std::string alias;
};
struct receipt_row {
    room_key room;
    user_key user;
    std::string type;  // "m.read", "m.read.private"
    std::string event_id;
    wall_time ts;
    std::uint64_t position = 0;
};
// A transaction id that was answered: (device, kind, txn_id) -> result. Kept for a day at least.
struct transaction_row {
    device_key device;
    std::string kind;  // route and room, e.g. "send/!r:hs/m.room.message"
    std::string txn_id;
    std::string result;  // e.g. the event id
    wall_time ts;
};
// What must last of presence.
struct status_row {
    user_key user;
    std::string text;  // empty: none
    std::optional<wall_time> text_expires;
    bool hidden = false;
    device_key hidden_by;
    std::string frozen_text;  // what others see while hidden
    std::optional<wall_time> frozen_last_active;
    std::vector<device_key> suppressed;  // by PUT offline; ascending
};
// Written behind, last value wins.
struct presence_row {
    user_key user;
    std::uint8_t state = 0;                // the engine's (saved_presence.h); 0: offline
    std::optional<wall_time> last_active;  // none: never seen
    std::uint64_t changed = 0;             // P of the last change others could see
};
// `observer` may no longer see `subject` since `position`; activity as at that moment.
struct loss_row {
    user_key observer;
    user_key subject;
    std::uint64_t position = 0;
    std::optional<wall_time> last_active;
};
struct loss_removal {
    user_key observer;
    user_key subject;
};
struct meta_row {
    std::string name;  // "presence_ceiling", "durable_ceiling", "server_name", "clean_stop", ...
    std::string value;
};
// A user id that is no account here: of another server, or not (yet) registered. Keys are shared
// with accounts; an account made for it later takes the same key.
struct name_row {
    user_key user;
    std::string user_id;  // unique among names
};
// Takes along what was kept of that user, who is no account: presence, status, profile.
struct name_removal {
    user_key user;
};
// What a presence list has to say to another server, until that has it. A newer row of the same
// pair and direction replaces it.
struct list_message_row {
    std::string observer, subject;  // user ids
    bool from_observer = false;     // from the observer's server to the subject's, or back
    std::string destination;        // server name
    std::uint8_t what = 0;          // presence::entry_message or consent_message
    std::uint64_t position = 0;     // D; the order in which they are told
    wall_time since;
};
// Only if the row has still that position.
struct list_message_removal {
    std::string observer, subject;
    bool from_observer = false;
    std::uint64_t position = 0;
};
// One entry of a presence list: the observer's half.
struct list_entry_row {
    user_key observer, subject;
    std::uint8_t state = 0;  // presence::entry_state
    wall_time invited;       // of the newest invite
    // P at which the observer's view of the subject began or ended; 0: not known yet, since the
    // stop came between commit and the engine's answer; 1: never began.
    std::uint64_t presence_position = 0;
};
struct list_entry_removal {
    user_key observer, subject;
};
// What a subject said of an observer: the subject's half.
struct consent_row {
    user_key subject, observer;
    std::uint8_t state = 0;            // presence::consent_state
    wall_time since;                   // of the state: invited, accepted, denied, ... then
    std::optional<wall_time> noticed;  // when the subject's clients were last told of an invite
};
struct consent_removal {
    user_key subject, observer;
};
// The subject blocks the observer, who sees this of the subject meanwhile, offline.
struct block_row {
    user_key subject, observer;
    std::string frozen_text;                      // empty: none
    std::optional<wall_time> frozen_last_active;  // none: never seen
    std::uint64_t presence_position = 0;          // P at which it took effect; 0: not known yet
};
struct block_removal {
    user_key subject, observer;
};
// What a user said about who may see them. No row: everyone, and the server's default auto-accept.
struct policy_row {
    user_key user;
    std::uint8_t visibility = 0;         // presence::user_visibility
    std::uint8_t visibility_before = 0;  // ... before its last change
    // presence::auto_accept; none: the server's default
    std::optional<std::uint8_t> auto_accept = {};
    std::uint64_t presence_position = 0;  // P of the last change of visibility; 0: not known
};
// A message to one device, kept until the device presents a token at or past its position.
struct to_device_row {
    device_key device;
    std::uint64_t position = 0;  // D; of the messages to one device each has its own
    std::string type, sender;    // sender: a user id
    std::string content;         // JSON object
};
// All messages of the device with position <= up_to.
struct to_device_removal {
    device_key device;
    std::uint64_t up_to = 0;
};
// JSON of a user that the server keeps for clients and hardly reads, e.g. their keys and backups.
struct document_row {
    user_key user;
    std::string kind;  // what it is, e.g. "device_keys": fixed names of the code, not of clients
    std::string key;   // unique with user and kind
    std::string json;
    std::uint64_t position = 0;  // D; 0: of no interest to streams
};
// The document; or, with `below`, all of the kind whose keys begin with `key`.
struct document_removal {
    user_key user;
    std::string kind, key;
    bool below = false;
};
// An uploaded file, whose bytes lie elsewhere.
struct media_row {
    std::string media_id;  // unique
    user_key user;         // who uploaded it
    std::string content_type, file_name;
    std::uint64_t bytes = 0;
    wall_time created;
};
struct media_removal {
    std::string media_id;
};
// Event -> redaction: replaces the event's json.
struct redaction {
    std::uint64_t position = 0;
    std::string json;
};

using write =
    std::variant<account_row, profile_row, device_row, device_removal, filter_row, account_data_row,
                 room_row, event_row, membership_row, alias_row, alias_removal, receipt_row,
                 transaction_row, status_row, presence_row, loss_row, loss_removal, meta_row,
                 redaction, name_row, name_removal, list_entry_row, list_entry_removal, consent_row,
                 consent_removal, block_row, block_removal, policy_row, to_device_row,
                 to_device_removal, document_row, document_removal, media_row, media_removal,
                 list_message_row, list_message_removal>;
using write_set = std::vector<write>;

// --- reading ---

struct event_query {
    room_key room;
    std::uint64_t after = 0;                  // position > after
    std::uint64_t up_to = ~std::uint64_t{0};  // position <= up_to
    bool newest_first = false;
    std::size_t limit = 100;
    bool state_only = false;
};

struct document_query {
    user_key user;
    std::string_view kind;
    std::string_view prefix = {};  // of the key
    std::string_view after = {};   // key > after
    std::size_t limit = 100;
};
struct media_use {
    std::uint64_t count = 0, bytes = 0;
};

// All calls are thread-safe, see only committed writes, and may block: call them from the cold pool
// (or before serving). A read that fails (disk) throws store_error.
class store_reader {
  public:
    virtual ~store_reader() = default;

    // Whole tables, for start-up. `each` is called once per row; order as noted.
    virtual void accounts(base::unique_function<void(account_row&&)> each) = 0;  // by user
    virtual void account_names(
        base::unique_function<void(const account_name&)> each) = 0;  // by user
    virtual std::uint32_t user_bound() = 0;  // above the user of every account; 0: none
    virtual std::optional<account_row> account(user_key user) = 0;
    virtual void profiles(base::unique_function<void(profile_row&&)> each) = 0;
    virtual void devices(base::unique_function<void(device_row&&)> each) = 0;
    virtual void rooms(base::unique_function<void(room_row&&)> each) = 0;  // by room
    virtual void memberships(
        base::unique_function<void(membership_row&&)> each) = 0;  // by room, user
    virtual void aliases(base::unique_function<void(alias_row&&)> each) = 0;
    virtual void statuses(base::unique_function<void(status_row&&)> each) = 0;
    virtual void presences(base::unique_function<void(presence_row&&)> each) = 0;  // by user
    virtual void losses(base::unique_function<void(loss_row&&)> each) = 0;         // by position
    virtual void names(base::unique_function<void(name_row&&)> each) = 0;          // by user
    virtual void list_entries(
        base::unique_function<void(list_entry_row&&)> each) = 0;  // by observer, subject
    virtual void consents(
        base::unique_function<void(consent_row&&)> each) = 0;                // by subject, observer
    virtual void blocks(base::unique_function<void(block_row&&)> each) = 0;  // by subject, observer
    virtual void policies(base::unique_function<void(policy_row&&)> each) = 0;  // by user
    virtual void list_messages(
        base::unique_function<void(list_message_row&&)> each) = 0;  // by position
    // Device and position of each message that waits, by device and position.
    virtual void to_device_positions(
        base::unique_function<void(device_key, std::uint64_t)> each) = 0;
    virtual std::optional<std::string> meta(std::string_view name) = 0;
    virtual std::uint64_t last_position() = 0;  // the highest position of any row; 0: none

    virtual std::vector<event_row> events(const event_query& q) = 0;
    virtual std::optional<event_row> event(std::string_view event_id) = 0;
    // The newest state event of each (type, state_key) with position <= at.
    // `members`: with the m.room.member events or without.
    virtual std::vector<event_row> state_at(room_key room, std::uint64_t at, bool members) = 0;
    virtual std::optional<event_row> state_event_at(room_key room, std::string_view type,
                                                    std::string_view state_key,
                                                    std::uint64_t at) = 0;
    virtual std::vector<account_data_row> account_data(user_key user, std::uint64_t after) = 0;
    virtual std::vector<receipt_row> receipts(room_key room, std::uint64_t after) = 0;
    // Of one device, after < position <= up_to, oldest first, at most `limit`.
    virtual std::vector<to_device_row> to_device(device_key device, std::uint64_t after,
                                                 std::uint64_t up_to, std::size_t limit) = 0;
    virtual std::optional<document_row> document(user_key user, std::string_view kind,
                                                 std::string_view key) = 0;
    virtual std::vector<document_row> documents(const document_query& q) = 0;  // by key
    virtual std::uint64_t document_count(user_key user, std::string_view kind,
                                         std::string_view prefix) = 0;
    virtual void documents_of_kind(
        std::string_view kind,
        base::unique_function<void(document_row&&)> each) = 0;  // by user, key
    virtual std::optional<media_row> media(std::string_view media_id) = 0;
    virtual media_use media_used(user_key user) = 0;
    virtual std::optional<std::string> filter(user_key user, std::uint32_t filter) = 0;
    virtual std::uint32_t filter_count(user_key user) = 0;  // filters are numbered from 0
    virtual std::optional<std::string> transaction(device_key device, std::string_view kind,
                                                   std::string_view txn_id) = 0;
};

struct store_error : std::exception {
    explicit store_error(std::string m) : message(std::move(m)) {}
    const char* what() const noexcept override { return message.c_str(); }
    std::string message;
};

// An adapter: reads, and transactions made by one thread (the store thread).
class store : public store_reader {
  public:
    // All sets in one transaction, in order; on return with `durable` it survives power loss.
    // Throws store_error and changes nothing when the disk is full, read-only or broken.
    virtual void commit(std::span<const write_set> sets, bool durable) = 0;
};

// The way to the store thread. Deciding thread only.
class commit_log {
  public:
    virtual ~commit_log() = default;
    // Queues the set behind all earlier ones; `done(true)` runs on the deciding thread, in order of
    // submission, once it is synced to disk (`durable`) or written (not `durable`, which never
    // forces a sync of its own). `done(false)`: nothing of it was written. Sets that wait together
    // are committed together; when a group fails each set is tried by itself once.
    // False and nothing queued when limits::store_queue_max sets wait: answer 503 M_UNKNOWN.
    [[nodiscard]] virtual bool submit(write_set set, bool durable,
                                      base::unique_function<void(bool)> done) = 0;
};

}  // namespace porchlight::ports
