#include "server/last_stop.h"

#include <gtest/gtest.h>

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

TEST_F(last_stop_test, this_machine_names_its_boot) {
    EXPECT_EQ(boot_id().size(), 36U);
    EXPECT_EQ(boot_id(), boot_id());
}

}  // namespace
}  // namespace porchlight::server
