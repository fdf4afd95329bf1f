#include "engine/saved_presence.h"
#include "unit/engine/world.h"

namespace porchlight::engine::testing {
namespace {

TEST(first_sync, has_oneself_and_who_is_not_offline_or_has_a_text) {
    world w;
    for (const user_key u : {alice, bob, carol, user_key{4}}) {
        w.join(1, u);
    }
    w.open(bob, 20, w.first(bob, 20));
    w.put(carol, 30, state::online, "back soon");
    w.put(carol, 30, state::offline);
    const answer a = w.look_in(alice, 10, std::nullopt);
    ASSERT_EQ(a.events.size(), 3U);  // user 4 was never seen
    EXPECT_EQ(a.of(alice)->s, state::offline);
    EXPECT_EQ(a.of(bob)->s, state::online);
    EXPECT_EQ(a.of(carol)->s, state::offline);
    EXPECT_EQ(a.of(carol)->text, "back soon");
}

TEST(first_sync, nobody_without_a_shared_room_is_in_it) {
    world w;
    w.join(1, alice);
    w.join(2, bob);
    w.put(bob, 20, state::online);
    EXPECT_EQ(w.look_in(alice, 10, std::nullopt).events.size(), 1U);
}

TEST(stream, change_of_another_answers_a_parked_poll) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    w.advance(1s);
    ASSERT_FALSE(w.answered(n));
    w.put(bob, 20, state::online, "hi");
    w.turn();
    ASSERT_EQ(w.got(n).events.size(), 1U);
    EXPECT_EQ(w.got(n).events[0].user, bob);
    EXPECT_EQ(w.got(n).events[0].text, "hi");
    EXPECT_FALSE(w.got(n).timed_out);
}

TEST(stream, own_update_does_not_loop) {
    world w;
    w.join(1, alice);
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    w.advance(5s);
    w.put(alice, 10, state::unavailable);
    w.turn();
    ASSERT_EQ(w.got(n).events.size(), 1U);
    const std::uint32_t again = w.open(alice, 10, w.got(n).next);
    const std::size_t saves = w.saves;
    w.advance(20s);
    EXPECT_FALSE(w.answered(again));
    EXPECT_LE(w.saves, saves + 1);
}

TEST(stream, sync_returns_empty_never_early) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    token t = w.first(alice, 10);
    w.advance(10s);
    for (int i = 0; i < 5; ++i) {
        const mono_time opened = w.now.mono;
        const std::uint32_t n = w.open(alice, 10, t);
        w.advance(30s);
        ASSERT_TRUE(w.answered(n));
        if (w.got(n).events.empty()) {
            EXPECT_TRUE(w.got(n).timed_out);
            EXPECT_EQ(w.got(n).at - opened, 30s);
        }
        t = w.got(n).next;
    }
    // The same for a token that is old, but behind which nothing happened.
    const std::uint32_t old = w.open(alice, 11, t);
    w.advance(29s);
    EXPECT_TRUE(!w.answered(old) || !w.got(old).events.empty());
}

TEST(stream, two_devices_no_flicker) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    const token observer = w.first(bob, 20, false);
    poll unavailable = world::a_poll(alice, 11, std::nullopt, 0ms);
    unavailable.marks.asked = state::unavailable;
    token phone = w.first(alice, 10), desk = w.first(alice, 11);
    std::size_t events = 0;
    token t = observer;
    for (int i = 0; i < 40; ++i) {
        w.open(alice, 10, phone, 20s);
        unavailable.since = desk;
        unavailable.timeout = 25s;
        w.poll_with(unavailable);
        w.advance(25s);
        const answer a = w.look_in(bob, 20, t);
        t = a.next;
        events += a.events.size();
        if (const shown* s = a.of(alice)) {
            EXPECT_NE(s->s, state::offline);
        }
    }
    // online with activity; activity over; idle after five minutes of a silent phone.
    EXPECT_LE(events, 3U);
}

