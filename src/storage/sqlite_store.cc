#include "storage/sqlite_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>

#include "base/limits.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/file_lock.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/reader.h"
#include "storage/sqlite/writer.h"

namespace porchlight::storage {

using namespace ports;
using base::unique_function;
using sqlite::query;
using sqlite::statement;

namespace {

// Bound to a parameter that is compared: SQLite's integers end at 2^63 - 1.
std::int64_t bound(std::uint64_t v) {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(v, INT64_MAX));
}

event_row event_of(const statement& s) {
    return {.position = s.position(0),
            .room = s.key<room_key>(1),
            .event_id = s.text(2),
            .type = s.text(3),
            .state_key = s.optional_text(4),
            .sender = s.text(5),
            .origin_server_ts = s.time(6),
            .json = s.text(7),
            .depth = s.position(8)};
}

// As the writer puts them: in decimal, separated by spaces.
std::vector<device_key> device_keys_of(const std::string& text) {
    std::vector<device_key> keys;
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at != end;) {
        device_key d;
        const auto [next, error] = std::from_chars(at, end, d.value);
        if (error != std::errc{}) {
            throw store_error("table status, column suppressed: \"" + text +
                              "\" is not a list of device numbers separated by spaces");
        }
        keys.push_back(d);
        at = next == end ? end : next + 1;
    }
    return keys;
}

// Migrated, in WAL mode and ready to commit.
void prepare(sqlite::connection& c, const std::string& path, int checkpoint_pages) {
    sqlite::check_version(c, path);  // before anything is written to a file that isn't ours
    c.run("PRAGMA journal_mode=WAL");
    c.run("PRAGMA synchronous=FULL");
    sqlite::migrate(c, path);
    c.run(fmt::format("PRAGMA wal_autocheckpoint={}", checkpoint_pages));
    c.run("PRAGMA journal_size_limit=67108864");
    c.run("PRAGMA cache_size=-32768");
}

}  // namespace

struct sqlite_store::impl {
    explicit impl(const sqlite_settings& s)
        : path(s.path.string()),
          vfs(s.vfs),
          lock(path + ".lock", path),
          connection(path, sqlite::access::read_write, vfs),
          writer((prepare(connection, path, s.checkpoint_pages), connection)) {}

    // Lends a read connection; opens one more when all are lent, so a read never waits for another.
    class lent_reader {
      public:
        explicit lent_reader(impl& owner) : owner_(owner) {
            {
                const std::scoped_lock guard{owner.readers_mutex};
                if (!owner.idle_readers.empty()) {
                    reader_ = std::move(owner.idle_readers.back());
                    owner.idle_readers.pop_back();
                }
            }
            if (!reader_) {
                reader_ = std::make_unique<sqlite::reader>(owner.path, owner.vfs);
            }
        }
        ~lent_reader() {
            const std::scoped_lock guard{owner_.readers_mutex};
            if (owner_.idle_readers.size() < base::limits::store_readers_kept) {
                owner_.idle_readers.push_back(std::move(reader_));
            }
        }
        lent_reader(const lent_reader&) = delete;
        lent_reader& operator=(const lent_reader&) = delete;
        sqlite::reader* operator->() { return reader_.get(); }

      private:
        impl& owner_;
        std::unique_ptr<sqlite::reader> reader_;
    };

    template <class Each, class... Values>
    void rows(query q, Each&& each, const Values&... values) {
        lent_reader {
            *this
        } -> rows(q, std::forward<Each>(each), values...);
    }
    // A whole table, once: the pages it leaves in the cache are of use to nobody.
    template <class Each>
    void scan(query q, Each&& each) {
        lent_reader reader{*this};
        reader->rows(q, std::forward<Each>(each));
        reader->drop_cache();
    }
    template <class... Values>
    std::vector<event_row> events(query q, const Values&... values) {
        std::vector<event_row> found;
        rows(
            q, [&](const statement& s) { found.push_back(event_of(s)); }, values...);
        return found;
    }
    template <class... Values>
    std::optional<std::string> text(query q, const Values&... values) {
        std::optional<std::string> found;
        rows(
            q, [&](const statement& s) { found = s.text(0); }, values...);
        return found;
    }
    template <class... Values>
    std::uint64_t number(query q, const Values&... values) {
        std::uint64_t found = 0;
        rows(
            q, [&](const statement& s) { found = s.position(0); }, values...);
        return found;
    }

    std::string path, vfs;
    sqlite::file_lock lock;
    sqlite::connection connection;  // outlives the readers: the last to close empties the log
    sqlite::writer writer;
    std::mutex readers_mutex;
    std::vector<std::unique_ptr<sqlite::reader>> idle_readers;
};

sqlite_store::sqlite_store(const sqlite_settings& s) : impl_(std::make_unique<impl>(s)) {}
sqlite_store::~sqlite_store() = default;

void sqlite_store::commit(std::span<const write_set> sets, bool durable) {
    impl_->writer.commit(sets, durable);
}

namespace {

account_row account_of(const statement& s) {
    return {s.key<user_key>(0), s.text(1), s.text(2), s.time(3), s.integer(4) != 0};
}

document_row document_of(const statement& s) {
    return {s.key<user_key>(0), s.text(1), s.text(2), s.text(3), s.position(4)};
}

}  // namespace

