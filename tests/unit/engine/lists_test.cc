#include "unit/engine/world.h"

// Behaviour 3: acceptances on presence lists, visibility and blocks as the engine tells of them.
namespace porchlight::engine::testing {
namespace {

using enum presence::user_visibility;

void expect_offline(const shown* seen, const std::string& text,
                    std::optional<wall_time> last_active) {
    ASSERT_NE(seen, nullptr);
    EXPECT_EQ(seen->s, state::offline);
    EXPECT_FALSE(seen->active);
    EXPECT_EQ(seen->text, text);
    EXPECT_EQ(seen->last_active, last_active);
}

TEST(lists, an_acceptance_is_a_reason_without_a_room) {
    world w;
    w.put(bob, 20, state::online, "in");
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    w.advance(1s);
    EXPECT_FALSE(w.e->look(alice, bob, w.now));
    w.accept(bob, alice);
    w.advance(1s);
    ASSERT_NE(w.got(n).of(bob), nullptr);
    EXPECT_EQ(w.got(n).of(bob)->s, state::online);
    EXPECT_EQ(w.got(n).of(bob)->text, "in");
    EXPECT_TRUE(w.e->look(alice, bob, w.now));
    EXPECT_FALSE(w.e->look(bob, alice, w.now)) << "consent goes one way";
    // And from then on each change is told.
    const std::uint32_t m = w.open(alice, 10, w.got(n).next);
    w.advance(1s);
    w.put(bob, 20, state::unavailable);
    w.advance(1s);
    EXPECT_EQ(w.got(m).of(bob)->s, state::unavailable);
}

TEST(lists, the_subject_hears_nothing_of_who_observes) {
    world w;
    w.put(alice, 10, state::online);
    const std::uint32_t n = w.open(bob, 20, w.first(bob, 20));
    w.accept(bob, alice);
    w.put(alice, 10, state::unavailable);
    w.advance(1s);
    EXPECT_FALSE(w.answered(n));
}

TEST(lists, an_acceptance_of_somebody_offline_gives_one_event_too) {
    world w;
    w.put(bob, 20, state::online);
    w.e->device_removed(bob, device_key{20}, w.now);
    const token t = w.first(alice, 10, false);
    w.accept(bob, alice);
    const answer a = w.look_in(alice, 10, t);
    ASSERT_NE(a.of(bob), nullptr);
    EXPECT_EQ(a.of(bob)->s, state::offline);
    EXPECT_EQ(w.look_in(alice, 10, a.next).of(bob), nullptr) << "exactly one";
}

TEST(lists, who_sees_the_subject_already_hears_nothing_new) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    w.put(bob, 20, state::online);
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    w.accept(bob, alice);
    w.accept(bob, alice);
    w.advance(1s);
    EXPECT_FALSE(w.answered(n));
    w.leave(1, bob);  // the acceptance is a reason still
    w.advance(1s);
    EXPECT_FALSE(w.answered(n));
    EXPECT_EQ(w.look_in(alice, 11, std::nullopt).of(bob)->s, state::online);
}

TEST(lists, a_revocation_is_one_offline_with_the_activity_of_that_moment) {
    world w;
    w.accept(bob, alice);
    w.put(bob, 20, state::online, "in");
    const token t = w.first(alice, 10, false);
    const auto active = w.e->look(alice, bob, w.now)->last_active;
    const std::uint32_t n = w.open(alice, 11, w.first(alice, 11));
    w.revoke(bob, alice);
    w.advance(1s);
    expect_offline(w.got(n).of(bob), "", active);
    EXPECT_FALSE(w.e->look(alice, bob, w.now));
    w.advance(1s);
    w.put(bob, 20, state::free_for_chat);
    const answer a = w.look_in(alice, 10, t);  // a device that was away
    expect_offline(a.of(bob), "", active);
    EXPECT_EQ(w.look_in(alice, 10, a.next).of(bob), nullptr);
}

TEST(lists, acceptances_and_revocations_are_told_over_a_restart) {
    for (const bool clean : {true, false}) {
        world w;
        w.accept(carol, alice);
        w.put(bob, 20, state::online, "in");
        w.put(carol, 30, state::online);
        const token t = w.first(alice, 10, false);
        w.accept(bob, alice);
        w.revoke(carol, alice);
        w.advance(1s);
        w.restart(clean);
        const answer a = w.look_in(alice, 10, t);
        ASSERT_NE(a.of(bob), nullptr);
        EXPECT_EQ(a.of(bob)->text, "in");
        ASSERT_NE(a.of(carol), nullptr);
        EXPECT_EQ(a.of(carol)->s, state::offline);
        const answer b = w.look_in(alice, 10, a.next);
        EXPECT_EQ(b.of(bob), nullptr);
        EXPECT_EQ(b.of(carol), nullptr);
    }
}

TEST(lists, what_a_kill_cut_off_is_told_all_the_same) {
    world w;
    w.accept(carol, alice);
    w.put(bob, 20, state::online, "in");
    w.put(carol, 30, state::online);
    const token t = w.first(alice, 10, false);
    w.advance(1s);
    // Both were committed, and came to the engine no more.
    w.disk.acceptances = {{{alice.value, bob.value}, 0}};
    w.e = std::make_unique<engine>(w.config, w, w.disk.ceiling, false, w.now);
    for (const auto& [u, row] : w.disk.presences) {
        w.e->load_presence(row, false);
    }
    for (const auto& [u, row] : w.disk.statuses) {
        w.e->load_status(row);
    }
    w.e->load_acceptance(alice, bob, 0);
    w.e->load_acceptance_end(alice, carol);
    w.e->ready(w.now);
    const answer a = w.look_in(alice, 10, t);
    ASSERT_NE(a.of(bob), nullptr);
    ASSERT_NE(a.of(carol), nullptr);
    EXPECT_EQ(a.of(carol)->s, state::offline);
}

TEST(lists, a_first_sync_shows_those_who_accepted_and_are_not_bare) {
    world w;
    w.accept(bob, alice);
    w.accept(carol, alice);
    w.put(bob, 20, state::unavailable);
    w.e->user_added(carol, w.now);
    const answer a = w.look_in(alice, 10, std::nullopt);
    ASSERT_NE(a.of(bob), nullptr);
    EXPECT_EQ(a.of(carol), nullptr);
    EXPECT_EQ(w.e->visible_to(alice), (std::vector<user_key>{alice, bob, carol}));
}

TEST(lists, users_that_no_one_spoke_of_before_may_be_accepted) {
    world w;
    for (std::uint32_t i = 1; i < 1000; ++i) {  // the table of users grows in between
        w.accept(user_key{0}, user_key{i});
        w.accept(user_key{i + 1000}, user_key{i});
    }
    EXPECT_TRUE(w.e->may_see(user_key{1}, user_key{0}));
    EXPECT_TRUE(w.e->may_see(user_key{999}, user_key{1999}));
}

TEST(lists, many_observers_are_marked_over_many_turns) {
    settings s;
    s.units_per_call = 3;
    s.units_per_turn = 10;
    world w(s);
    std::vector<std::uint32_t> polls;
    for (std::uint32_t i = 100; i < 300; ++i) {
        w.accept(bob, user_key{i});
        polls.push_back(w.open(user_key{i}, i, w.first(user_key{i}, i)));
    }
    w.advance(1s);
    w.put(bob, 20, state::online);
    w.advance(1s);
    for (const std::uint32_t n : polls) {
        ASSERT_NE(w.got(n).of(bob), nullptr);
    }
}

// --- visibility ---

TEST(visibility_of_a_user, lists_only_takes_rooms_away_and_leaves_lists) {
    world w;
    for (const user_key u : {alice, bob, carol}) {
        w.join(1, u);
    }
    w.accept(bob, carol);
    w.put(bob, 20, state::online, "in");
    const auto active = w.e->look(alice, bob, w.now)->last_active;
    const token away = w.first(alice, 11, false);
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    const std::uint32_t m = w.open(carol, 30, w.first(carol, 30, false), 30s, false);
    w.advance(200ms);
    w.show(bob, lists_only);
    EXPECT_FALSE(w.e->may_see(alice, bob));
    w.advance(1s);
    expect_offline(w.got(n).of(bob), "", active);
    w.advance(1s);
    EXPECT_FALSE(w.answered(m)) << "who sees bob by his list hears of no change";
    EXPECT_TRUE(w.e->may_see(bob, alice)) << "bob's setting is about bob";
    w.put(bob, 20, state::unavailable);
    w.advance(1s);
    EXPECT_EQ(w.got(m).of(bob)->s, state::unavailable);
    expect_offline(w.look_in(alice, 11, away).of(bob), "", active);
    EXPECT_EQ(w.look_in(alice, 12, std::nullopt).of(bob), nullptr);
}

TEST(visibility_of_a_user, nobody_takes_lists_away_too_and_everyone_gives_all_back) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    w.accept(bob, carol);
    w.put(bob, 20, state::online, "in");
    const token of_alice = w.first(alice, 10, false), of_carol = w.first(carol, 30, false);
    w.show(bob, nobody);
    EXPECT_FALSE(w.e->look(carol, bob, w.now));
    EXPECT_TRUE(w.e->look(bob, bob, w.now));
    const answer a = w.look_in(alice, 10, of_alice), c = w.look_in(carol, 30, of_carol);
    EXPECT_EQ(a.of(bob)->s, state::offline);
    EXPECT_EQ(c.of(bob)->s, state::offline);
    const std::uint32_t n = w.open(carol, 31, w.first(carol, 31));
    w.show(bob, everyone);
    w.advance(1s);
    EXPECT_EQ(w.got(n).of(bob)->text, "in");
    const answer b = w.look_in(alice, 10, a.next);
    EXPECT_EQ(b.of(bob)->text, "in");
    EXPECT_EQ(w.look_in(alice, 10, b.next).of(bob), nullptr);
}