TEST(stream, quick_flips_coalesce_last_state_arrives) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    token t = w.first(alice, 10);
    w.advance(10s);
    std::size_t answers = 0;
    std::uint32_t n = w.open(alice, 10, t);
    shown last;
    for (int i = 0; i < 100; ++i) {
        w.put(bob, 20, i % 2 == 0 ? state::unavailable : state::free_for_chat);
        w.advance(10ms);
        if (w.answered(n)) {
            ++answers;
            last = w.got(n).events.at(0);
            n = w.open(alice, 10, w.got(n).next);
        }
    }
    w.advance(200ms);
    if (w.answered(n)) {
        last = w.got(n).events.at(0);
    }
    EXPECT_LE(answers, 11U);  // one second in windows of 100 ms
    EXPECT_EQ(last.s, state::free_for_chat);
}

TEST(stream, token_of_a_concurrent_poll_misses_nothing) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    const token t = w.first(alice, 10);
    w.put(bob, 20, state::online);
    const answer a = w.look_in(alice, 10, t);
    const answer b = w.look_in(alice, 10, t);  // the same token again
    ASSERT_NE(a.of(bob), nullptr);
    ASSERT_NE(b.of(bob), nullptr);
    EXPECT_EQ(w.look_in(alice, 10, a.next).of(bob), nullptr);
}

TEST(stream, token_from_the_future_is_answered_in_full) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    w.put(bob, 20, state::online);
    w.advance(10min);
    token t = w.first(alice, 10);
    t.presence += std::uint64_t{1} << 60;
    const std::uint32_t n = w.open(alice, 10, t);
    w.turn();
    ASSERT_NE(w.got(n).of(bob), nullptr);  // also offline by now
    EXPECT_LT(w.got(n).next.presence, t.presence);
    const std::uint32_t again = w.open(alice, 10, w.got(n).next);
    w.advance(1s);
    EXPECT_TRUE(!w.answered(again) || !w.got(again).events.empty());
}

TEST(stream, token_of_what_a_restored_backup_has_lost_is_answered_in_full) {
    for (const std::uint64_t durable : {100, 150, 200}) {
        world w;
        w.disk.lost_after = 100;
        w.disk.lost_until = 200;
        w.restart();
        w.join(1, alice);
        w.join(1, bob);
        w.put(bob, 20, state::online);
        w.e->durable_applied(300);
        token t = w.first(alice, 10);
        t.durable = durable;
        const std::uint32_t n = w.open(alice, 10, t);
        w.turn();
        const bool lost = durable > 100 && durable < 200;
        EXPECT_EQ(w.answered(n), lost) << durable;
        if (lost) {
            EXPECT_TRUE(w.got(n).durable_news);
            EXPECT_NE(w.got(n).of(bob), nullptr) << "though the token knew of him";
            EXPECT_EQ(w.got(n).next.durable, 300U);
        }
    }
}

TEST(stream, vanished_client_gets_what_it_missed) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    const token t = w.first(alice, 10);
    const std::uint32_t n = w.open(alice, 10, t);
    w.turn();
    w.e->gone({.thread = 0, .slot = n, .generation = n}, w.now);
    w.e->gone({.thread = 9, .slot = n, .generation = n}, w.now);  // unknown: ignored
    w.put(bob, 20, state::online);
    w.advance(1s);
    EXPECT_FALSE(w.answered(n));
    EXPECT_NE(w.look_in(alice, 10, t).of(bob), nullptr);
}

TEST(stream, durable_news_answer_at_once_and_carry_what_is_pending) {
    world w;
    w.join(1, alice);
    w.join(1, bob);
    token t = w.first(alice, 10);
    w.advance(1s);
    const std::uint32_t before = w.open(alice, 10, t);
    w.put(bob, 20, state::online);
    w.turn();
    const std::uint32_t n = w.open(alice, 10, w.got(before).next);
    w.put(bob, 20, state::unavailable);  // within the window
    w.turn();
    ASSERT_FALSE(w.answered(n));
    w.e->durable_applied(77);
    w.e->wake(alice, w.now);
    w.turn();
    EXPECT_TRUE(w.got(n).durable_news);
    EXPECT_EQ(w.got(n).next.durable, 77U);
    ASSERT_NE(w.got(n).of(bob), nullptr);
    EXPECT_EQ(w.got(n).of(bob)->s, state::unavailable);
}

