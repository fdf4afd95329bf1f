#include "homeserver/name_keys.h"
#include "homeserver/lists.h"

#include <gtest/gtest.h>

#include "support/house_bench.h"

namespace porchlight::homeserver {
namespace {

struct name_keys_test : testing::Test {
    // Holds the id, and keeps it in the store as something that refers to it would.
    user_key hold_and_store(const std::string& id) {
        const user_key u = names().hold(id);
        ports::write_set set;
        names().add_row(set, u);
        bench.log.commit(bench.log.next_position(), std::move(set), [](bool) {});
        bench.settle();
        return u;
    }
    name_keys& names() { return bench.accounts.names(); }
    std::map<user_key, std::string> rows() const { return rows_of(*bench.store); }
    static std::map<user_key, std::string> rows_of(storage::memory_store& store) {
        std::map<user_key, std::string> all;
        store.names([&](ports::name_row&& r) { all[r.user] = r.user_id; });
        return all;
    }
    test::house_bench bench;
    const std::string ghost = "@ghost:porch.test";
};

TEST_F(name_keys_test, an_unknown_id_has_a_key_and_is_no_account) {
    const caller alice = bench.sign_up("alice").who;
    const user_key u = hold_and_store(ghost);
    EXPECT_NE(u, alice.user);
    EXPECT_EQ(names().hold(ghost), u) << "an id has one key";
    EXPECT_EQ(names().find(ghost), u);
    EXPECT_EQ(names().find("@alice:porch.test"), alice.user);
    EXPECT_EQ(bench.accounts.user_id(u), ghost);
    EXPECT_FALSE(names().is_account(u));
    EXPECT_TRUE(names().is_account(alice.user));
    EXPECT_FALSE(bench.accounts.find(ghost));
    EXPECT_TRUE(bench.accounts.is_free(ghost));
    EXPECT_EQ(bench.accounts.count(), 1u);
    EXPECT_EQ(bench.sign_up("bob").who.user, user_key{2}) << "keys are shared with accounts";
}

TEST_F(name_keys_test, an_account_made_later_takes_the_key) {
    const user_key u = hold_and_store(ghost);
    const caller who = bench.sign_up("ghost").who;
    EXPECT_EQ(who.user, u);
    EXPECT_TRUE(names().is_account(u));
    EXPECT_EQ(bench.accounts.find(ghost), u);
    EXPECT_EQ(bench.accounts.count(), 1u);
    EXPECT_TRUE(rows().empty());
    names().let_go(u);
    EXPECT_EQ(bench.accounts.find(ghost), u) << "an account stays when it is let go";
}

TEST_F(name_keys_test, a_registration_that_fails_leaves_the_name) {
    const user_key u = hold_and_store(ghost);
    bench.store->refuse_commits(true);
    EXPECT_FALSE(bench.wait<login_result>([&](auto done) {
        bench.accounts.register_account("ghost", "pw", {}, false, std::move(done));
    }));
    bench.store->refuse_commits(false);
    EXPECT_EQ(names().find(ghost), u);
    EXPECT_FALSE(names().is_account(u));
    EXPECT_EQ(bench.sign_up("ghost").who.user, u);
}

TEST_F(name_keys_test, what_was_let_go_as_often_as_held_is_given_up_with_its_row) {
    const user_key u = hold_and_store(ghost);
    names().hold(u);
    names().let_go(u);
    bench.settle();
    EXPECT_EQ(rows().size(), 1u);
    names().let_go(u);
    bench.settle();
    EXPECT_TRUE(rows().empty());
    EXPECT_FALSE(names().find(ghost));
    EXPECT_EQ(names().hold("@other:elsewhere.test"), u) << "the key is free";
}

TEST_F(name_keys_test, a_name_held_again_before_its_row_is_gone_keeps_its_key) {
    const user_key u = hold_and_store(ghost);
    bench.log_device.held = true;
    names().let_go(u);
    EXPECT_EQ(names().hold(ghost), u);
    ports::write_set set;
    names().add_row(set, u);
    bench.log.commit(bench.log.next_position(), std::move(set), [](bool) {});
    bench.log_device.held = false;
    bench.settle();
    EXPECT_EQ(names().find(ghost), u);
    EXPECT_EQ(rows().at(u), ghost);
}

TEST_F(name_keys_test, a_key_is_not_used_again_while_a_row_has_it) {
    const user_key u = hold_and_store(ghost);
    bench.store->refuse_commits(true);
    names().let_go(u);
    bench.settle();
    bench.store->refuse_commits(false);
    const user_key other = hold_and_store("@other:elsewhere.test");
    EXPECT_NE(other, u);
    EXPECT_EQ(hold_and_store(ghost), u);
    EXPECT_EQ(rows().size(), 2u);
}

TEST_F(name_keys_test, names_outlive_a_restart_if_something_holds_them) {
    const caller alice = bench.sign_up("alice").who;
    const auto changed = bench.wait<void>([&](auto done) {
        bench.lists.change_list(alice, {{ghost}, {}}, std::move(done));
    });
    ASSERT_TRUE(changed);
    const auto u = names().find(ghost);
    const user_key other = hold_and_store("@other:elsewhere.test");
    test::house_bench after(bench.store);
    after.settle();
    name_keys& loaded = after.accounts.names();
    EXPECT_TRUE(u);
    EXPECT_EQ(loaded.find(ghost), u);
    EXPECT_FALSE(loaded.find("@other:elsewhere.test"));
    EXPECT_EQ(rows().size(), 1u);
    EXPECT_EQ(after.sign_up("bob").who.user, other) << "the key is free";
}

TEST_F(name_keys_test, a_row_written_while_its_name_became_an_account_is_stale) {
    const user_key u = names().hold(ghost);
    ports::write_set set;
    bench.log_device.held = true;
    bench.accounts.register_account("ghost", {}, {}, false, [](outcome<login_result>) {});
    names().add_row(set, u);
    bench.log.commit(bench.log.next_position(), std::move(set), [](bool) {});
    bench.log_device.held = false;
    bench.settle();
    ASSERT_EQ(rows().size(), 1u);
    test::house_bench after(bench.store);
    after.settle();
    EXPECT_EQ(after.accounts.find(ghost), u);
    EXPECT_TRUE(rows().empty());
}

}  // namespace
}  // namespace porchlight::homeserver