TEST(visibility_of_a_user, is_told_over_a_restart) {
    for (const bool clean : {true, false}) {
        world w;
        w.join(1, alice);
        w.join(1, bob);
        w.put(bob, 20, state::online, "in");
        const token t = w.first(alice, 10, false);
        w.show(bob, lists_only);
        w.advance(1s);
        w.restart(clean);
        const answer a = w.look_in(alice, 10, t);
        ASSERT_NE(a.of(bob), nullptr);
        EXPECT_EQ(a.of(bob)->s, state::offline);
        w.show(bob, everyone);
        w.advance(1s);
        w.restart(clean);
        EXPECT_EQ(w.look_in(alice, 10, a.next).of(bob)->text, "in");
    }
}

TEST(visibility_of_a_user, a_kill_before_the_losses_were_written) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    w.put(bob, 20, state::online, "in");
    const token t = w.first(alice, 10, false);
    w.advance(1s);
    w.e = std::make_unique<engine>(w.config, w, w.disk.ceiling, false, w.now);
    for (const auto& [key, p] : w.disk.memberships) {
        w.e->load_membership(room_key{key.first}, user_key{key.second}, p);
    }
    w.e->load_presence(w.disk.presences[bob.value], false);
    w.e->load_visibility(bob, lists_only, 0, everyone);
    w.e->ready(w.now);
    ASSERT_NE(w.look_in(alice, 10, t).of(bob), nullptr);
    EXPECT_EQ(w.look_in(alice, 10, t).of(bob)->s, state::offline);
}

