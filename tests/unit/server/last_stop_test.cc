#include "server/last_stop.h"

#include <gtest/gtest.h>

#include "homeserver/durable_log.h"
#include "storage/memory_store.h"

namespace porchlight::server {
namespace {

struct last_stop_test : testing::Test {
    void commit(const ports::write_set& set) { store.commit({&set, 1}, true); }
    storage::memory_store store;
};

TEST_F(last_stop_test, a_new_folder_has_nothing_to_mourn) {
    EXPECT_EQ(stop_before(store, "boot 1"), last_stop::clean);
}

TEST_F(last_stop_test, an_end_within_the_same_boot_was_a_kill) {
    commit(running("boot 1"));
    EXPECT_EQ(stop_before(store, "boot 1"), last_stop::killed);
    commit(closed());
    EXPECT_EQ(stop_before(store, "boot 1"), last_stop::clean);
    EXPECT_EQ(stop_before(store, "boot 2"), last_stop::clean);
}

TEST_F(last_stop_test, an_end_before_this_boot_was_a_power_loss) {
    commit(running("boot 1"));
    EXPECT_EQ(stop_before(store, "boot 2"), last_stop::power_lost);
}

TEST_F(last_stop_test, what_cannot_be_told_apart_is_a_power_loss) {
    commit(running(""));
    EXPECT_EQ(stop_before(store, ""), last_stop::power_lost);
    EXPECT_EQ(stop_before(store, "boot 1"), last_stop::power_lost);
    storage::memory_store older;
    const ports::write_set before_boots_were_noted{ports::meta_row{"clean_stop", "no"}};
    older.commit({&before_boots_were_noted, 1}, true);
    EXPECT_EQ(stop_before(older, "boot 1"), last_stop::power_lost);
}

// A start from a copy whose last row has the position `stored`, at `now`.
lost_positions start_from_copy(storage::memory_store& store, std::uint64_t stored,
                               std::int64_t now_ms) {
    ports::account_data_row row;
    row.user = base::user_key{0};
    row.position = stored;
    ports::write_set set{ports::meta_row{"is_copy", "yes"}, row};
    store.commit({&set, 1}, true);
    set.clear();
    const auto lost = lost_by_restoring(store, base::from_unix_ms(now_ms), set);
    store.commit({&set, 1}, true);
    return lost;
}

TEST_F(last_stop_test, what_a_restored_backup_has_lost_is_all_from_its_last_row_to_now) {
    const auto lost = start_from_copy(store, 5'000, 1'000);
    EXPECT_EQ(lost.after, 5'000U);
    EXPECT_EQ(lost.until, (1'000U << 10) + 1);
    EXPECT_EQ(homeserver::durable_log::last_of(store).given, lost.until)
        << "no new position is one that was lost";
    ports::write_set nothing;
    const auto later = lost_by_restoring(store, base::from_unix_ms(9'000), nothing);
    EXPECT_EQ(later.after, lost.after) << "the next start is none from a copy";
    EXPECT_EQ(later.until, lost.until);
    EXPECT_TRUE(nothing.empty());
}

TEST_F(last_stop_test, two_restored_backups_have_lost_all_from_the_first_on) {
    start_from_copy(store, 5'000, 1'000);
    const auto lost = start_from_copy(store, 2'000'000, 2'000);
    EXPECT_EQ(lost.after, 5'000U);
    EXPECT_EQ(lost.until, std::max<std::uint64_t>(2'000'000, 2'000 << 10) + 1);
}

TEST_F(last_stop_test, a_server_that_was_never_restored_has_lost_nothing) {
    ports::write_set set;
    const auto lost = lost_by_restoring(store, base::from_unix_ms(1'000), set);
    EXPECT_EQ(lost.until, 0U);
    EXPECT_TRUE(set.empty());
}

TEST_F(last_stop_test, this_machine_names_its_boot) {
    EXPECT_EQ(boot_id().size(), 36U);
    EXPECT_EQ(boot_id(), boot_id());
}

}  // namespace
}  // namespace porchlight::server
