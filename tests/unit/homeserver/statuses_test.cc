#include "homeserver/statuses.h"

#include <gtest/gtest.h>

#include "support/house_bench.h"

namespace porchlight::homeserver {
namespace {

using presence::put_request;
using presence::state;

struct statuses_test : testing::Test {
    put_request request(std::optional<state> asked, std::optional<std::string> text = {}) {
        put_request r;
        r.asked = asked;
        r.text = std::move(text);
        return r;
    }
    outcome<void> put(const caller& who, const put_request& r) {
        return bench.wait<void>([&](auto done) { bench.statuses.put(who, r, std::move(done)); });
    }
    presence::view self(const caller& who) {
        return *bench.engine.look(who.user, who.user, bench.clock.at);
    }
    test::house_bench bench;
    caller alice = bench.sign_up("alice").who;
};

TEST_F(statuses_test, a_put_without_text_is_not_a_durable_request) {
    const auto commits = bench.log_device.durable_commits;
    bench.log_device.held = true;
    bool done = false;
    bench.statuses.put(alice, request(state::unavailable),
                       [&](outcome<void> r) { done = r.has_value(); });
    EXPECT_TRUE(done);
    EXPECT_EQ(self(alice).shown, state::unavailable);
    EXPECT_EQ(bench.log_device.durable_commits, commits);
}

TEST_F(statuses_test, a_text_is_seen_and_answered_only_once_it_is_on_disk) {
    bench.log_device.held = true;
    bool done = false;
    bench.statuses.put(alice, request(state::online, "at the porch"),
                       [&](outcome<void> r) { done = r.has_value(); });
    bench.settle();
    EXPECT_FALSE(done);
    EXPECT_EQ(self(alice).text, "");
    bench.log_device.held = false;
    bench.settle();
    EXPECT_TRUE(done);
    EXPECT_EQ(self(alice).text, "at the porch");
    std::string stored;
    bench.store->statuses([&](ports::status_row&& r) { stored = r.text; });
    EXPECT_EQ(stored, "at the porch");
}

TEST_F(statuses_test, a_suppression_is_answered_once_it_is_on_disk_and_outlives_a_restart) {
    const auto commits = bench.log_device.durable_commits;
    ASSERT_TRUE(put(alice, request(state::offline)));
    ASSERT_TRUE(put(alice, request(state::offline)));
    EXPECT_EQ(bench.log_device.durable_commits, commits + 1) << "the second changes nothing";
    test::house_bench after(bench.store);
    const auto now = after.clock.at;
    engine::poll plain;
    plain.user = alice.user;
    plain.device = alice.device;
    after.engine.open(plain, now);
    EXPECT_EQ(after.engine.look(alice.user, alice.user, now)->shown, state::offline);
}

TEST_F(statuses_test, a_put_that_cannot_be_stored_changes_nothing) {
    ASSERT_TRUE(put(alice, request(state::online, "kept")));
    bench.store->refuse_commits(true);
    EXPECT_EQ(put(alice, request(state::unavailable, "lost")).error().code,
              matrix::errc::unavailable);
    EXPECT_EQ(self(alice).text, "kept");
    EXPECT_EQ(self(alice).shown, state::online);
    EXPECT_TRUE(put(alice, request(state::unavailable))) << "presence goes on without the disk";
    EXPECT_EQ(self(alice).shown, state::unavailable);
}

TEST_F(statuses_test, puts_keep_their_order_whatever_is_durable) {
    bench.log_device.held = true;
    std::vector<int> answered;
    const auto send = [&](int n, put_request r) {
        bench.statuses.put(alice, std::move(r), [&answered, n](outcome<void> o) {
            EXPECT_TRUE(o);
            answered.push_back(n);
        });
    };
    send(1, request(state::online, "one"));
    send(2, request(state::unavailable));
    send(3, request(state::online, "three"));
    send(4, request(state::free_for_chat));
    EXPECT_TRUE(answered.empty()) << "the second waits for the first";
    bench.log_device.held = false;
    bench.settle();
    EXPECT_EQ(answered, (std::vector<int>{1, 2, 3, 4}));
    EXPECT_EQ(self(alice).text, "three");
    EXPECT_EQ(self(alice).shown, state::free_for_chat);
}

TEST_F(statuses_test, one_users_disk_does_not_hold_another_up) {
    const caller bob = bench.sign_up("bob").who;
    bench.log_device.held = true;
    bench.statuses.put(alice, request(state::online, "slow"), [](outcome<void>) {});
    bool done = false;
    bench.statuses.put(bob, request(state::online), [&](outcome<void>) { done = true; });
    EXPECT_TRUE(done);
    bench.log_device.held = false;
    bench.settle();
}

TEST_F(statuses_test, a_device_logged_out_meanwhile_does_not_come_back) {
    bench.log_device.held = true;
    bench.accounts.logout(alice, [](outcome<void>) {});
    bench.statuses.put(alice, request(state::online, "too late"), [](outcome<void>) {});
    bench.log_device.held = false;
    bench.settle();
    EXPECT_EQ(self(alice).shown, state::offline);
}

TEST_F(statuses_test, a_text_outlives_a_restart) {
    ASSERT_TRUE(put(alice, request(state::online, "still here")));
    test::house_bench after(bench.store);
    const auto seen = after.engine.look(alice.user, alice.user, after.clock.at);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->text, "still here");
    EXPECT_EQ(seen->shown, state::offline);
}

}  // namespace
}  // namespace porchlight::homeserver