// Whoever was never shown leaves nothing behind when a reason ends that never was one.
TEST(visibility_of_a_user, the_activity_of_the_unseen_does_not_leak) {
    world w;
    w.put(bob, 20, state::online, "in");
    w.show(bob, lists_only);
    w.join(1, bob);
    w.join(1, alice);
    const token t = w.first(alice, 10, false);
    w.leave(1, alice);
    EXPECT_EQ(w.look_in(alice, 10, t).of(bob), nullptr);
    w.join(1, alice);
    const token u = w.first(alice, 10, false);
    w.config.rooms = rooms_policy::none;
    w.e->reconfigure(w.config, w.now);
    w.advance(1s);
    EXPECT_EQ(w.look_in(alice, 10, u).of(bob), nullptr);
    w.show(bob, nobody);
    EXPECT_EQ(w.look_in(alice, 10, u).of(bob), nullptr);
    w.show(bob, everyone);
    EXPECT_EQ(w.look_in(alice, 10, u).of(bob), nullptr);
}

TEST(visibility_of_a_user, a_room_that_ended_before_is_told_to_who_was_away) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    w.put(bob, 20, state::online, "in");
    const token t = w.first(alice, 10, false);
    w.config.rooms = rooms_policy::none;
    w.e->reconfigure(w.config, w.now);
    w.advance(1s);
    w.show(bob, lists_only);
    w.advance(1s);
    ASSERT_NE(w.look_in(alice, 10, t).of(bob), nullptr);
    EXPECT_EQ(w.look_in(alice, 10, t).of(bob)->s, state::offline);
}

