#include "unit/engine/world.h"

namespace porchlight::engine::testing {
namespace {

TEST(visibility, losing_last_reason_one_offline) {
    world w;
    for (const user_key u : {alice, bob}) {
        w.join(1, u);
        w.join(2, u);
    }
    w.put(bob, 20, state::online, "text");
    token t = w.first(alice, 10, false);
    w.leave(1, bob);
    EXPECT_EQ(w.look_in(alice, 10, t).of(bob), nullptr);  // room 2 is still a reason
    const auto active = w.e->look(alice, bob, w.now)->last_active;
    w.leave(2, bob);
    const answer a = w.look_in(alice, 10, t);
    ASSERT_NE(a.of(bob), nullptr);
    EXPECT_EQ(a.of(bob)->s, state::offline);
    EXPECT_EQ(a.of(bob)->text, "");
    EXPECT_EQ(a.of(bob)->last_active, active);
    EXPECT_FALSE(w.e->look(alice, bob, w.now));
    w.put(bob, 20, state::free_for_chat);
    EXPECT_EQ(w.look_in(alice, 10, a.next).of(bob), nullptr);
    // bob's own devices are told the same of alice only if she ever showed anything.
    EXPECT_EQ(w.look_in(alice, 11, t).of(bob)->s, state::offline);  // another device, later
}

TEST(visibility, loss_survives_restart) {
    for (const bool clean : {true, false}) {
        world w;
        w.join(1, alice);
        w.join(1, bob);
        w.put(bob, 20, state::online);
        const token t = w.first(alice, 10, false);
        w.leave(1, bob);
        w.advance(2s);
        w.restart(clean);
        const answer a = w.look_in(alice, 10, t);
        ASSERT_NE(a.of(bob), nullptr);
        EXPECT_EQ(a.of(bob)->s, state::offline);
        EXPECT_EQ(w.look_in(alice, 10, a.next).of(bob), nullptr);
    }
}

TEST(visibility, departure_just_before_a_crash_is_told) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    w.put(bob, 20, state::online);
    const token t = w.first(alice, 10, false);
    w.advance(2s);
    w.disk.memberships.erase({1, bob.value});  // committed, then killed before anything else
    w.e = std::make_unique<engine>(w.config, w, w.disk.ceiling, false, w.now);
    w.e->load_membership(room_key{1}, alice, 5);
    w.e->load_presence(w.disk.presences[bob.value], false);
    w.e->load_departure(room_key{1}, bob);
    w.e->ready(w.now);
    const answer a = w.look_in(alice, 10, t);
    ASSERT_NE(a.of(bob), nullptr);
    EXPECT_EQ(a.of(bob)->s, state::offline);
}

TEST(visibility, rejoin_forgets_the_loss) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    w.put(bob, 20, state::online);
    const token t = w.first(alice, 10, false);
    w.leave(1, bob);
    w.turn();
    w.join(1, bob);
    w.turn();
    EXPECT_TRUE(w.disk.losses.empty());
    const answer a = w.look_in(alice, 10, t);
    ASSERT_NE(a.of(bob), nullptr);
    EXPECT_EQ(a.of(bob)->s, state::online);
}

TEST(visibility, new_room_member_presence_present) {
    world w;
    w.join(1, alice);
    w.join(2, bob);
    w.put(bob, 20, state::online, "new here");
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    const token away = w.first(alice, 11, false);
    const token of_bob = w.first(bob, 20, false);
    w.advance(1s);
    w.join(1, bob);
    w.turn();
    ASSERT_NE(w.got(n).of(bob), nullptr);
    EXPECT_EQ(w.got(n).of(bob)->text, "new here");
    EXPECT_NE(w.look_in(alice, 11, away).of(bob), nullptr);
    const answer b = w.look_in(bob, 20, of_bob);
    ASSERT_NE(b.of(alice), nullptr);
    EXPECT_EQ(b.of(alice)->s, state::online);
    w.join(3, alice);
    w.join(3, bob);  // one more reason is no news
    EXPECT_EQ(w.look_in(bob, 20, b.next).of(alice), nullptr);
}

TEST(visibility, gaining_a_reason_tells_of_the_offline_too) {
    world w;
    w.join(1, alice);
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    w.advance(1s);
    w.join(1, bob);  // never seen
    w.turn();
    ASSERT_NE(w.got(n).of(bob), nullptr);
    EXPECT_EQ(w.got(n).of(bob)->s, state::offline);
    EXPECT_FALSE(w.got(n).of(bob)->last_active);
}

