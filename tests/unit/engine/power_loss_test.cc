#include "unit/engine/world.h"

// The power fails: what was written but not synced is gone, and the dirty file with it.
namespace porchlight::engine::testing {
namespace {

// Starts from `synced` as after a power loss, or as if it had been a kill.
void lose_power(world& w, const stored& synced, std::optional<std::uint64_t> position = {}) {
    const std::uint64_t ceiling = w.disk.ceiling;
    w.disk = synced;
    w.disk.ceiling = ceiling;
    w.disk.dirty.clear();
    w.disk.power_loss = position.value_or(world::from_now);
    w.restart(false);
}

TEST(power_loss, a_state_that_was_never_stored_is_told_over_to_its_token) {
    for (const bool known : {false, true}) {
        world w;
        w.join(1, alice);
        w.join(1, bob);
        const stored synced = w.disk;
        w.put(bob, 20, state::online);
        const token t = w.first(alice, 10, false);
        lose_power(w, synced, known ? std::nullopt : std::optional<std::uint64_t>{0});
        const answer a = w.look_in(alice, 10, t);
        // Not known to be a power loss, Bob stays online for her: what this test is there to see.
        ASSERT_EQ(a.of(bob) != nullptr, known);
        if (known) {
            EXPECT_EQ(a.of(bob)->s, state::offline);
            EXPECT_EQ(w.look_in(alice, 10, a.next).of(bob), nullptr) << "told once";
        }
    }
}

TEST(power_loss, whoever_left_in_the_lost_second_goes_offline) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    stored synced = w.disk;
    w.put(bob, 20, state::online);
    const token t = w.first(alice, 10, false);
    w.leave(1, bob);
    synced.memberships = w.disk.memberships;  // that was durable
    w.departures = {{1, bob}};
    lose_power(w, synced);
    const answer a = w.look_in(alice, 10, t);
    ASSERT_NE(a.of(bob), nullptr);
    EXPECT_EQ(a.of(bob)->s, state::offline);
}

TEST(power_loss, a_room_whose_lost_flip_showed_somebody_ends_again) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    w.put(bob, 20, state::online);
    w.advance(2s);
    const stored synced = w.disk;
    w.config.rooms_excluded = {room_key{1}};
    w.advance(2s);
    w.put(bob, 20, state::unavailable);
    w.flips[1] = {false, w.e->current_token().presence};  // the last one that was stored
    const token t = w.first(alice, 10, false);            // she saw Bob after a later one
    lose_power(w, synced);
    const answer a = w.look_in(alice, 10, t);
    ASSERT_NE(a.of(bob), nullptr);
    EXPECT_EQ(a.of(bob)->s, state::offline);
}

TEST(power_loss, that_takes_the_end_of_a_deactivated_users_text_does_not_show_it_again) {
    for (const bool expires : {false, true}) {
        world w;
        w.join(1, alice);
        w.join(1, bob);
        presence::put_request lunch{.asked = state::online, .text = "lunch"};
        if (expires) {
            lunch.text_expires = w.now.wall + 60s;
        }
        w.put(bob, 20, lunch);
        const token t = w.first(alice, 10, false);
        w.advance(2s);
        w.deactivated = {bob};
        lose_power(w, stored(w.disk));
        EXPECT_EQ(w.look_in(alice, 10, t).of(bob)->text, "");
    }
}

// Whether the room ever counted is lost too.
TEST(power_loss, the_activity_of_who_may_never_have_been_seen_does_not_leak) {
    for (const bool leaves : {false, true}) {
        settings s;
        s.rooms = rooms_policy::not_public;
        world w(s);
        w.disk.rooms[1] = true;
        w.e->room_public(room_key{1}, true, w.now);
        w.join(1, alice);
        w.join(1, bob);
        w.put(bob, 20, state::online);
        const token t = w.first(alice, 10, false);
        w.advance(2s);
        const stored synced = w.disk;
        lose_power(w, synced);
        if (leaves) {
            w.leave(1, bob);
        }
        const answer a = w.look_in(alice, 10, t);
        ASSERT_NE(a.of(bob), nullptr);
        EXPECT_EQ(a.of(bob)->s, state::offline);
        EXPECT_FALSE(a.of(bob)->last_active);
    }
}

TEST(power_loss, old_tokens_hear_of_it_after_later_restarts_too_and_nothing_is_written_for_that) {
    world w;
    for (const user_key u : {alice, bob, carol}) {
        w.join(1, u);
    }
    const stored synced = w.disk;
    w.put(bob, 20, state::online);
    const token t = w.first(alice, 10, false);
    lose_power(w, synced);
    w.advance(10s);
    const std::size_t saves = w.saves;
    EXPECT_EQ(saves, 0U) << "one number stands for everybody";
    const token current = w.first(alice, 11, false);
    w.restart(true);
    w.restart(false);
    EXPECT_NE(w.look_in(alice, 10, t).of(bob), nullptr);
    EXPECT_TRUE(w.look_in(alice, 11, current).events.empty());
}

TEST(power_loss, an_answer_that_is_cut_goes_on_behind_the_cut) {
    class one_at_a_time final : public subject_filter {
        bool accepts(user_key) const override { return true; }
        std::size_t limit() const override { return 1; }
    };
    world w;
    for (const user_key u : {alice, bob, carol}) {
        w.join(1, u);
    }
    const stored synced = w.disk;
    w.put(bob, 20, state::online);
    token t = w.first(alice, 10, false);
    lose_power(w, synced);
    std::set<std::uint32_t> told;
    for (int i = 0; i < 3; ++i) {
        poll p = world::a_poll(alice, 10, t, 0ms);
        p.marks.marks = false;
        p.filter = std::make_shared<one_at_a_time>();
        const std::uint32_t n = w.poll_with(std::move(p));
        w.turn();
        ASSERT_EQ(w.got(n).events.size(), 1U);
        told.insert(w.got(n).events[0].user.value);
        t = w.got(n).next;
    }
    EXPECT_EQ(told, (std::set<std::uint32_t>{alice.value, bob.value, carol.value}));
}

}  // namespace
}  // namespace porchlight::engine::testing
