// Makes a database of many known users, and is the yardstick for reading it.
//
//   known_users make FOLDER USERS [devices]   a data folder: teams of 20 with a room each;
//   everybody
//                                             has an account and a last presence, one in ten a
//                                             text; with "devices" also a device and a display name
//   known_users read FOLDER                   milliseconds of plain SQLite scans of what a start
//   reads
#include <sqlite3.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "storage/sqlite_store.h"

namespace {

using namespace porchlight;
using namespace porchlight::ports;

constexpr std::uint32_t team = 20;
constexpr std::uint64_t base_ms = 1'750'000'000'000;
constexpr std::uint64_t base_position = base_ms << 10;
constexpr std::uint64_t base_presence = base_ms << 16;
constexpr std::size_t rows_per_commit = 50'000;

// As long as those that Argon2id makes with the default settings.
const std::string password_hash =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
    "K0zBW1Ya2c2mGk4QyWl3mJ0uZ2uQ4mJm3o2gq2Z9u5A";

// Commits when enough rows are there.
class filler {
  public:
    explicit filler(store& s) : store_(s) {}
    void add(ports::write w) {
        set_.push_back(std::move(w));
        if (set_.size() >= rows_per_commit) {
            flush(false);
        }
    }
    void flush(bool durable) {
        store_.commit({&set_, 1}, durable);
        set_.clear();
    }

  private:
    store& store_;
    write_set set_;
};

std::string localpart(std::uint32_t u) {
    static constexpr std::array names{"alice", "bob", "carol", "dave", "erin", "frank", "grace"};
    return std::string(names[u % names.size()]) + "." + std::to_string(u);
}

base::wall_time moment(std::uint32_t u) {
    return base::from_unix_ms(static_cast<std::int64_t>(base_ms + u));
}

void add_device(filler& f, std::uint32_t u) {
    device_row d;
    d.device = base::device_key{u};
    d.user = base::user_key{u};
    d.device_id = "DEVICE" + std::to_string(u);
    d.display_name = "Element Desktop on Linux";
    // Spread as hashes are.
    for (std::uint64_t i = 0; i < 4; ++i) {
        const std::uint64_t mixed = (u * 4ULL + i + 1) * 0x9e37'79b9'7f4a'7c15ULL;
        const std::uint64_t hash = (mixed ^ mixed >> 29) * 0xbf58'476d'1ce4'e5b9ULL;
        d.token_hash.append(reinterpret_cast<const char*>(&hash), sizeof hash);
    }
    d.created = moment(u);
    f.add(std::move(d));
    f.add(profile_row{base::user_key{u}, "Some One " + std::to_string(u), {}});
}

void add_user(filler& f, std::uint32_t u, bool devices) {
    const base::user_key key{u};
    f.add(account_row{key, "@" + localpart(u) + ":localhost", password_hash, moment(u), false});
    f.add(presence_row{key, 0, moment(u), base_presence + u});
    if (u % 10 == 0) {
        status_row s;
        s.user = key;
        s.text = "gone fishing " + std::to_string(u);
        f.add(std::move(s));
    }
    if (devices) {
        add_device(f, u);
    }
}

int make(const std::string& folder, std::uint32_t users, bool devices) {
    std::filesystem::create_directories(folder);
    storage::sqlite_store s(storage::sqlite_settings{folder + "/porchlight.db", {}});
    filler f(s);
    for (std::uint32_t u = 0; u < users; ++u) {
        add_user(f, u, devices);
        const base::room_key room{u / team};
        if (u % team == 0) {
            f.add(room_row{room, "!team" + std::to_string(room.value) + ":localhost", "10", false,
                           1});
        }
        f.add(membership_row{base::user_key{u}, room, membership::join, base_position + u,
                             base_presence, false});
    }
    f.add(meta_row{"server_name", "localhost"});
    f.add(meta_row{"clean_stop", "yes"});
    f.add(meta_row{"presence_ceiling", std::to_string(base_presence + users)});
    f.flush(true);
    return 0;
}

// Every column that a start needs, of each table that it reads whole.
constexpr std::array scans{
    "SELECT user, user_id, created, deactivated FROM account",
    "SELECT user, displayname, avatar_url FROM profile",
    "SELECT device, user, device_id, display_name, token_hash, created FROM device",
    "SELECT room, room_id, version, is_public FROM room",
    "SELECT room, user, state, position, presence_position, forgotten FROM membership",
    "SELECT user, text, text_expires, hidden, hidden_by, frozen_text, frozen_last_active,"
    " suppressed FROM status",
    "SELECT user, state, last_active, changed FROM presence",
};

std::uint64_t touch(sqlite3_stmt* s) {
    std::uint64_t sum = 0;
    const int columns = sqlite3_column_count(s);
    for (int c = 0; c < columns; ++c) {
        const int type = sqlite3_column_type(s, c);
        if (type == SQLITE_INTEGER) {
            sum += static_cast<std::uint64_t>(sqlite3_column_int64(s, c));
        } else if (type != SQLITE_NULL) {
            sum += static_cast<const unsigned char*>(sqlite3_column_blob(s, c)) != nullptr;
            sum += static_cast<std::uint64_t>(sqlite3_column_bytes(s, c));
        }
    }
    return sum;
}

int read(const std::string& folder) {
    const auto begin = std::chrono::steady_clock::now();
    sqlite3* db = nullptr;
    std::uint64_t sum = 0;
    if (sqlite3_open_v2((folder + "/porchlight.db").c_str(), &db,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
        return 1;
    }
    for (const char* sql : scans) {
        sqlite3_stmt* s = nullptr;
        if (sqlite3_prepare_v2(db, sql, -1, &s, nullptr) != SQLITE_OK) {
            return 1;
        }
        while (sqlite3_step(s) == SQLITE_ROW) {
            sum += touch(s);
        }
        sqlite3_finalize(s);
    }
    sqlite3_close(db);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    std::printf("%.1f ms (sum %llu)\n", took.count(), static_cast<unsigned long long>(sum));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::strcmp(argv[1], "read") == 0) {
        return read(argv[2]);
    }
    if (argc >= 4 && std::strcmp(argv[1], "make") == 0) {
        const auto users = static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10));
        return make(argv[2], users, argc == 5 && std::strcmp(argv[4], "devices") == 0);
    }
    std::fputs("known_users make FOLDER USERS [devices] | known_users read FOLDER\n", stderr);
    return 2;
}
