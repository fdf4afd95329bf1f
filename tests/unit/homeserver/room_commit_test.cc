#include <gtest/gtest.h>

#include "base/limits.h"
#include "homeserver/rooms/limits_reached.h"
#include "unit/homeserver/room_bench.h"

// Commit before apply: the queue of a room, transactions, and commits that fail.
namespace porchlight::homeserver {
namespace {

using matrix::errc;
using test::code_of;
using test::room_bench;

class rooms_commit : public testing::Test {
  protected:
    // Starts and leaves the answer to come.
    using answer = std::shared_ptr<std::optional<outcome<std::string>>>;
    answer begin(caller who, const std::string& text, const std::string& txn = {}) {
        auto got = std::make_shared<std::optional<outcome<std::string>>>();
        house.rooms.send(who, r, "m.room.message", {{"body", text}}, "send", txn,
                         [got](outcome<std::string> result) { *got = std::move(result); });
        return got;
    }
    answer begin_state(caller who, const std::string& topic) {
        auto got = std::make_shared<std::optional<outcome<std::string>>>();
        house.rooms.set_state(who, r, "m.room.topic", "", {{"topic", topic}},
                              [got](outcome<std::string> result) { *got = std::move(result); });
        return got;
    }

    room_bench house;
    caller alice = house.person("alice"), bob = house.person("bob");
    room_key r = house.create_open(alice);
};

TEST_F(rooms_commit, nothing_is_seen_before_the_commit) {
    house.log_device.held = true;
    bool joined = false;
    house.rooms.join(bob, r, {}, [&](outcome<void>) { joined = true; });
    house.settle();
    EXPECT_FALSE(joined);
    EXPECT_EQ(house.is(bob, r), membership::none);
    EXPECT_FALSE(house.engine.shares_room(alice.user, bob.user));
    house.log_device.held = false;
    house.settle();
    EXPECT_TRUE(joined);
    EXPECT_EQ(house.is(bob, r), membership::join);
    EXPECT_TRUE(house.engine.shares_room(alice.user, bob.user));
}

TEST_F(rooms_commit, messages_do_not_wait_for_each_other) {
    house.log_device.held = true;
    begin(alice, "one");
    begin(alice, "two");
    begin(alice, "three");
    EXPECT_EQ(house.log_device.waiting(), 3U);
    house.log_device.held = false;
    house.settle();
    const auto events = house.events(r);
    const auto& last = events[events.size() - 1];
    const auto& before = events[events.size() - 2];
    EXPECT_EQ(house.stored(last.event_id).at("prev_events").as_array()[0].as_string(),
              before.event_id);
}

TEST_F(rooms_commit, a_state_change_waits_for_the_one_before_and_blocks_what_follows) {
    house.log_device.held = true;
    const auto first = begin_state(alice, "one");
    const auto second = begin_state(alice, "two");
    const auto message = begin(alice, "hello");
    EXPECT_EQ(house.log_device.waiting(), 1U);
    house.log_device.held = false;
    house.settle();
    EXPECT_TRUE((*first)->has_value() && (*second)->has_value() && (*message)->has_value());
    EXPECT_EQ(house.state_content(r, "m.room.topic").at("topic"), "two");
}

TEST_F(rooms_commit, what_follows_a_ban_is_judged_after_it) {
    ASSERT_TRUE(house.join(bob, r));
    house.log_device.held = true;
    house.rooms.set_membership(alice, r, "@bob:porch.test", membership::ban, "",
                               [](outcome<void>) {});
    const auto message = begin(bob, "too late");
    house.log_device.held = false;
    house.settle();
    EXPECT_EQ(code_of(**message), errc::forbidden);
}

TEST_F(rooms_commit, a_failed_commit_changes_nothing) {
    const auto events = house.events(r).size();
    const auto news = house.rooms.last_position(r);
    house.log_device.full = true;
    EXPECT_EQ(code_of(house.join(bob, r)), errc::unavailable);
    EXPECT_EQ(code_of(house.set(alice, r, "m.room.join_rules", {{"join_rule", "invite"}})),
              errc::unavailable);
    EXPECT_EQ(code_of(house.send(alice, r, "lost")), errc::unavailable);
    EXPECT_EQ(code_of(house.try_create(bob, {})), errc::unavailable);
    EXPECT_EQ(house.is(bob, r), membership::none);
    EXPECT_TRUE(house.rooms.is_public(r));
    EXPECT_TRUE(house.rooms.rooms_of(bob.user).empty());
    EXPECT_EQ(house.rooms.last_position(r), news);
    house.log_device.full = false;
    const auto id = house.send(alice, r, "kept").value();
    const auto all = house.events(r);
    EXPECT_EQ(all.size(), events + 1);
    EXPECT_EQ(house.stored(id).at("prev_events").as_array()[0].as_string(),
              all[all.size() - 2].event_id);
}

TEST_F(rooms_commit, an_alias_whose_room_failed_is_free_again) {
    create_room wish;
    wish.room_alias_name = "porch";
    house.log_device.full = true;
    EXPECT_EQ(code_of(house.try_create(alice, wish)), errc::unavailable);
    house.log_device.full = false;
    EXPECT_TRUE(house.try_create(alice, wish));
}

TEST_F(rooms_commit, one_transaction_id_is_one_event) {
    const auto count = house.events(r).size();
    const auto first = house.send(alice, r, "hello", "t1").value();
    EXPECT_EQ(house.send(alice, r, "hello", "t1").value(), first);
    EXPECT_NE(house.send(alice, r, "hello", "t2").value(), first);
    EXPECT_EQ(house.events(r).size(), count + 2);
}

TEST_F(rooms_commit, a_repeat_in_flight_gets_the_same_event) {
    house.log_device.held = true;
    const auto first = begin(alice, "hello", "t1");
    const auto second = begin(alice, "hello", "t1");
    house.settle();
    EXPECT_FALSE(*first || *second);
    house.log_device.held = false;
    house.settle();
    EXPECT_EQ((*first)->value(), (*second)->value());
}

TEST_F(rooms_commit, a_failed_transaction_may_be_tried_again) {
    house.log_device.full = true;
    EXPECT_EQ(code_of(house.send(alice, r, "hello", "t1")), errc::unavailable);
    house.log_device.full = false;
    EXPECT_TRUE(house.send(alice, r, "hello", "t1"));
}

TEST_F(rooms_commit, transactions_outlive_a_restart) {
    const auto first = house.send(alice, r, "hello", "t1").value();
    room_bench again(house.store);
    again.clock.at.wall += std::chrono::hours{1};
    EXPECT_EQ(again.send(alice, r, "hello", "t1").value(), first);
    EXPECT_NE(again.send(alice, r, "hello", "t2").value(), first);
    again.cold.full = true;
    EXPECT_EQ(code_of(again.send(alice, r, "hello", "t3")), errc::unavailable);
}

TEST_F(rooms_commit, a_full_queue_answers_503_and_is_counted) {
    const auto counted = room_queue_limit_reached.value();
    house.log_device.held = true;
    for (std::size_t i = 0; i <= base::limits::room_queue_max; ++i) {
        begin_state(alice, "topic");  // one in flight, the rest waits
    }
    const auto refused = begin_state(alice, "one too many");
    ASSERT_TRUE(*refused);
    EXPECT_EQ(code_of(**refused), errc::unavailable);
    EXPECT_EQ(room_queue_limit_reached.value(), counted + 1);
    house.log_device.held = false;
    house.settle();
    EXPECT_TRUE(house.set(alice, r, "m.room.topic", {}));
}

TEST_F(rooms_commit, the_stored_membership_ends_with_the_exact_presence_position) {
    ASSERT_TRUE(house.join(bob, r));
    std::uint64_t stored = 0;
    house.store->memberships([&](ports::membership_row&& row) {
        if (row.user == bob.user) {
            stored = row.presence_position;
        }
    });
    EXPECT_GT(stored, 0U);
    EXPECT_LE(stored, house.engine.current_token().presence);
}

}  // namespace
}  // namespace porchlight::homeserver
