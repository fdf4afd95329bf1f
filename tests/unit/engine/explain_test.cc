#include "engine/explain.h"

#include <gtest/gtest.h>

#include "unit/engine/world.h"

// Why a user is shown as it is, and to how many.
namespace porchlight::engine::testing {
namespace {

class explain : public ::testing::Test {
  protected:
    explanation of(user_key u) { return w.e->explain(u, w.now); }
    static const explanation::device& only_device(const explanation& x) {
        EXPECT_EQ(x.devices.size(), 1U);
        static const explanation::device none;
        return x.devices.empty() ? none : x.devices.front();
    }
    world w;
};

TEST_F(explain, nobody_is_known_who_was_never_heard_of) {
    EXPECT_FALSE(of(alice).known);
    w.join(1, alice);
    EXPECT_TRUE(of(alice).known);
    EXPECT_TRUE(of(alice).devices.empty());
    EXPECT_EQ(of(alice).aggregate, state::offline);
}

TEST_F(explain, an_open_stream_makes_online_until_it_idles) {
    const token t = w.first(alice, 7);
    w.open(alice, 7, t);
    w.turn();
    const explanation x = of(alice);
    EXPECT_EQ(x.aggregate, state::online);
    EXPECT_EQ(x.streams, 1U);
    const auto& d = only_device(x);
    EXPECT_EQ(d.key, device_key{7});
    EXPECT_EQ(d.counts_as, state::online);
    EXPECT_EQ(d.streams, 1U);
    EXPECT_FALSE(d.grace_until);
    EXPECT_FALSE(d.believed);
    EXPECT_EQ(d.idle_at, w.now.wall + 5min);
}

TEST_F(explain, a_stream_that_ended_counts_for_the_grace) {
    const token t = w.first(alice, 7);
    w.open(alice, 7, t, 1s);
    w.advance(2s);
    const auto answered = w.now.wall - 1s;
    const auto x = of(alice);
    EXPECT_EQ(x.aggregate, state::online);
    EXPECT_EQ(x.streams, 0U);
    EXPECT_EQ(only_device(x).grace_until, answered + 30s);
    w.advance(30s);
    EXPECT_EQ(of(alice).aggregate, state::offline);
    EXPECT_TRUE(of(alice).devices.empty());
}

TEST_F(explain, a_put_without_a_stream_counts_for_the_idle_timeout) {
    w.put(alice, 7, state::free_for_chat);
    const auto x = of(alice);
    const auto& d = only_device(x);
    EXPECT_EQ(d.asked, state::free_for_chat);
    EXPECT_EQ(d.counts_as, state::free_for_chat);
    EXPECT_EQ(d.put_until, w.now.wall + 5min);
}

TEST_F(explain, a_device_that_idles_by_itself_is_believed) {
    const token t = w.first(alice, 7);
    w.put(alice, 7, state::unavailable);
    w.put(alice, 7, state::online);
    w.open(alice, 7, t);
    w.turn();
    const auto x = of(alice);
    EXPECT_TRUE(only_device(x).believed);
    EXPECT_FALSE(only_device(x).idle_at) << "nobody else idles it";
}

TEST_F(explain, a_device_that_asked_to_be_offline_is_named) {
    w.put(alice, 7, state::offline);
    const auto x = of(alice);
    EXPECT_EQ(only_device(x).key, device_key{7});
    EXPECT_EQ(only_device(x).asked, state::offline);
    EXPECT_EQ(only_device(x).counts_as, state::offline);
}

TEST_F(explain, hiding_is_no_secret_here_and_the_text_is) {
    w.put(alice, 7, {.hide = true, .text = "on the porch", .text_expires = w.now.wall + 1h});
    const token t = w.first(alice, 7);
    w.open(alice, 7, t);
    w.turn();
    const auto x = of(alice);
    EXPECT_TRUE(x.hidden);
    EXPECT_EQ(x.aggregate, state::online);
    EXPECT_EQ(x.text_bytes, 12U);
    EXPECT_EQ(x.text_expires, w.now.wall + 1h);
}

TEST_F(explain, observers_are_counted_once_each_and_oneself_never) {
    for (const user_key u : {alice, bob, carol}) {
        w.join(1, u);
        w.join(2, u);
    }
    w.join(2, user_key{4});
    w.accept(alice, bob);
    w.accept(alice, user_key{5});
    const auto x = of(alice);
    EXPECT_EQ(x.rooms_counting, 2U);
    EXPECT_EQ(x.seen_by.by_rooms, 3U) << "bob, carol and 4";
    EXPECT_EQ(x.seen_by.by_lists, 2U) << "bob and 5";
    EXPECT_EQ(x.seen_by.total, 4U);
    EXPECT_FALSE(x.seen_by.at_least);
    ASSERT_EQ(x.rooms.size(), 2U);
    EXPECT_EQ(x.rooms[0].key, room_key{2}) << "the larger first";
    EXPECT_EQ(x.rooms[0].members, 4U);
}

TEST_F(explain, a_user_may_show_to_lists_only_or_to_nobody) {
    w.join(1, alice);
    w.join(1, bob);
    w.accept(alice, carol);
    w.show(alice, user_visibility::lists_only);
    EXPECT_EQ(of(alice).seen_by.by_rooms, 0U);
    EXPECT_EQ(of(alice).seen_by.total, 1U);
    w.show(alice, user_visibility::nobody);
    EXPECT_EQ(of(alice).seen_by.total, 0U);
    EXPECT_EQ(of(alice).seen_by.by_lists, 0U);
    EXPECT_EQ(of(alice).visibility, user_visibility::nobody);
}

TEST_F(explain, who_is_blocked_is_counted_among_who_sees) {
    w.join(1, alice);
    w.join(1, bob);
    w.join(1, carol);
    w.block(alice, bob);
    EXPECT_EQ(of(alice).seen_by.total, 2U);
    EXPECT_EQ(of(alice).seen_by.blocked, 1U);
    w.unblock(alice, bob);
    EXPECT_EQ(of(alice).seen_by.blocked, 0U);
}

TEST_F(explain, a_room_that_does_not_count_is_told_apart) {
    w.config.rooms_excluded = {room_key{1}};
    w.e->reconfigure(w.config, w.now);
    w.join(1, alice);
    w.join(1, bob);
    w.join(2, alice);
    const auto x = of(alice);
    EXPECT_EQ(x.rooms_not_counting, 1U);
    EXPECT_EQ(x.rooms_counting, 1U);
    EXPECT_EQ(x.seen_by.total, 0U);
}

TEST_F(explain, more_members_than_are_looked_at_are_at_least_so_many) {
    const auto most = base::limits::explained_members_max;
    w.join(1, alice);
    for (std::uint32_t i = 0; i < most; ++i) {
        w.join(1, user_key{10 + i});
    }
    const auto x = of(alice);
    EXPECT_TRUE(x.seen_by.at_least);
    EXPECT_EQ(x.seen_by.total, most - 1) << "oneself was looked at, too";
    EXPECT_EQ(x.rooms[0].members, most + 1);
}

TEST_F(explain, only_so_many_rooms_are_named_and_all_are_counted) {
    const auto most = static_cast<std::uint32_t>(base::limits::explained_rooms_max);
    for (std::uint32_t r = 1; r <= most + 3; ++r) {
        w.join(r, alice);
    }
    w.join(most + 2, bob);
    const auto x = of(alice);
    EXPECT_EQ(x.rooms.size(), most);
    EXPECT_EQ(x.rooms_counting, most + 3);
    EXPECT_EQ(x.rooms[0].key, room_key{most + 2});
}

TEST_F(explain, looking_changes_nothing) {
    w.join(1, alice);
    w.join(1, bob);
    const token t = w.first(bob, 2);
    const auto waits = w.open(bob, 2, t);
    w.put(alice, 7, state::online);
    w.advance(1s);
    ASSERT_TRUE(w.answered(waits));
    const auto saved = w.saves;
    w.now.wall += 10min;
    w.now.mono += 10min;
    EXPECT_EQ(of(alice).aggregate, state::offline) << "its PUT is over, whoever noticed";
    EXPECT_EQ(w.saves, saved);
    w.turn();
    EXPECT_EQ(w.look_in(bob, 2, w.got(waits).next).of(alice)->s, state::offline)
        << "and is told as if nobody had looked";
}

// --- engine::counts::users_online ---

TEST_F(explain, users_online_are_counted_as_they_come_and_go) {
    const auto online = [this] { return w.e->statistics().users_online; };
    EXPECT_EQ(online(), 0U);
    w.put(alice, 7, state::online);
    w.put(alice, 8, state::busy);
    w.put(bob, 9, {.hide = true});
    w.put(bob, 9, {.asked = {}, .hide = true});
    EXPECT_EQ(online(), 1U);
    const token t = w.first(bob, 9);
    w.open(bob, 9, t);
    w.turn();
    EXPECT_EQ(online(), 2U) << "the hidden are counted";
    w.put(alice, 7, state::offline);
    EXPECT_EQ(online(), 2U) << "one device is left";
    w.e->device_removed(alice, device_key{8}, w.now);
    EXPECT_EQ(online(), 1U);
    w.advance(2min);
    EXPECT_EQ(online(), 0U);
}

TEST_F(explain, after_a_restart_those_of_before_are_counted_for_the_grace) {
    w.put(alice, 7, state::online);
    w.advance(1s);
    w.restart();
    w.turn();
    EXPECT_EQ(w.e->statistics().users_online, 1U);
    const auto x = of(alice);
    EXPECT_FALSE(only_device(x).key.valid());
    w.advance(2min);
    EXPECT_EQ(w.e->statistics().users_online, 0U);
}

TEST_F(explain, nobody_is_online_while_presence_is_switched_off) {
    w.put(alice, 7, state::online);
    w.config.enabled = false;
    w.e->reconfigure(w.config, w.now);
    EXPECT_EQ(w.e->statistics().users_online, 0U);
    EXPECT_FALSE(of(alice).enabled);
    w.config.enabled = true;
    w.e->reconfigure(w.config, w.now);
    EXPECT_EQ(w.e->statistics().users_online, 1U);
}

}  // namespace
}  // namespace porchlight::engine::testing