void sqlite_store::accounts(unique_function<void(account_row&&)> each) {
    impl_->scan(query::accounts, [&](const statement& s) { each(account_of(s)); });
}

void sqlite_store::account_names(unique_function<void(const account_name&)> each) {
    impl_->scan(query::account_names, [&](const statement& s) {
        each({s.key<user_key>(0), s.text_view(1), s.time(2), s.integer(3) != 0});
    });
}

std::uint32_t sqlite_store::user_bound() {
    return static_cast<std::uint32_t>(impl_->number(query::user_bound));
}

std::optional<account_row> sqlite_store::account(user_key user) {
    std::optional<account_row> found;
    impl_->rows(
        query::account, [&](const statement& s) { found = account_of(s); }, user);
    return found;
}

void sqlite_store::profiles(unique_function<void(profile_row&&)> each) {
    impl_->scan(query::profiles, [&](const statement& s) {
        each({s.key<user_key>(0), s.text(1), s.text(2)});
    });
}

void sqlite_store::devices(unique_function<void(device_row&&)> each) {
    impl_->scan(query::devices, [&](const statement& s) {
        each(
            {s.key<device_key>(0), s.key<user_key>(1), s.text(2), s.text(3), s.blob(4), s.time(5)});
    });
}

void sqlite_store::rooms(unique_function<void(room_row&&)> each) {
    impl_->scan(query::rooms, [&](const statement& s) {
        each({s.key<room_key>(0), s.text(1), s.text(2), s.integer(3) != 0,
              static_cast<std::uint32_t>(s.integer(4))});
    });
}

void sqlite_store::memberships(unique_function<void(membership_row&&)> each) {
    impl_->scan(query::memberships, [&](const statement& s) {
        each({.user = s.key<user_key>(1),
              .room = s.key<room_key>(0),
              .state = static_cast<membership>(s.integer(2)),
              .position = s.position(3),
              .presence_position = s.position(4),
              .forgotten = s.integer(5) != 0});
    });
}

void sqlite_store::aliases(unique_function<void(alias_row&&)> each) {
    impl_->scan(query::aliases, [&](const statement& s) {
        each({s.text(0), s.key<room_key>(1), s.text(2)});
    });
}

void sqlite_store::statuses(unique_function<void(status_row&&)> each) {
    impl_->scan(query::statuses, [&](const statement& s) {
        each({.user = s.key<user_key>(0),
              .text = s.text(1),
              .text_expires = s.optional_time(2),
              .hidden = s.integer(3) != 0,
              .hidden_by = s.key<device_key>(4),
              .frozen_text = s.text(5),
              .frozen_last_active = s.optional_time(6),
              .suppressed = device_keys_of(s.text(7))});
    });
}

void sqlite_store::presences(unique_function<void(presence_row&&)> each) {
    impl_->scan(query::presences, [&](const statement& s) {
        each({s.key<user_key>(0), static_cast<std::uint8_t>(s.integer(1)), s.optional_time(2),
              s.position(3)});
    });
}

void sqlite_store::losses(unique_function<void(loss_row&&)> each) {
    impl_->scan(query::losses, [&](const statement& s) {
        each({s.key<user_key>(0), s.key<user_key>(1), s.position(2), s.optional_time(3)});
    });
}

void sqlite_store::names(unique_function<void(name_row&&)> each) {
    impl_->rows(query::names, [&](const statement& s) { each({s.key<user_key>(0), s.text(1)}); });
}

void sqlite_store::list_messages(unique_function<void(list_message_row&&)> each) {
    impl_->rows(query::list_messages, [&](const statement& s) {
        each({s.text(0), s.text(1), s.integer(2) != 0, s.text(3),
              static_cast<std::uint8_t>(s.integer(4)), s.position(5), s.time(6)});
    });
}

void sqlite_store::list_entries(unique_function<void(list_entry_row&&)> each) {
    impl_->rows(query::list_entries, [&](const statement& s) {
        each({s.key<user_key>(0), s.key<user_key>(1), static_cast<std::uint8_t>(s.integer(2)),
              s.time(3), s.position(4)});
    });
}

void sqlite_store::consents(unique_function<void(consent_row&&)> each) {
    impl_->rows(query::consents, [&](const statement& s) {
        each({s.key<user_key>(0), s.key<user_key>(1), static_cast<std::uint8_t>(s.integer(2)),
              s.time(3), s.optional_time(4)});
    });
}

void sqlite_store::blocks(unique_function<void(block_row&&)> each) {
    impl_->rows(query::blocks, [&](const statement& s) {
        each(
            {s.key<user_key>(0), s.key<user_key>(1), s.text(2), s.optional_time(3), s.position(4)});
    });
}

void sqlite_store::policies(unique_function<void(policy_row&&)> each) {
    impl_->rows(query::policies, [&](const statement& s) {
        policy_row r{.user = s.key<user_key>(0),
                     .visibility = static_cast<std::uint8_t>(s.integer(1)),
                     .visibility_before = static_cast<std::uint8_t>(s.integer(2)),
                     .presence_position = s.position(4)};
        if (!s.is_null(3)) {
            r.auto_accept = static_cast<std::uint8_t>(s.integer(3));
        }
        each(std::move(r));
    });
}

