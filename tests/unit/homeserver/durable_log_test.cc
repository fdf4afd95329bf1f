#include "homeserver/durable_log.h"

#include <gtest/gtest.h>

#include "support/house_bench.h"

namespace porchlight::homeserver {
namespace {

struct durable_log_test : testing::Test {
    void commit(const std::string& name) {
        const auto position = bench.log.next_position();
        bench.log.commit(position, {ports::meta_row{name, "1"}}, [this, name, position](bool ok) {
            order.push_back(name + (ok ? "" : " failed"));
            if (ok) {
                EXPECT_EQ(bench.log.last_applied(), position);
                EXPECT_EQ(bench.engine.current_token().durable, position);
            }
        });
    }
    void pass(const std::string& name) {
        bench.log.pass(bench.log.next_position(), [this, name] { order.push_back(name); });
    }
    // From now on, for five minutes, what passes needs no write of its own.
    void store_the_ceiling() {
        commit("ceiling");
        bench.settle();
        order.clear();
    }
    test::house_bench bench;
    std::vector<std::string> order;
};

TEST_F(durable_log_test, positions_grow_with_the_clock_and_without_it) {
    const auto first = bench.log.next_position();
    EXPECT_EQ(first, static_cast<std::uint64_t>(base::unix_ms(bench.clock.at.wall)) << 10);
    EXPECT_EQ(bench.log.next_position(), first + 1);
    bench.clock.at.wall -= std::chrono::hours{1};
    EXPECT_EQ(bench.log.next_position(), first + 2) << "a clock set back takes none back";
    bench.clock.at.wall += std::chrono::hours{2};
    EXPECT_GT(bench.log.next_position(), first + 1000);
}

TEST_F(durable_log_test, nothing_is_applied_before_its_commit) {
    bench.log_device.held = true;
    commit("a");
    bench.settle();
    EXPECT_TRUE(order.empty());
    bench.log_device.held = false;
    bench.settle();
    EXPECT_EQ(order, std::vector<std::string>{"a"});
}

TEST_F(durable_log_test, what_passes_waits_for_the_commits_before_it) {
    store_the_ceiling();
    pass("first");
    EXPECT_EQ(order, std::vector<std::string>{"first"}) << "nothing to wait for";
    commit("a");
    pass("b");
    commit("c");
    pass("d");
    EXPECT_EQ(order.size(), 1u);
    bench.settle();
    EXPECT_EQ(order, (std::vector<std::string>{"first", "a", "b", "c", "d"}));
}

TEST_F(durable_log_test, a_failed_commit_is_told_and_the_rest_goes_on) {
    commit("a");
    pass("b");
    bench.store->refuse_commits(true);
    ASSERT_TRUE(bench.log_device.step());
    bench.store->refuse_commits(false);
    commit("c");
    bench.settle();
    EXPECT_EQ(order, (std::vector<std::string>{"a failed", "b", "c"}));
    EXPECT_EQ(bench.store->meta("a"), std::nullopt);
}

TEST_F(durable_log_test, a_full_log_refuses_at_once) {
    commit("a");
    bench.log_device.full = true;
    commit("b");
    EXPECT_EQ(order, std::vector<std::string>{"b failed"});
    bench.settle();
    EXPECT_EQ(order, (std::vector<std::string>{"b failed", "a"}));
}

TEST_F(durable_log_test, no_application_runs_inside_another) {
    store_the_ceiling();
    bool inside = false;
    bench.log.pass(bench.log.next_position(), [&] {
        inside = true;
        bench.log.pass(bench.log.next_position(), [&] {
            EXPECT_FALSE(inside);
            order.push_back("nested");
        });
        EXPECT_TRUE(order.empty());
        inside = false;
    });
    EXPECT_EQ(order, std::vector<std::string>{"nested"});
}

TEST_F(durable_log_test, write_behind_says_how_it_went) {
    int wrote = 0;
    bench.log.write_behind({ports::meta_row{"x", "1"}}, [&](bool ok) { wrote += ok ? 1 : 100; });
    bench.log_device.full = true;
    bench.log.write_behind({ports::meta_row{"y", "1"}}, [&](bool ok) { wrote += ok ? 100 : 10; });
    bench.settle();
    EXPECT_EQ(wrote, 11);
    EXPECT_EQ(bench.log_device.durable_commits, 0u);
}

TEST(durable_log_restart, positions_go_on_after_the_stored_ones) {
    auto store = std::make_shared<storage::memory_store>();
    std::uint64_t last = 0;
    {
        test::house_bench before(store);
        before.clock.at.wall += std::chrono::hours{24 * 365};
        last = before.log.next_position();
        before.log.commit(
            last, {ports::account_data_row{base::user_key{0}, base::room_key{}, "t", "{}", last}},
            [](bool ok) { EXPECT_TRUE(ok); });
        before.settle();
    }
    test::house_bench after(store);  // its clock is a year behind
    EXPECT_GE(after.log.last_applied(), last);
    EXPECT_EQ(after.log.last_stored_before(), last);
    EXPECT_EQ(after.engine.current_token().durable, after.log.last_applied());
    EXPECT_EQ(after.log.next_position(), after.log.last_applied() + 1);
}

TEST_F(durable_log_test, what_passes_is_told_when_a_restart_would_know_of_it) {
    bench.log_device.held = true;
    pass("typing");
    pass("more");
    EXPECT_TRUE(order.empty());
    bench.log_device.held = false;
    bench.settle();
    EXPECT_EQ(order, (std::vector<std::string>{"typing", "more"}));
    EXPECT_EQ(bench.log_device.durable_commits, 1U);
    for (int i = 0; i < 1000; ++i) {
        pass("again");
    }
    bench.settle();
    EXPECT_EQ(order.size(), 1002U);
    EXPECT_EQ(bench.log_device.durable_commits, 1U) << "one write in five minutes";
    bench.clock.at.wall += std::chrono::minutes{6};
    pass("later");
    bench.settle();
    EXPECT_EQ(bench.log_device.durable_commits, 2U);
}

TEST_F(durable_log_test, a_full_disk_does_not_stop_what_passes) {
    bench.store->refuse_commits(true);
    pass("typing");
    bench.settle();
    bench.log_device.full = true;
    pass("more");
    EXPECT_EQ(order, (std::vector<std::string>{"typing", "more"}));
    bench.log_device.full = false;
    bench.store->refuse_commits(false);
    pass("stored");
    bench.settle();
    EXPECT_EQ(order.size(), 3U);
    EXPECT_EQ(bench.log_device.durable_commits, 1U) << "tried again";
}

TEST(durable_log_restart,
     no_position_is_given_twice_though_it_was_not_stored_and_the_clock_is_back) {
    auto store = std::make_shared<storage::memory_store>();
    std::uint64_t passed = 0;
    {
        test::house_bench before(store);
        before.clock.at.wall += std::chrono::hours{24};
        passed = before.log.next_position();
        before.log.pass(passed, [] {});
        before.settle();
        ASSERT_EQ(before.engine.current_token().durable, passed);
    }
    test::house_bench after(store);  // as from a machine whose clock has no battery
    EXPECT_EQ(store->last_position(), 0U);
    EXPECT_GE(after.engine.current_token().durable, passed) << "its token is not of the future";
    EXPECT_GT(after.log.next_position(), passed);
}

}  // namespace
}  // namespace porchlight::homeserver