TEST(stream, resumed_poll_does_not_undo_a_put) {
    world w;
    w.join(1, alice);
    poll p = world::a_poll(alice, 10, w.first(alice, 10), 30s);
    p.marks.asked = state::online;
    p.handle = {.thread = 0, .slot = 500, .generation = 1};
    w.e->open(p, w.now);
    w.turn();
    w.put(alice, 10, state::unavailable);
    w.turn();
    p.resumed = true;
    p.since = w.got(500).next;
    w.e->open(p, w.now);
    EXPECT_EQ(w.e->look(alice, alice, w.now)->shown, state::unavailable);
}

class only final : public subject_filter {
  public:
    only(user_key u, std::size_t l) : wanted_(u), limit_(l) {}
    bool accepts(user_key u) const override { return !wanted_.valid() || u == wanted_; }
    std::size_t limit() const override { return limit_; }

  private:
    user_key wanted_;
    std::size_t limit_;
};

TEST(stream, filter_does_not_wake) {
    world w;
    for (const user_key u : {alice, bob, carol}) {
        w.join(1, u);
    }
    poll p = world::a_poll(alice, 10, w.first(alice, 10), 30s);
    p.filter = std::make_shared<only>(carol, 100);
    const std::uint32_t n = w.poll_with(p);
    w.put(bob, 20, state::online);
    w.advance(5s);
    EXPECT_FALSE(w.answered(n));
    w.put(carol, 30, state::online);
    w.turn();
    ASSERT_EQ(w.got(n).events.size(), 1U);
    EXPECT_EQ(w.got(n).events[0].user, carol);
}

TEST(stream, cut_response_continues) {
    world w;
    constexpr std::uint32_t others = 2500;
    w.join(1, alice);
    for (std::uint32_t i = 0; i < others; ++i) {
        w.join(1, user_key{100 + i});
        w.put(user_key{100 + i}, 100 + i, state::online);
    }
    w.turn();
    const answer a = w.look_in(alice, 10, std::nullopt);
    EXPECT_EQ(a.events.size(), base::limits::presence_per_response_max);
    EXPECT_NE(a.of(alice), nullptr);
    const std::uint32_t n = w.open(alice, 10, a.next);
    w.turn();
    ASSERT_TRUE(w.answered(n));
    std::set<std::uint32_t> seen;
    for (const shown& s : a.events) {
        seen.insert(s.user.value);
    }
    for (const shown& s : w.got(n).events) {
        seen.insert(s.user.value);
    }
    EXPECT_EQ(seen.size(), others + 1);
}

TEST(stream, filter_limit_gives_the_rest_in_the_next_responses) {
    world w;
    w.join(1, alice);
    for (std::uint32_t i = 0; i < 10; ++i) {
        w.join(1, user_key{100 + i});
        w.put(user_key{100 + i}, 100 + i, state::online);
    }
    std::set<std::uint32_t> seen;
    std::optional<token> t;
    for (int i = 0; i < 4; ++i) {
        poll p = world::a_poll(alice, 10, t, 30s);
        p.filter = std::make_shared<only>(user_key{}, 3);
        const std::uint32_t n = w.poll_with(p);
        w.turn();
        ASSERT_TRUE(w.answered(n)) << i;
        EXPECT_LE(w.got(n).events.size(), 3U);
        for (const shown& s : w.got(n).events) {
            EXPECT_TRUE(seen.insert(s.user.value).second || s.user == alice);
        }
        t = w.got(n).next;
    }
    EXPECT_EQ(seen.size(), 11U);
}

TEST(stream, many_changes_overflow_and_are_rebuilt) {
    world w;
    w.join(1, alice);
    for (std::uint32_t i = 0; i < 600; ++i) {
        w.join(1, user_key{100 + i});
    }
    w.turn();
    const answer all = w.look_in(alice, 10, w.first(alice, 10));
    for (std::uint32_t i = 0; i < 600; ++i) {
        w.put(user_key{100 + i}, 100 + i, state::online);
    }
    const answer a = w.look_in(alice, 10, all.next);
    EXPECT_EQ(a.events.size(), 600U);
    EXPECT_GT(w.e->statistics().overflowed, 0U);
}