void sqlite_store::to_device_positions(unique_function<void(device_key, std::uint64_t)> each) {
    impl_->rows(query::to_device_positions,
                [&](const statement& s) { each(s.key<device_key>(0), s.position(1)); });
}

std::optional<std::string> sqlite_store::meta(std::string_view name) {
    return impl_->text(query::meta, name);
}

std::uint64_t sqlite_store::last_position() {
    return impl_->number(query::last_position);
}

std::vector<event_row> sqlite_store::events(const event_query& q) {
    const query which =
        q.state_only     ? q.newest_first ? query::state_events_newest_first : query::state_events
        : q.newest_first ? query::events_newest_first
                         : query::events;
    return impl_->events(which, q.room, bound(q.after), bound(q.up_to), bound(q.limit));
}

std::optional<event_row> sqlite_store::event(std::string_view event_id) {
    auto found = impl_->events(query::event, event_id);
    return found.empty() ? std::nullopt : std::optional{std::move(found.front())};
}

std::vector<event_row> sqlite_store::state_at(room_key room, std::uint64_t at, bool members) {
    return impl_->events(members ? query::state_at : query::state_at_without_members, room,
                         bound(at));
}

std::optional<event_row> sqlite_store::state_event_at(room_key room, std::string_view type,
                                                      std::string_view state_key,
                                                      std::uint64_t at) {
    auto found = impl_->events(query::state_event_at, room, type, state_key, bound(at));
    return found.empty() ? std::nullopt : std::optional{std::move(found.front())};
}

std::vector<account_data_row> sqlite_store::account_data(user_key user, std::uint64_t after) {
    std::vector<account_data_row> found;
    impl_->rows(
        query::account_data,
        [&](const statement& s) {
            found.push_back(
                {s.key<user_key>(0), s.key<room_key>(1), s.text(2), s.text(3), s.position(4)});
        },
        user, bound(after));
    return found;
}

std::vector<receipt_row> sqlite_store::receipts(room_key room, std::uint64_t after) {
    std::vector<receipt_row> found;
    impl_->rows(
        query::receipts,
        [&](const statement& s) {
            found.push_back({s.key<room_key>(0), s.key<user_key>(1), s.text(2), s.text(3),
                             s.time(4), s.position(5)});
        },
        room, bound(after));
    return found;
}

std::vector<to_device_row> sqlite_store::to_device(device_key device, std::uint64_t after,
                                                   std::uint64_t up_to, std::size_t limit) {
    std::vector<to_device_row> found;
    impl_->rows(
        query::to_device,
        [&](const statement& s) {
            found.push_back({s.key<device_key>(0), s.position(1), s.text(2), s.text(3), s.text(4)});
        },
        device, bound(after), bound(up_to), bound(limit));
    return found;
}

std::optional<document_row> sqlite_store::document(user_key user, std::string_view kind,
                                                   std::string_view key) {
    std::optional<document_row> found;
    impl_->rows(
        query::document, [&](const statement& s) { found = document_of(s); }, kind, user, key);
    return found;
}

std::vector<document_row> sqlite_store::documents(const document_query& q) {
    std::vector<document_row> found;
    impl_->rows(
        query::documents, [&](const statement& s) { found.push_back(document_of(s)); }, q.kind,
        q.user, q.prefix, sqlite::behind_prefix(q.prefix), q.after, bound(q.limit));
    return found;
}

std::uint64_t sqlite_store::document_count(user_key user, std::string_view kind,
                                           std::string_view prefix) {
    return impl_->number(query::document_count, kind, user, prefix, sqlite::behind_prefix(prefix));
}

void sqlite_store::documents_of_kind(std::string_view kind,
                                     unique_function<void(document_row&&)> each) {
    impl_->rows(
        query::documents_of_kind, [&](const statement& s) { each(document_of(s)); }, kind);
}

std::optional<media_row> sqlite_store::media(std::string_view media_id) {
    std::optional<media_row> found;
    impl_->rows(
        query::media,
        [&](const statement& s) {
            found = {s.text(0), s.key<user_key>(1), s.text(2), s.text(3), s.position(4), s.time(5)};
        },
        media_id);
    return found;
}

media_use sqlite_store::media_used(user_key user) {
    media_use used;
    impl_->rows(
        query::media_used,
        [&](const statement& s) {
            used = {s.position(0), s.position(1)};
        },
        user);
    return used;
}

std::optional<std::string> sqlite_store::filter(user_key user, std::uint32_t filter) {
    return impl_->text(query::filter, user, filter);
}

std::uint32_t sqlite_store::filter_count(user_key user) {
    return static_cast<std::uint32_t>(impl_->number(query::filter_count, user));
}

std::optional<std::string> sqlite_store::transaction(device_key device, std::string_view kind,
                                                     std::string_view txn_id) {
    return impl_->text(query::transaction, device, kind, txn_id);
}

}  // namespace porchlight::storage