TEST(visibility, public_room_stops_to_count_and_counts_again) {
    settings s;
    s.rooms = rooms_policy::not_public;
    world w(s);
    w.join(1, alice);
    w.join(1, bob);
    w.join(1, carol);
    w.put(bob, 20, state::online);
    const token away = w.first(alice, 11, false);
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    w.advance(1s);
    w.e->room_public(room_key{1}, true, w.now);
    w.turn();
    ASSERT_NE(w.got(n).of(bob), nullptr);
    EXPECT_EQ(w.got(n).of(bob)->s, state::offline);
    EXPECT_EQ(w.got(n).of(carol), nullptr);  // showed nothing
    EXPECT_FALSE(w.e->may_see(alice, bob));
    EXPECT_TRUE(w.e->shares_room(alice, bob));
    EXPECT_EQ(w.look_in(alice, 11, away).of(bob)->s, state::offline);
    const token t = w.got(n).next;
    w.e->room_public(room_key{1}, false, w.now);
    EXPECT_EQ(w.look_in(alice, 10, t).of(bob)->s, state::online);
}

TEST(visibility, an_excluded_room_does_not_count) {
    settings s;
    s.rooms_excluded = {room_key{1}};
    world w(s);
    w.join(1, alice);
    w.join(1, bob);
    w.join(2, alice);
    w.join(2, carol);
    EXPECT_FALSE(w.e->may_see(alice, bob));
    EXPECT_TRUE(w.e->may_see(alice, carol));
    s.rooms_excluded = {room_key{2}};
    w.e->reconfigure(s, w.now);
    EXPECT_TRUE(w.e->may_see(alice, bob));
    EXPECT_FALSE(w.e->may_see(alice, carol));
}

TEST(visibility, too_large_a_room_does_not_count_with_hysteresis) {
    settings s;
    s.room_members_max = 10;
    world w(s);
    for (std::uint32_t i = 0; i < 10; ++i) {
        w.join(1, user_key{100 + i});
    }
    EXPECT_TRUE(w.e->may_see(user_key{100}, user_key{101}));
    w.join(1, alice);
    EXPECT_FALSE(w.e->may_see(user_key{100}, user_key{101}));
    w.leave(1, alice);
    EXPECT_FALSE(w.e->may_see(user_key{100}, user_key{101}));
    w.leave(1, user_key{109});
    EXPECT_TRUE(w.e->may_see(user_key{100}, user_key{101}));
}

TEST(users, deactivated_user_goes_offline) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    const std::uint32_t of_bob = w.open(bob, 20, w.first(bob, 20));
    w.turn();
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    w.advance(1s);
    w.e->deactivated(bob, w.now);
    w.turn();
    EXPECT_TRUE(w.answered(of_bob));
    ASSERT_NE(w.got(n).of(bob), nullptr);
    EXPECT_EQ(w.got(n).of(bob)->s, state::offline);
    w.put(bob, 20, state::online);
    EXPECT_EQ(w.e->look(alice, bob, w.now)->shown, state::offline);
}

TEST(users, removed_device_is_answered_at_once_and_stops_counting) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    const std::uint32_t n = w.open(bob, 20, w.first(bob, 20));
    w.turn();
    EXPECT_EQ(w.e->look(alice, bob, w.now)->shown, state::online);
    w.e->device_removed(bob, device_key{20}, w.now);
    EXPECT_EQ(w.e->look(alice, bob, w.now)->shown, state::offline);
    w.turn();
    EXPECT_TRUE(w.answered(n));
    EXPECT_FALSE(w.got(n).timed_out);
}

TEST(users, vanished_network_ends_in_offline_after_the_grace) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    const std::uint32_t n = w.open(bob, 20, w.first(bob, 20));
    w.turn();
    w.e->gone({.thread = 0, .slot = n, .generation = n}, w.now);
    w.advance(29'999ms);
    EXPECT_EQ(w.e->look(alice, bob, w.now)->shown, state::online);
    w.advance(1ms);
    EXPECT_EQ(w.e->look(alice, bob, w.now)->shown, state::offline);
}

TEST(users, mere_polling_keeps_last_active) {
    world w;
    w.join(1, alice);
    token t = w.first(alice, 10);
    const auto active = w.e->look(alice, alice, w.now)->last_active;
    ASSERT_TRUE(active);
    for (int i = 0; i < 10; ++i) {
        const std::uint32_t n = w.open(alice, 10, t, 20s);
        w.advance(20s);
        t = w.got(n).next;
    }
    EXPECT_EQ(w.e->look(alice, alice, w.now)->last_active, active);
}

