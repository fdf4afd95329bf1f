#include "homeserver/ephemeral.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "support/house_bench.h"

namespace porchlight::homeserver {
namespace {

using matrix::errc;
using namespace std::chrono_literals;

struct ephemeral_test : testing::Test {
    ephemeral_test() {
        create_room wish;
        wish.preset = "public_chat";
        const auto id = bench.wait<std::string>(
            [&](auto done) { bench.rooms.create(alice.who, wish, std::move(done)); });
        room = *bench.rooms.find(id.value());
        join(bob.who);
    }
    void join(caller who) {
        ASSERT_TRUE(
            bench.wait<void>([&](auto done) { bench.rooms.join(who, room, {}, std::move(done)); }));
    }
    outcome<void> type(const login_result& u, bool typing, base::milliseconds timeout = 30s) {
        return bench.wait<void>([&](auto done) {
            bench.ephemeral.set_typing(u.who, room, typing, timeout, std::move(done));
        });
    }
    outcome<void> read(const login_result& u, const std::string& kind, const std::string& event) {
        return bench.wait<void>(
            [&](auto done) { bench.ephemeral.receipt(u.who, room, kind, event, std::move(done)); });
    }
    std::vector<std::string> typing() { return bench.ephemeral.typing(room).user_ids; }
    std::uint64_t news(const login_result& u) { return bench.ephemeral.news_position(u.who.user); }

    test::house_bench bench;
    login_result alice = bench.sign_up("alice");
    login_result bob = bench.sign_up("bob");
    login_result eve = bench.sign_up("eve");
    room_key room;
};

TEST_F(ephemeral_test, typing_is_news_to_the_members_and_ends_by_itself) {
    const auto before = news(bob);
    const auto eves = news(eve);
    ASSERT_TRUE(type(alice, true, 30s));
    EXPECT_EQ(typing(), std::vector<std::string>{"@alice:porch.test"});
    const auto during = bench.ephemeral.typing(room).position;
    EXPECT_GT(during, before);
    EXPECT_EQ(news(bob), during);
    EXPECT_EQ(news(eve), eves) << "no news to others";
    bench.advance(29s);
    EXPECT_EQ(typing().size(), 1u);
    bench.advance(2s);
    EXPECT_TRUE(typing().empty());
    EXPECT_GT(bench.ephemeral.typing(room).position, during) << "the end is news too";
}

TEST_F(ephemeral_test, typing_on_is_no_news) {
    ASSERT_TRUE(type(alice, true, 30s));
    const auto first = bench.ephemeral.typing(room).position;
    bench.advance(20s);
    ASSERT_TRUE(type(alice, true, 30s));
    EXPECT_EQ(bench.ephemeral.typing(room).position, first);
    bench.advance(20s);
    EXPECT_EQ(typing().size(), 1u) << "the earlier end no longer counts";
    ASSERT_TRUE(type(alice, false));
    EXPECT_TRUE(typing().empty());
    const auto ended = bench.ephemeral.typing(room).position;
    ASSERT_TRUE(type(alice, false));
    EXPECT_EQ(bench.ephemeral.typing(room).position, ended);
}

TEST_F(ephemeral_test, typing_has_a_longest_time) {
    ASSERT_TRUE(type(alice, true, 24h));
    bench.advance(base::limits::typing_timeout_max + 1s);
    EXPECT_TRUE(typing().empty());
}

TEST_F(ephemeral_test, only_members_type_and_read) {
    EXPECT_EQ(type(eve, true).error().code, errc::forbidden);
    EXPECT_EQ(read(eve, "m.read", "$x").error().code, errc::forbidden);
    EXPECT_EQ(read(bob, "m.read", "x").error().code, errc::invalid_param);
    EXPECT_EQ(read(bob, "m.odd", "$x").error().code, errc::invalid_param);
}

TEST_F(ephemeral_test, who_left_types_no_more) {
    ASSERT_TRUE(type(bob, true));
    ASSERT_TRUE(bench.wait<void>([&](auto done) {
        bench.rooms.set_membership(bob.who, room, "@bob:porch.test", membership::leave, "",
                                   std::move(done));
    }));
    EXPECT_TRUE(typing().empty());
}

TEST_F(ephemeral_test, typing_and_reading_are_activity_unless_switched_off) {
    const auto seen = [&] {
        return bench.engine.look(bob.who.user, bob.who.user, bench.clock.at)->last_active;
    };
    bench.advance(1min);
    ASSERT_TRUE(type(bob, true));
    EXPECT_EQ(seen(), bench.clock.at.wall);
    bench.advance(1min);
    ASSERT_TRUE(read(bob, "m.read", "$x"));
    EXPECT_EQ(seen(), bench.clock.at.wall);
    const auto last = seen();
    bench.config.typing_is_activity = false;
    bench.advance(1min);
    ASSERT_TRUE(type(bob, true));
    ASSERT_TRUE(read(bob, "m.read", "$y"));
    EXPECT_EQ(seen(), last);
}

TEST_F(ephemeral_test, a_receipt_is_durable_before_anyone_hears_of_it) {
    bench.log_device.held = true;
    const auto before = news(alice);
    bool done = false;
    bench.ephemeral.receipt(bob.who, room, "m.read", "$x",
                            [&](outcome<void> r) { done = r.has_value(); });
    bench.settle();
    EXPECT_FALSE(done);
    EXPECT_EQ(news(alice), before);
    bench.log_device.held = false;
    bench.settle();
    EXPECT_TRUE(done);
    EXPECT_GT(news(alice), before);
    EXPECT_EQ(bench.store->receipts(room, 0).size(), 1u);
    bench.store->refuse_commits(true);
    EXPECT_EQ(read(bob, "m.read", "$y").error().code, errc::unavailable);
}

TEST_F(ephemeral_test, a_private_receipt_is_news_to_its_user_alone) {
    const auto before = news(alice);
    ASSERT_TRUE(read(bob, "m.read.private", "$x"));
    EXPECT_EQ(news(alice), before);
    EXPECT_GT(news(bob), before);
}

TEST_F(ephemeral_test, account_data_is_news_to_its_user_alone) {
    const auto before = news(alice);
    const auto set = [&](const std::string& type, const std::string& content) {
        return bench.wait<void>([&](auto done) {
            bench.ephemeral.set_account_data(bob.who, room_key{}, type, content, std::move(done));
        });
    };
    ASSERT_TRUE(set("m.direct", "{}"));
    EXPECT_GT(bench.ephemeral.account_data_position(bob.who.user), before);
    EXPECT_EQ(news(alice), before);
    EXPECT_EQ(set("", "{}").error().code, errc::invalid_param);
    EXPECT_EQ(set("t", std::string(base::limits::account_data_bytes_max + 1, 'x')).error().code,
              errc::too_large);
}

TEST_F(ephemeral_test, after_a_restart_what_was_stored_counts_as_news_to_older_tokens) {
    ASSERT_TRUE(read(bob, "m.read", "$x"));
    const auto last = bench.ephemeral.receipts_position(room);
    test::house_bench after(bench.store);
    EXPECT_GE(after.ephemeral.receipts_position(room), last);
    EXPECT_GE(after.ephemeral.news_position(alice.who.user), last);
    EXPECT_LE(after.ephemeral.news_position(alice.who.user), after.log.last_applied());
}

}  // namespace
}  // namespace porchlight::homeserver