TEST(stream, ninth_poll_of_a_device_ends_the_oldest) {
    world w;
    const token t = w.first(alice, 10, false);
    w.advance(1min);
    std::vector<std::uint32_t> polls;
    for (std::size_t i = 0; i <= base::limits::streams_per_device_max; ++i) {
        polls.push_back(w.open(alice, 10, t, 30s, false));
    }
    w.turn();
    EXPECT_TRUE(w.answered(polls.front()));
    EXPECT_FALSE(w.got(polls.front()).timed_out);
    EXPECT_FALSE(w.answered(polls[1]));
    EXPECT_FALSE(w.answered(polls.back()));
}

TEST(stream, peek_yields_the_members_of_that_room_only) {
    world w;
    w.join(1, bob);
    w.join(2, alice);
    w.join(2, carol);
    w.put(carol, 30, state::online);
    w.put(bob, 20, state::online);
    poll p = world::a_poll(alice, 10, std::nullopt, 0ms);
    p.peek = room_key{1};
    p.marks.marks = false;
    const std::uint32_t first = w.poll_with(p);
    w.turn();
    ASSERT_EQ(w.got(first).events.size(), 1U);
    EXPECT_EQ(w.got(first).events[0].user, bob);
    p.since = w.got(first).next;
    p.timeout = 30s;
    const std::uint32_t n = w.poll_with(p);
    w.put(carol, 30, state::unavailable);
    w.advance(1s);
    EXPECT_FALSE(w.answered(n));
    w.put(bob, 20, state::unavailable);
    w.turn();
    ASSERT_TRUE(w.answered(n));
    EXPECT_EQ(w.got(n).events.at(0).s, state::unavailable);
}

TEST(stream, fan_out_over_many_turns_reaches_all_though_members_come_and_go) {
    world w;
    constexpr std::uint32_t observers = 200;
    std::vector<std::uint32_t> polls;
    for (std::uint32_t i = 0; i < observers; ++i) {
        w.join(1, user_key{100 + i});
    }
    w.join(1, bob);
    w.turn();
    for (std::uint32_t i = 0; i < observers; ++i) {
        const token t = w.first(user_key{100 + i}, 100 + i, false);
        polls.push_back(w.open(user_key{100 + i}, 100 + i, t, 30s, false));
    }
    w.advance(1s);
    settings slow = w.config;
    slow.units_per_call = slow.units_per_turn = 4;
    w.e->reconfigure(slow, w.now);
    w.put(bob, 20, state::online);
    for (std::uint32_t gone = 0; gone < 20; ++gone) {
        w.e->turn(w.now);
        w.leave(1, user_key{100 + gone});
        w.join(1, user_key{10 + gone});
    }
    slow.units_per_turn = 40;  // for all the pairs that met and parted
    w.e->reconfigure(slow, w.now);
    w.advance(1s);
    for (std::uint32_t i = 20; i < observers; ++i) {
        ASSERT_TRUE(w.answered(polls[i])) << i;
        EXPECT_NE(w.answers[polls[i]].front().of(bob), nullptr) << i;
    }
}

TEST(stream, drain_answers_every_parked_poll) {
    world w;
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10));
    w.turn();
    w.e->drain(w.now);
    EXPECT_TRUE(w.answered(n));
    EXPECT_EQ(w.disk.presences[alice.value].state, saved_presence({state::online, true}).byte());
}

TEST(stream, next_turn_is_never_late) {
    world w;
    const std::uint32_t n = w.open(alice, 10, w.first(alice, 10), 12'345ms);
    const mono_time end = w.now.mono + 12'345ms;
    w.turn();
    while (!w.answered(n)) {
        const auto next = w.e->next_turn();
        ASSERT_TRUE(next);
        ASSERT_LE(*next, end);
        w.advance(std::max(*next - w.now.mono, milliseconds{1}));
    }
    EXPECT_EQ(w.got(n).at, end);
    EXPECT_TRUE(w.got(n).timed_out);
}

}  // namespace
}  // namespace porchlight::engine::testing
