#include "storage/sqlite/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "storage/sqlite/reader.h"
#include "storage/sqlite_store.h"
#include "unit/storage/rows.h"
#include "unit/storage/temporary_folder.h"

namespace porchlight::storage {
namespace {

using namespace testing;
using sqlite::access;
using sqlite::connection;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string schema_file(int version) {
    std::ifstream in{std::string{PORCHLIGHT_TESTS_DIR} + "/unit/storage/schemas/version_" +
                     std::to_string(version) + ".sql"};
    EXPECT_TRUE(in) << "each released version of the schema needs its frozen file";
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::string schema_of(connection& c) {
    return c.text(
        "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
        " ORDER BY name)");
}

std::string refusal(const std::filesystem::path& path) {
    try {
        sqlite_store store{{.path = path}};
    } catch (const store_error& e) {
        return e.what();
    }
    return "";
}

class older_version : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(each, older_version, ::testing::Range(1, sqlite::newest_version()));

TEST_P(older_version, is_migrated_with_all_its_rows) {
    const temporary_folder folder;
    {
        connection c{folder / "p.db", access::read_write, ""};
        c.run(schema_file(GetParam()));
    }
    sqlite_store s{{.path = folder / "p.db"}};
    EXPECT_THAT(all(s, &store_reader::accounts), ElementsAre(account(1, "@alice:here")));
    EXPECT_THAT(all(s, &store_reader::profiles),
                ElementsAre(profile_row{user_key{1}, "Alice", ""}));
    EXPECT_THAT(all(s, &store_reader::devices), ElementsAre(device(1, 1)));
    EXPECT_THAT(all(s, &store_reader::rooms), ElementsAre(room(1)));
    EXPECT_THAT(all(s, &store_reader::memberships), ElementsAre(member(1, 1, 2)));
    EXPECT_THAT(all(s, &store_reader::aliases),
                ElementsAre(alias_row{"#a:here", room_key{1}, "@alice:here"}));
    EXPECT_EQ(all(s, &store_reader::statuses).at(0).text, "at lunch");
    EXPECT_EQ(all(s, &store_reader::statuses).at(0).suppressed.size(), GetParam() < 3 ? 0U : 1U);
    EXPECT_THAT(all(s, &store_reader::presences), ElementsAre(seen(1, 77)));
    EXPECT_EQ(all(s, &store_reader::losses).at(0).position, 66U);
    EXPECT_EQ(s.meta("server_name"), "here");
    EXPECT_EQ(s.last_position(), GetParam() < 4 ? 4U : 5U);
    EXPECT_THAT(s.events({.room = room_key{1}}),
                ElementsAre(message(1, 1), state(2, 1, "m.room.name")));
    EXPECT_THAT(s.events({.room = room_key{1}, .state_only = true}),
                ElementsAre(state(2, 1, "m.room.name")));
    EXPECT_EQ(s.account_data(user_key{1}, 0).size(), 1U);
    EXPECT_EQ(s.receipts(room_key{1}, 0).size(), 1U);
    EXPECT_EQ(s.filter(user_key{1}, 0), "{}");
    EXPECT_EQ(s.transaction(device_key{1}, "send", "new"), "$e1");
    EXPECT_EQ(s.transaction(device_key{1}, "send", "old"), std::nullopt) << "older than two days";
}

TEST(migrations, an_older_policy_is_one_whose_change_is_told) {
    const temporary_folder folder;
    {
        connection c{folder / "p.db", access::read_write, ""};
        c.run(schema_file(4));
    }
    sqlite_store s{{.path = folder / "p.db"}};
    const auto policies = all(s, &store_reader::policies);
    ASSERT_EQ(policies.size(), 2U);
    EXPECT_EQ(policies[0].visibility, 2);
    EXPECT_EQ(policies[0].visibility_before, 0);
    EXPECT_EQ(policies[1].visibility, 0);
    EXPECT_EQ(policies[1].visibility_before, 2);
    EXPECT_EQ(policies[1].auto_accept, 3);
}

TEST_P(older_version, becomes_what_a_new_database_is) {
    const temporary_folder folder;
    connection old{folder / "old.db", access::read_write, ""};
    old.run(schema_file(GetParam()));
    sqlite::migrate(old, "old.db");
    connection fresh{folder / "fresh.db", access::read_write, ""};
    sqlite::migrate(fresh, "fresh.db");
    EXPECT_EQ(schema_of(old), schema_of(fresh));
    EXPECT_EQ(old.integer("PRAGMA user_version"), sqlite::newest_version());
}

TEST_P(older_version, is_as_it_was_released) {
    const temporary_folder folder;
    connection frozen{folder / "frozen.db", access::read_write, ""};
    frozen.run(schema_file(GetParam()));
    connection made{folder / "made.db", access::read_write, ""};
    sqlite::migrate(made, "made.db", GetParam());
    EXPECT_EQ(schema_of(made), schema_of(frozen)) << "a released migration was edited";
}

TEST(migrations, a_failed_step_changes_nothing) {
    const temporary_folder folder;
    connection c{folder / "p.db", access::read_write, ""};
    c.run(schema_file(1));
    c.run("CREATE TABLE receipt_by_room(in_the_way)");  // a name that version 2 wants
    EXPECT_THROW(sqlite::migrate(c, "p.db"), store_error);
    EXPECT_EQ(c.integer("PRAGMA user_version"), 1);
    EXPECT_EQ(c.integer("SELECT count(*) FROM answered"), 2);
    c.run("DROP TABLE receipt_by_room");
    sqlite::migrate(c, "p.db");
    EXPECT_EQ(c.integer("PRAGMA user_version"), sqlite::newest_version());
}

TEST(refused, a_database_of_a_newer_version) {
    const temporary_folder folder;
    sqlite_store{{.path = folder / "p.db"}};
    connection{folder / "p.db", access::read_write, ""}.run("PRAGMA user_version = 999");
    EXPECT_THAT(refusal(folder / "p.db"), HasSubstr("newer Porchlight (schema version 999"));
}

TEST(refused, a_database_of_another_application) {
    const temporary_folder folder;
    connection{folder / "mail.db", access::read_write, ""}.run("CREATE TABLE mail(subject)");
    connection{folder / "photos.db", access::read_write, ""}.run("PRAGMA application_id = 7");
    EXPECT_THAT(refusal(folder / "mail.db"), HasSubstr("of another application"));
    EXPECT_THAT(refusal(folder / "photos.db"), HasSubstr("of another application"));
    connection mail{folder / "mail.db", access::read_only, ""};
    EXPECT_EQ(mail.text("PRAGMA journal_mode"), "delete") << "it must be left as it was";
}

TEST(refused, what_is_no_database_or_cannot_be_opened) {
    const temporary_folder folder;
    std::ofstream{folder / "letter"} << std::string(5'000, 'a');
    EXPECT_THAT(refusal(folder / "letter"), HasSubstr("not a database"));
    EXPECT_THAT(refusal(folder / "missing" / "p.db"), HasSubstr("No such file or directory"));
}

TEST(refused, a_database_in_use) {
    const temporary_folder folder;
    {
        const sqlite_store first{{.path = folder / "p.db"}};
        EXPECT_THAT(refusal(folder / "p.db"), HasSubstr("in use by another Porchlight"));
    }
    EXPECT_EQ(refusal(folder / "p.db"), "");
}

TEST(queries, use_an_index_and_never_sort) {
    const temporary_folder folder;
    sqlite_store{{.path = folder / "p.db"}};
    connection c{folder / "p.db", access::read_only, ""};
    for (std::size_t q = 0; q < sqlite::query_count; ++q) {
        const std::string text{sqlite::text_of(static_cast<sqlite::query>(q))};
        std::string plan;
        sqlite::statement{c, "EXPLAIN QUERY PLAN " + text}.rows(
            [&](const sqlite::statement& row) { plan += row.text(3) + "\n"; });
        EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE"))) << text;
        if (text.find("WHERE") != std::string::npos) {
            EXPECT_THAT(plan, Not(HasSubstr("SCAN event"))) << text;
            EXPECT_THAT(plan, Not(HasSubstr("SCAN a"))) << text;
            EXPECT_THAT(plan, Not(HasSubstr("SCAN r"))) << text;
            EXPECT_THAT(plan, Not(HasSubstr("SCAN filter"))) << text;
            EXPECT_THAT(plan, Not(HasSubstr("SCAN to_device"))) << text;
            EXPECT_THAT(plan, Not(HasSubstr("SCAN document"))) << text;
            EXPECT_THAT(plan, Not(HasSubstr("SCAN media"))) << text;
        }
    }
}

}  // namespace
}  // namespace porchlight::storage