// --- blocks ---

TEST(block, freezes_what_the_observer_sees) {
    for (const bool by_room : {false, true}) {
        world w;
        if (by_room) {
            w.join(1, alice);
            w.join(1, bob);
        } else {
            w.accept(bob, alice);
        }
        w.put(bob, 20, state::online, "in");
        const auto active = w.e->look(alice, bob, w.now)->last_active;
        const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
        const token away = w.first(alice, 11, false);
        w.advance(200ms);
        w.block(bob, alice);
        w.advance(1s);
        expect_offline(w.got(n).of(bob), "in", active);
        // Whatever bob does.
        const std::uint32_t m = w.open(alice, 10, w.got(n).next);
        w.advance(1s);
        w.put(bob, 20, state::free_for_chat, "hunting");
        w.e->profile_changed(bob, w.now);
        w.advance(1s);
        EXPECT_FALSE(w.answered(m)) << "nothing wakes her";
        const auto seen = w.e->look(alice, bob, w.now);
        ASSERT_TRUE(seen);
        EXPECT_EQ(seen->shown, state::offline);
        EXPECT_EQ(seen->text, "in");
        EXPECT_EQ(seen->last_active, active);
        const answer a = w.look_in(alice, 11, away);
        expect_offline(a.of(bob), "in", active);
        EXPECT_EQ(w.look_in(alice, 11, a.next).of(bob), nullptr);
        expect_offline(w.look_in(alice, 12, std::nullopt).of(bob), "in", active);
        EXPECT_EQ(w.e->look(bob, alice, w.now).has_value(), by_room) << "it goes one way";
    }
}

TEST(block, of_somebody_without_a_text_looks_like_offline_in_a_first_sync) {
    world w;
    w.accept(bob, alice);
    w.put(bob, 20, state::online);
    w.block(bob, alice);
    EXPECT_EQ(w.look_in(alice, 10, std::nullopt).of(bob), nullptr);
}

TEST(block, ends_with_the_state_of_now) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    w.join(1, carol);
    w.put(bob, 20, state::online, "in");
    w.block(bob, alice);
    const token t = w.first(alice, 11, false);
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    const std::uint32_t m = w.open(carol, 30, w.first(carol, 30, false), 30s, false);
    w.advance(200ms);
    w.unblock(bob, alice);
    w.advance(1s);
    EXPECT_EQ(w.got(n).of(bob)->s, state::online);
    EXPECT_FALSE(w.answered(m)) << "nobody else hears of it";
    EXPECT_EQ(w.look_in(alice, 11, t).of(bob)->text, "in");
}

