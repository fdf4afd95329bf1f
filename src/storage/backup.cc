#include "storage/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "ports/store.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/migrations.h"

namespace porchlight::storage {

using ports::store_error;
using sqlite::access;
using sqlite::connection;

namespace {

// An existing database of ours, to read.
std::unique_ptr<connection> open_to_read(const std::filesystem::path& database) {
    if (!std::filesystem::exists(database)) {
        throw store_error(fmt::format("there is no database at {}", database.string()));
    }
    auto opened = std::make_unique<connection>(database.string(), access::read_only, "");
    if (sqlite::check_version(*opened, database.string()) == 0) {
        throw store_error(fmt::format("{} is empty, not a database", database.string()));
    }
    return opened;
}

void copy_pages(connection& from, connection& to) {
    const std::unique_ptr<sqlite3_backup, int (*)(sqlite3_backup*)> copy{
        sqlite3_backup_init(to.handle(), "main", from.handle(), "main"), sqlite3_backup_finish};
    // All pages in one step: one read transaction, so that commits meanwhile don't restart it.
    if (copy == nullptr || sqlite3_backup_step(copy.get(), -1) != SQLITE_DONE) {
        to.fail("copying");
    }
}

void sync_and_name(const std::filesystem::path& part, const std::filesystem::path& target) {
    const auto check = [&](bool good, std::string_view what) {
        if (!good) {
            throw store_error(
                fmt::format("{}: {}: {}", target.string(), what,
                            std::error_code(errno, std::generic_category()).message()));
        }
    };
    const auto sync = [&](const std::filesystem::path& path, int flags) {
        const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
        check(descriptor >= 0, "cannot be opened");
        const bool synced = ::fsync(descriptor) == 0;
        ::close(descriptor);
        check(synced, "cannot be synced");
    };
    sync(part, O_RDWR);
    // link, not rename: it never replaces a file that appeared meanwhile.
    check(::link(part.c_str(), target.c_str()) == 0, "cannot be named");
    ::unlink(part.c_str());
    sync(std::filesystem::absolute(target).parent_path(), O_RDONLY | O_DIRECTORY);
}

struct reference {
    const char* sentence;
    const char* broken;  // counts the rows that break it
    int since = 1;       // the schema version that has these tables
};
constexpr reference references[] = {
    {"profiles of users without an account",
     "SELECT count(*) FROM profile WHERE user NOT IN (SELECT user FROM account)"},
    {"devices of users without an account",
     "SELECT count(*) FROM device WHERE user NOT IN (SELECT user FROM account)"},
    {"memberships of users without an account",
     "SELECT count(*) FROM membership WHERE user NOT IN (SELECT user FROM account)"},
    {"memberships in rooms that don't exist",
     "SELECT count(*) FROM membership WHERE room NOT IN (SELECT room FROM room)"},
    {"events in rooms that don't exist",
     "SELECT count(*) FROM event WHERE room NOT IN (SELECT room FROM room)"},
    {"aliases of rooms that don't exist",
     "SELECT count(*) FROM alias WHERE room NOT IN (SELECT room FROM room)"},
    {"presences of users without an account",
     "SELECT count(*) FROM presence WHERE user NOT IN (SELECT user FROM account)"},
    {"status texts of users without an account",
     "SELECT count(*) FROM status WHERE user NOT IN (SELECT user FROM account)"},
    {"names that disagree with an account",
     "SELECT count(*) FROM name WHERE user IN (SELECT user FROM account)"
     " OR user_id IN (SELECT user_id FROM account)",
     sqlite::version_with_lists},
    {"list entries of users without an account",
     "SELECT count(*) FROM list_entry WHERE observer NOT IN (SELECT user FROM account)",
     sqlite::version_with_lists},
    {"list entries for users without a name",
     "SELECT count(*) FROM list_entry WHERE subject NOT IN"
     " (SELECT user FROM account UNION ALL SELECT user FROM name)",
     sqlite::version_with_lists},
    {"consents of users without an account",
     "SELECT count(*) FROM consent WHERE subject NOT IN (SELECT user FROM account)",
     sqlite::version_with_lists},
    {"consents to users without a name",
     "SELECT count(*) FROM consent WHERE observer NOT IN"
     " (SELECT user FROM account UNION ALL SELECT user FROM name)",
     sqlite::version_with_lists},
    {"blocks of users without an account",
     "SELECT count(*) FROM block WHERE subject NOT IN (SELECT user FROM account)",
     sqlite::version_with_lists},
    {"blocks against users without a name",
     "SELECT count(*) FROM block WHERE observer NOT IN"
     " (SELECT user FROM account UNION ALL SELECT user FROM name)",
     sqlite::version_with_lists},
    {"policies of users without an account",
     "SELECT count(*) FROM policy WHERE user NOT IN (SELECT user FROM account)",
     sqlite::version_with_lists},
    {"messages to devices that don't exist",
     "SELECT count(*) FROM to_device WHERE device NOT IN (SELECT device FROM device)",
     sqlite::version_with_lists},
};

}  // namespace

void backup_to(const std::filesystem::path& database, const std::filesystem::path& target) {
    if (std::filesystem::exists(target)) {
        throw store_error(
            fmt::format("{} exists already; a backup replaces nothing", target.string()));
    }
    const auto from = open_to_read(database);
    std::filesystem::path part = target;
    part += ".part";
    std::filesystem::remove(part);
    try {
        connection to{part.string(), access::read_write, ""};
        copy_pages(*from, to);
        // Whoever starts from the copy has lost what came after it, as by a power loss.
        to.run("REPLACE INTO meta(name, value) VALUES('clean_stop', 'no')");
        to.run("DELETE FROM meta WHERE name='boot_id'");
        to.run("REPLACE INTO meta(name, value) VALUES('is_copy', 'yes')");
        // The copy is one file: without WAL mode there is no log beside it to forget.
        to.run("PRAGMA journal_mode=DELETE");
    } catch (...) {
        std::error_code ignored;
        std::filesystem::remove(part, ignored);
        throw;
    }
    sync_and_name(part, target);
}

database_facts facts_of(const std::filesystem::path& database) {
    const auto opened = open_to_read(database);
    const auto count = [&](const char* sql) {
        return static_cast<std::uint64_t>(opened->integer(sql));
    };
    database_facts f;
    f.schema = sqlite::check_version(*opened, database.string());
    f.server_name = opened->text("SELECT max(value) FROM meta WHERE name='server_name'");
    f.accounts = count("SELECT count(*) FROM account");
    f.rooms = count("SELECT count(*) FROM room");
    if (f.schema >= sqlite::version_with_media) {
        f.uploads = count("SELECT count(*) FROM media");
        f.upload_bytes = count("SELECT coalesce(sum(bytes), 0) FROM media");
    }
    return f;
}

void uploads_in(const std::filesystem::path& database,
                const std::function<void(const std::string& media_id, std::uint64_t bytes)>& each) {
    const auto opened = open_to_read(database);
    if (sqlite::check_version(*opened, database.string()) < sqlite::version_with_media) {
        return;
    }
    sqlite::statement{*opened, "SELECT media_id, bytes FROM media ORDER BY media_id"}.rows(
        [&](const sqlite::statement& row) { each(row.text(0), row.position(1)); });
}

bool has_upload(const std::filesystem::path& database, const std::string& media_id) {
    const auto opened = open_to_read(database);
    bool found = false;
    sqlite::statement{*opened, "SELECT 1 FROM media WHERE media_id=?"}.rows(
        [&](const sqlite::statement&) { found = true; }, media_id);
    return found;
}

std::vector<std::string> integrity_check(const std::filesystem::path& database) {
    const auto opened = open_to_read(database);
    std::vector<std::string> wrong;
    try {
        sqlite::statement{*opened, "PRAGMA integrity_check"}.rows(
            [&](const sqlite::statement& row) {
                if (row.text(0) != "ok") {
                    wrong.push_back(row.text(0));
                }
            });
    } catch (const store_error& e) {
        wrong.emplace_back(e.what());  // damaged beyond checking
    }
    if (!wrong.empty()) {
        return wrong;  // what the tables say means nothing then
    }
    const int schema = sqlite::check_version(*opened, database.string());
    for (const reference& r : references) {
        if (schema < r.since) {
            continue;
        }
        if (const auto rows = opened->integer(r.broken); rows != 0) {
            wrong.push_back(fmt::format("{} {}", rows, r.sentence));
        }
    }
    return wrong;
}

}  // namespace porchlight::storage
