#include "storage/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "storage/sqlite/connection.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite_store.h"
#include "unit/storage/rows.h"
#include "unit/storage/temporary_folder.h"

namespace porchlight::storage {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(backup, is_the_database_as_it_was_while_the_server_goes_on) {
    const temporary_folder folder;
    sqlite_store s{{.path = folder / "p.db"}};
    commit(s, {account(1, "@a:here"), named("boot_id", "this one")});
    backup_to(folder / "p.db", folder / "copy.db");
    commit(s, {account(2, "@b:here")});
    EXPECT_THAT(integrity_check(folder / "copy.db"), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(folder / "copy.db-wal"));
    EXPECT_FALSE(std::filesystem::exists(folder / "copy.db.part"));
    sqlite_store copy{{.path = folder / "copy.db"}};
    EXPECT_THAT(all(copy, &store_reader::accounts), ElementsAre(account(1, "@a:here")));
    commit(copy, {account(3, "@c:here")});
    EXPECT_EQ(copy.meta("clean_stop"), "no") << "what came after it is lost to who starts from it";
    EXPECT_EQ(copy.meta("boot_id"), std::nullopt);
    EXPECT_EQ(copy.meta("is_copy"), "yes");
    EXPECT_EQ(s.meta("is_copy"), std::nullopt);
    EXPECT_EQ(s.meta("boot_id"), "this one");
}

TEST(backup, works_on_a_database_nobody_uses) {
    const temporary_folder folder;
    {
        sqlite_store s{{.path = folder / "p.db"}};
        commit(s, {account(1, "@a:here")});
    }
    backup_to(folder / "p.db", folder / "copy.db");
    sqlite_store copy{{.path = folder / "copy.db"}};
    EXPECT_EQ(all(copy, &store_reader::accounts).size(), 1U);
}

TEST(backup, replaces_nothing_and_needs_a_database) {
    const temporary_folder folder;
    sqlite_store{{.path = folder / "p.db"}};
    std::ofstream{folder / "precious"} << "keep me";
    EXPECT_THROW(backup_to(folder / "p.db", folder / "precious"), store_error);
    EXPECT_EQ(std::filesystem::file_size(folder / "precious"), 7U);
    EXPECT_THROW(backup_to(folder / "none.db", folder / "copy.db"), store_error);
    EXPECT_FALSE(std::filesystem::exists(folder / "none.db")) << "reading makes no file";
    EXPECT_THROW(backup_to(folder / "precious", folder / "copy.db"), store_error);
    EXPECT_FALSE(std::filesystem::exists(folder / "copy.db"));
    EXPECT_THROW(backup_to(folder / "p.db", folder / "missing" / "copy.db"), store_error);
}

TEST(backup, says_what_a_database_holds_and_which_uploads_it_names) {
    const temporary_folder folder;
    sqlite_store s{{.path = folder / "p.db"}};
    commit(s, {account(1, "@a:here"), account(2, "@b:here"), room(1), named("server_name", "here"),
               media("bbbb", 1, 20), media("aaaa", 1, 3)});
    const database_facts f = facts_of(folder / "p.db");
    EXPECT_EQ(f.server_name, "here");
    EXPECT_EQ(f.schema, sqlite::newest_version());
    EXPECT_EQ(f.accounts, 2U);
    EXPECT_EQ(f.rooms, 1U);
    EXPECT_EQ(f.uploads, 2U);
    EXPECT_EQ(f.upload_bytes, 23U);
    std::vector<std::pair<std::string, std::uint64_t>> found;
    uploads_in(folder / "p.db",
               [&](const std::string& id, std::uint64_t n) { found.emplace_back(id, n); });
    EXPECT_THAT(found, ElementsAre(Pair("aaaa", 3U), Pair("bbbb", 20U)));
    EXPECT_TRUE(has_upload(folder / "p.db", "aaaa"));
    EXPECT_FALSE(has_upload(folder / "p.db", "cccc"));
}

TEST(backup, reads_databases_of_every_older_version) {
    for (int version = 1; version <= sqlite::newest_version(); ++version) {
        const temporary_folder folder;
        const auto path = folder / "p.db";
        sqlite::connection c{path.string(), sqlite::access::read_write, ""};
        sqlite::migrate(c, path.string(), version);
        EXPECT_EQ(facts_of(path).schema, version);
        EXPECT_EQ(facts_of(path).server_name, "");
        uploads_in(path, [](const std::string&, std::uint64_t) { FAIL(); });
        EXPECT_THAT(integrity_check(path), IsEmpty()) << version;
    }
}

TEST(integrity_check, is_content_with_a_sound_database) {
    const temporary_folder folder;
    sqlite_store s{{.path = folder / "p.db"}};
    commit(s, {account(1, "@a:here"), device(1, 1), room(1), message(1, 1), member(1, 1, 1),
               stranger(2, "@b:there"), entry(1, 2), entry(1, 1), consent(1, 2), block(1, 2),
               policy(1), letter(1, 2)});
    EXPECT_THAT(integrity_check(folder / "p.db"), IsEmpty());
}

TEST(integrity_check, names_rows_that_refer_to_nothing) {
    const temporary_folder folder;
    sqlite_store s{{.path = folder / "p.db"}};
    commit(s, {device(1, 1), device(2, 1), message(1, 1)});
    EXPECT_THAT(
        integrity_check(folder / "p.db"),
        ElementsAre("2 devices of users without an account", "1 events in rooms that don't exist"));
}

TEST(integrity_check, names_half_of_a_list_entry_and_letters_to_nobody) {
    const temporary_folder folder;
    sqlite_store s{{.path = folder / "p.db"}};
    commit(s, {account(1, "@a:here"), stranger(1, "@other:there"), stranger(5, "@a:here"),
               entry(7, 1), entry(1, 7), consent(7, 1), consent(1, 7), block(7, 1), block(1, 7),
               policy(7), policy(5), letter(7, 1)});
    EXPECT_THAT(
        integrity_check(folder / "p.db"),
        ElementsAre(
            "2 names that disagree with an account", "1 list entries of users without an account",
            "1 list entries for users without a name", "1 consents of users without an account",
            "1 consents to users without a name", "1 blocks of users without an account",
            "1 blocks against users without a name", "2 policies of users without an account",
            "1 messages to devices that don't exist"));
}

TEST(integrity_check, finds_damage) {
    const temporary_folder folder;
    {
        sqlite_store s{{.path = folder / "p.db"}};
        for (std::uint32_t n = 0; n < 200; ++n) {
            commit(s, {account(n, "@" + std::string(100, 'x') + std::to_string(n))}, false);
        }
    }
    {
        std::fstream file{folder / "p.db", std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(-8'192, std::ios::end);
        file << std::string(8'192, '\x55');
    }
    EXPECT_FALSE(integrity_check(folder / "p.db").empty());
}

}  // namespace
}  // namespace porchlight::storage
