// Makes a database of many known users, and is the yardstick for reading it.
//
//   known_users make FOLDER USERS [OPTION...]   a data folder: teams of 20 with a room each;
//   everybody
//                                               has an account and a last presence, one in ten a
//                                               text
//     devices     everybody has a device, whose access token is "known-USER", and a display name
//     team=N      teams of N
//     rooms=N     each team shares N rooms
//     online      everybody was online when the server stopped
//     texts       everybody has a text
//   known_users read FOLDER                     milliseconds of plain SQLite scans of what a start
//   reads

#include <sodium.h>
#include <sqlite3.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "presence/state.h"
#include "storage/sqlite_store.h"

namespace {

using namespace porchlight;
using namespace porchlight::ports;
using presence::state;

constexpr std::uint64_t base_ms = 1'750'000'000'000;
constexpr std::uint64_t base_position = base_ms << 10;
constexpr std::uint64_t base_presence = base_ms << 16;
constexpr std::size_t rows_per_commit = 50'000;

// As long as those that Argon2id makes with the default settings.
const std::string password_hash =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
    "K0zBW1Ya2c2mGk4QyWl3mJ0uZ2uQ4mJm3o2gq2Z9u5A";

struct options {
    bool devices = false, online = false, texts = false;
    std::uint32_t team = 20, rooms = 1;
};

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
    const std::string token = "known-" + std::to_string(u);
    d.token_hash.resize(32);
    crypto_generichash(reinterpret_cast<unsigned char*>(d.token_hash.data()), d.token_hash.size(),
                       reinterpret_cast<const unsigned char*>(token.data()), token.size(), nullptr,
                       0);
    d.created = moment(u);
    f.add(std::move(d));
    f.add(profile_row{base::user_key{u}, "Some One " + std::to_string(u), {}});
}

void add_user(filler& f, std::uint32_t u, const options& o) {
    const base::user_key key{u};
    f.add(account_row{key, "@" + localpart(u) + ":localhost", password_hash, moment(u), false});
    f.add(presence_row{key, static_cast<std::uint8_t>(o.online ? state::online : state::offline),
                       moment(u), base_presence + u});
    if (o.texts || u % 10 == 0) {
        status_row s;
        s.user = key;
        s.text = "gone fishing " + std::to_string(u);
        f.add(std::move(s));
    }
    if (o.devices) {
        add_device(f, u);
    }
}

int make(const std::string& folder, std::uint32_t users, const options& o) {
    std::filesystem::create_directories(folder);
    storage::sqlite_store s(storage::sqlite_settings{folder + "/porchlight.db", {}});
    filler f(s);
    for (std::uint32_t u = 0; u < users; ++u) {
        add_user(f, u, o);
        for (std::uint32_t r = 0; r < o.rooms; ++r) {
            const base::room_key room{u / o.team * o.rooms + r};
            if (u % o.team == 0) {
                f.add(room_row{room, "!team" + std::to_string(room.value) + ":localhost", "10",
                               false, 1});
            }
            f.add(membership_row{base::user_key{u}, room, membership::join, base_position + u,
                                 base_presence, false});
        }
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

std::uint32_t number(const char* text) {
    return static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

// False: there is no such option.
bool take(options& o, const std::string& text) {
    const auto value = text.find('=');
    if (text == "devices") {
        o.devices = true;
    } else if (text == "online") {
        o.online = true;
    } else if (text == "texts") {
        o.texts = true;
    } else if (text.starts_with("team=")) {
        o.team = number(text.c_str() + value + 1);
    } else if (text.starts_with("rooms=")) {
        o.rooms = number(text.c_str() + value + 1);
    } else {
        return false;
    }
    return o.team > 0 && o.rooms > 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::strcmp(argv[1], "read") == 0) {
        return read(argv[2]);
    }
    options o;
    bool understood = argc >= 4 && std::strcmp(argv[1], "make") == 0;
    for (int i = 4; i < argc; ++i) {
        understood = understood && take(o, argv[i]);
    }
    if (understood) {
        return make(argv[2], number(argv[3]), o);
    }
    std::fputs(
        "known_users make FOLDER USERS [devices] [online] [texts] [team=N] [rooms=N]\n"
        "known_users read FOLDER\n",
        stderr);
    return 2;
}