TEST(users, hidden_user_changing_unseen_things_tells_nobody) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    w.put(bob, 20, state::online, "outer");
    w.put(bob, 20, presence::put_request{.hide = true});
    const token t = w.first(alice, 10, false), own = w.first(bob, 21, false);
    w.put(bob, 21, state::free_for_chat, "inner");
    EXPECT_EQ(w.look_in(alice, 10, t).of(bob), nullptr);
    EXPECT_EQ(w.look_in(alice, 11, t).of(bob), nullptr);  // found from the token as well
    const answer a = w.look_in(bob, 22, own);
    ASSERT_NE(a.of(bob), nullptr);
    EXPECT_TRUE(a.of(bob)->hidden);
    EXPECT_EQ(a.of(bob)->text, "inner");
    EXPECT_EQ(w.e->look(alice, bob, w.now)->text, "outer");
}

TEST(users, a_text_whose_time_the_wall_clock_jumps_over_ends_at_once) {
    for (const bool is_parked : {false, true}) {
        world w;
        w.join(1, alice);
        w.join(1, bob);
        w.put(bob, 20,
              presence::put_request{
                  .asked = state::online, .text = "lunch", .text_expires = w.now.wall + 60s});
        const token t = w.first(alice, 10);
        const std::uint32_t n = is_parked ? w.open(alice, 10, t) : 0;
        w.advance(1s);
        w.now.wall += 1h;
        EXPECT_EQ(w.e->look(alice, bob, w.now)->text, "");
        w.turn();
        const answer a = is_parked ? w.got(n) : w.look_in(alice, 11, t);
        ASSERT_NE(a.of(bob), nullptr);
        EXPECT_EQ(a.of(bob)->s, state::online);
        EXPECT_EQ(a.of(bob)->text, "");
        EXPECT_EQ(w.disk.statuses[bob.value].text, "");
    }
}

TEST(users, profile_change_is_told_even_if_the_state_is_the_same) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    const token t = w.first(alice, 10, false);
    w.names[bob.value] = "Bob";
    w.e->profile_changed(bob, w.now);
    ASSERT_NE(w.look_in(alice, 10, t).of(bob), nullptr);
    EXPECT_EQ(w.look_in(alice, 10, t).of(bob)->displayname, "Bob");
}

TEST(restart, kept_online_until_the_grace_then_offline_with_the_activity_of_before) {
    for (const bool clean : {true, false}) {
        world w;
        w.config.restart_spread = 0ms;
        w.join(1, alice);
        w.join(1, bob);
        w.put(bob, 20, state::online, "text");
        w.open(bob, 20, w.first(bob, 20));
        const auto active = w.e->look(alice, bob, w.now)->last_active;
        w.advance(10s);
        const token t = w.first(alice, 10, false);
        w.restart(clean);
        EXPECT_EQ(w.e->look(alice, bob, w.now)->shown, state::online);
        w.advance(29s);
        EXPECT_EQ(w.e->look(alice, bob, w.now)->shown, state::online);
        w.advance(1s);
        const answer a = w.look_in(alice, 10, t);
        ASSERT_NE(a.of(bob), nullptr);
        EXPECT_EQ(a.of(bob)->s, state::offline);
        EXPECT_EQ(a.of(bob)->text, "text");
        EXPECT_EQ(a.of(bob)->last_active, active);
    }
}

TEST(restart, a_suppressed_device_stays_suppressed_and_takes_no_live_record) {
    for (const bool clean : {true, false}) {
        world w;
        w.join(1, alice);
        w.join(1, bob);
        w.put(bob, 20, state::offline);
        EXPECT_EQ(w.e->statistics().users_live, 0U);
        w.restart(clean);
        EXPECT_EQ(w.e->statistics().users_live, 0U);
        w.open(bob, 20, std::nullopt);
        w.advance(5s);
        EXPECT_EQ(w.e->look(alice, bob, w.now)->shown, state::offline);
        poll p = world::a_poll(bob, 20, std::nullopt, 30s);
        p.marks.asked = state::unavailable;
        w.poll_with(std::move(p));
        EXPECT_EQ(w.e->look(alice, bob, w.now)->shown, state::unavailable);
        EXPECT_TRUE(w.disk.statuses[bob.value].suppressed.empty()) << "written behind";
    }
}

TEST(restart, a_put_outlives_what_was_written_behind_while_it_was_committed) {
    world w;
    w.put(bob, 20, state::offline);
    const presence::put_request text{.asked = state::online, .text = "lunch"};
    poll p = world::a_poll(bob, 20, std::nullopt, 30s);
    p.marks.asked = state::online;
    w.poll_with(std::move(p));  // ends the suppression: its row has the old text
    w.e->put(bob, device_key{20}, text, w.now);
    EXPECT_EQ(w.disk.statuses[bob.value].text, "lunch");
}