TEST(block, of_who_is_offline_already_is_no_event) {
    world w;
    w.accept(bob, alice);
    w.put(bob, 20, state::online, "in");
    const token before = w.first(alice, 12, false);
    w.e->device_removed(bob, device_key{20}, w.now);
    const token t = w.first(alice, 11, false);
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    w.advance(1s);
    w.block(bob, alice);
    w.advance(1s);
    EXPECT_FALSE(w.answered(n)) << "she could tell";
    EXPECT_EQ(w.look_in(alice, 11, t).of(bob), nullptr);
    ASSERT_NE(w.look_in(alice, 12, before).of(bob), nullptr);
    EXPECT_EQ(w.look_in(alice, 12, before).of(bob)->s, state::offline);
    w.unblock(bob, alice);
    w.advance(1s);
    EXPECT_FALSE(w.answered(n));
    EXPECT_EQ(w.look_in(alice, 11, t).of(bob), nullptr);
}

TEST(block, that_ends_while_presence_is_off_leaves_no_frozen_text_with_who_was_away) {
    world w;
    w.accept(bob, alice);
    w.put(bob, 20, state::online, "in");
    w.block(bob, alice);
    w.put(bob, 20, state::online, "");
    const token t = w.first(alice, 10, false);  // "in"
    w.config.enabled = false;
    w.e->reconfigure(w.config, w.now);
    w.advance(1s);
    w.unblock(bob, alice);
    w.advance(1s);
    const answer a = w.look_in(alice, 10, t);
    ASSERT_NE(a.of(bob), nullptr);
    EXPECT_EQ(a.of(bob)->text, "");
}

TEST(block, lasts_over_a_restart_and_a_new_reason) {
    for (const bool clean : {true, false}) {
        world w;
        w.put(bob, 20, state::online, "in");
        w.block(bob, alice);  // she does not see him anyway
        w.put(bob, 20, state::free_for_chat, "later");
        w.advance(1s);
        w.restart(clean);
        const token t = w.first(alice, 10, false);
        EXPECT_FALSE(w.e->look(alice, bob, w.now)) << "a block is no reason";
        w.join(1, alice);
        w.join(1, bob);
        const answer a = w.look_in(alice, 10, t);
        ASSERT_NE(a.of(bob), nullptr);
        EXPECT_EQ(a.of(bob)->s, state::offline);
        EXPECT_EQ(a.of(bob)->text, "in");
        w.leave(1, bob);
        const answer b = w.look_in(alice, 10, a.next);
        expect_offline(b.of(bob), "", a.of(bob)->last_active);
    }
}

TEST(block, of_a_hidden_subject_freezes_what_hiding_froze) {
    world w;
    w.accept(bob, alice);
    w.put(bob, 20, state::online, "before");
    w.put(bob, 20, presence::put_request{.hide = true, .text = "secret"});
    w.block(bob, alice);
    w.put(bob, 20, presence::put_request{.asked = state::online, .unhide = true});
    EXPECT_EQ(w.e->look(alice, bob, w.now)->text, "before");
}

TEST(block, holds_for_who_peeks) {
    world w;
    w.join(1, bob);
    w.put(bob, 20, state::online, "in");
    poll p = world::a_poll(alice, 10, w.first(alice, 10), 30s);
    p.peek = room_key{1};
    const std::uint32_t n = w.poll_with(std::move(p));
    w.advance(1s);
    w.block(bob, alice);
    EXPECT_EQ(w.e->look_in(room_key{1}, alice, bob, w.now)->shown, state::offline);
    EXPECT_EQ(w.e->look_in(room_key{1}, carol, bob, w.now)->shown, state::online);
    w.show(bob, lists_only);
    EXPECT_FALSE(w.e->look_in(room_key{1}, carol, bob, w.now));
    w.advance(1s);
    (void)n;
}

}  // namespace
}  // namespace porchlight::engine::testing