TEST(restart, who_polls_again_stays_online_and_keeps_the_activity) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    const token t = w.first(bob, 20);
    w.open(bob, 20, t);
    const auto active = w.e->look(alice, bob, w.now)->last_active;
    w.advance(5s);
    w.restart(false);
    const std::uint32_t n = w.open(bob, 20, t, 50s);
    w.turn();
    w.open(bob, 20, w.got(n).next, 50s);  // the restart was news to the first
    w.advance(49s);
    EXPECT_EQ(w.e->look(alice, bob, w.now)->shown, state::online);
    EXPECT_EQ(w.e->look(alice, bob, w.now)->last_active, active);
}

TEST(restart, change_lost_by_a_kill_is_told_by_the_dirty_bit) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    w.put(bob, 20, state::online);
    w.advance(2s);
    const token t = w.first(alice, 10, false);
    w.put(bob, 20, state::offline);
    const answer a = w.look_in(alice, 10, t);
    ASSERT_NE(a.of(bob), nullptr);
    w.restart(false);  // nothing of the offline was saved
    const answer b = w.look_in(alice, 10, a.next);
    ASSERT_NE(b.of(bob), nullptr);
    EXPECT_EQ(b.of(bob)->s, w.e->look(alice, bob, w.now)->shown);
}

TEST(restart, positions_never_repeat_though_the_wall_clock_went_back) {
    world w;
    w.join(1, alice);
    w.put(alice, 10, state::online);
    const token t = w.first(alice, 10, false);
    w.now.wall -= 24h;
    w.restart(false);
    EXPECT_GT(w.e->current_token().presence, t.presence);
}

TEST(switching, presence_switched_off_one_final_offline) {
    world w;
    for (const user_key u : {alice, bob, carol}) {
        w.join(1, u);
    }
    w.put(bob, 20, state::online, "text");
    const token away = w.first(alice, 11, false);
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    w.advance(1s);
    settings off = w.config;
    off.enabled = false;
    w.e->reconfigure(off, w.now);
    w.turn();
    ASSERT_NE(w.got(n).of(bob), nullptr);
    EXPECT_EQ(w.got(n).of(bob)->s, state::offline);
    EXPECT_EQ(w.got(n).of(carol), nullptr);
    EXPECT_EQ(w.look_in(alice, 11, away).of(bob)->s, state::offline);
    const std::uint32_t again = w.open(alice, 10, w.got(n).next);
    w.put(bob, 20, state::unavailable, "changed meanwhile");
    w.advance(10s);
    EXPECT_FALSE(w.answered(again));
    EXPECT_EQ(w.e->look(alice, bob, w.now)->text, "");
    w.e->reconfigure(w.config, w.now);
    w.turn();
    EXPECT_EQ(w.e->look(bob, alice, w.now)->shown, state::online);  // her poll is still open
    EXPECT_EQ(w.e->look(alice, bob, w.now)->text, "changed meanwhile");
    EXPECT_NE(w.look_in(alice, 10, w.got(n).next).of(bob), nullptr);
}

TEST(switching, switched_off_nothing_is_told_and_memory_does_not_grow) {
    settings s;
    s.enabled = false;
    world w(s);
    w.join(1, alice);
    token t = w.first(alice, 10);
    for (int i = 0; i < 20; ++i) {
        w.put(alice, 10, state::online, "x");
        w.e->active(alice, device_key{10}, w.now);
        const std::uint32_t n = w.open(alice, 10, t, 10s);
        w.advance(10s);
        ASSERT_TRUE(w.got(n).events.empty());
        t = w.got(n).next;
    }
    w.put(alice, 10, state::online, "");
    w.advance(10min);
    EXPECT_EQ(w.e->statistics().users_live, 0U);
    EXPECT_EQ(w.e->statistics().updates, 0U);
    EXPECT_LE(w.saves, 2U);  // for the two texts
    EXPECT_EQ(w.disk.presences[alice.value].state, 0);
}

TEST(loading, a_million_known_users_take_no_live_record) {
    world w;
    w.e = std::make_unique<engine>(w.config, w, w.disk.ceiling, true, w.now);
    for (std::uint32_t i = 0; i < 1'000'000; ++i) {
        w.e->load_presence(
            {.user = user_key{i}, .state = 0, .last_active = w.now.wall, .changed = 7}, false);
        w.e->load_membership(room_key{i / 20}, user_key{i}, 3);
    }
    w.e->ready(w.now);
    EXPECT_EQ(w.e->statistics().users_known, 1'000'000U);
    EXPECT_EQ(w.e->statistics().users_live, 0U);
    EXPECT_FALSE(w.e->next_turn());
}

}  // namespace
}  // namespace porchlight::engine::testing
