#include "unit/engine/world.h"

// Those who part, hide or come while what happened just before is still being told, turn by turn.
namespace porchlight::engine::testing {
namespace {

using enum presence::user_visibility;

constexpr user_key dora{10};

// Bob, who is online, Dora, and some between them, so that she comes late in every job.
struct slow_world : world {
    explicit slow_world(std::size_t units_per_call = 1) : world(slow(units_per_call)) {
        for (std::uint32_t u = 1; u <= dora.value; ++u) {
            join(1, user_key{u});
        }
        put(bob, 20, state::online);
        advance(1s);
    }
    static settings slow(std::size_t units_per_call) {
        settings s;
        s.units_per_call = units_per_call;
        s.units_per_turn = 4;
        return s;
    }
    void no_room_counts() {
        config.rooms = rooms_policy::none;
        e->reconfigure(config, now);
    }
    void expect_lost(const answer& a) {
        ASSERT_NE(a.of(bob), nullptr);
        EXPECT_EQ(a.of(bob)->s, state::offline);
    }
};

class one_at_a_time final : public subject_filter {
    bool accepts(user_key) const override { return true; }
    std::size_t limit() const override { return 1; }
};

TEST(parting, from_who_hides_right_after_leaving) {
    slow_world w;
    const token t = w.first(dora, 100, false);
    w.leave(1, bob);
    w.show(bob, nobody);
    w.advance(1s);
    w.expect_lost(w.look_in(dora, 100, t));
}

TEST(parting, by_leaving_a_room_that_stopped_to_count_right_before) {
    slow_world w;
    const token t = w.first(dora, 100, false);
    const std::uint32_t n = w.open(dora, 101, t, 30s, false);
    w.advance(1s);
    w.no_room_counts();
    w.leave(1, dora);
    w.advance(1s);
    w.expect_lost(w.got(n));
    w.expect_lost(w.look_in(dora, 100, t));
}

TEST(parting, from_nobody_by_hiding_before_they_came) {
    slow_world w;
    const token t = w.first(carol, 30, false);
    w.leave(1, dora);
    w.advance(1s);
    const token before = w.first(dora, 100, false);
    w.show(bob, nobody);
    w.join(1, dora);
    w.advance(1s);
    EXPECT_EQ(w.look_in(dora, 100, before).of(bob), nullptr);
    w.expect_lost(w.look_in(carol, 30, t));
}

TEST(parting, from_no_peeker_by_hiding_before_one_came) {
    slow_world w;
    w.join(2, dora);
    poll p = world::a_poll(user_key{20}, 200, w.e->current_token(), 30s);
    p.marks.marks = false;
    p.peek = room_key{2};
    const std::uint32_t n = w.poll_with(std::move(p));
    w.advance(1s);
    w.show(bob, nobody);
    w.join(2, bob);
    w.advance(1s);
    EXPECT_FALSE(w.answered(n));
}

TEST(parting, shows_the_activity_of_the_moment_when_the_room_stopped_to_count) {
    for (const user_key leaver : {bob, dora}) {
        slow_world w;
        const token t = w.first(dora, 100, false);
        w.no_room_counts();
        const wall_time end = w.now.wall;
        w.advance(60s);
        w.e->active(bob, device_key{20}, w.now);
        w.leave(1, leaver);
        w.advance(1s);
        const answer a = w.look_in(dora, 100, t);
        w.expect_lost(a);
        EXPECT_LE(a.of(bob)->last_active, end);
    }
}

TEST(parting, is_not_behind_the_place_where_an_answer_was_cut) {
    slow_world w(1000);
    token t = w.first(dora, 100, false);
    w.config.units_per_call = 12;  // fewer than pairs, more than members
    w.e->reconfigure(w.config, w.now);
    w.advance(1s);
    w.leave(1, bob);
    w.put(user_key{3}, 30, state::online);
    w.put(user_key{4}, 40, state::online);
    std::set<std::uint32_t> heard;
    for (int i = 0; i < 10; ++i) {
        poll p = world::a_poll(dora, 100, t, 0ms);
        p.marks.marks = false;
        p.filter = std::make_shared<one_at_a_time>();
        const std::uint32_t n = w.poll_with(std::move(p));
        w.e->turn(w.now);
        while (!w.answered(n)) {
            w.e->turn(w.now);
        }
        t = w.got(n).next;
        for (const shown& s : w.got(n).events) {
            heard.insert(s.user.value);
        }
        w.advance(i < 2 ? 0ms : 1s);
    }
    EXPECT_EQ(heard, (std::set<std::uint32_t>{bob.value, 3, 4}));
}

// Bob goes offline right before the room stops to count. Dora sees user 3 by a list and hears of
// that in the same answer.
TEST(room_that_stops_to_count, whoever_went_offline_right_before_is_told) {
    for (const bool is_rebuilt : {false, true}) {
        slow_world w(4);
        w.accept(user_key{3}, dora);
        const token t = w.first(dora, 100, false);
        const std::uint32_t n = is_rebuilt ? 0 : w.open(dora, 100, t, 30s, false);
        w.advance(1s);
        w.put(bob, 20, state::offline);
        w.put(user_key{3}, 30, state::online);
        std::uint32_t m = n;
        if (is_rebuilt) {
            w.config.units_per_turn = 1;
            w.e->reconfigure(w.config, w.now);
            m = w.open(dora, 101, t, 30s, false);
            for (int turns = 0; turns < 5; ++turns) {
                w.e->turn(w.now);
            }
        }
        ASSERT_FALSE(w.answered(m));
        w.no_room_counts();
        w.advance(1s);
        const answer a = w.got(m);
        w.expect_lost(a.of(bob) != nullptr ? a : w.look_in(dora, 100, a.next));
    }
}

// --- what a kill cuts off ---

struct killed_world : world {
    killed_world() {
        join(1, alice);
        join(1, bob);
        put(bob, 20, state::online, "in");
        seen_before = first(alice, 10, false);
        advance(1s);
    }
    // Up again; `load` gives what of the rest was stored.
    template <class F>
    void kill(F load) {
        e = std::make_unique<engine>(config, *this, disk.ceiling, false, now);
        for (const auto& [key, p] : disk.memberships) {
            e->load_membership(room_key{key.first}, user_key{key.second}, p);
        }
        e->load_presence(disk.presences[bob.value], false);
        load();
        e->ready(now);
    }
    token seen_before;
};

TEST(kill, of_a_hiding_untold_when_rooms_stop_to_count_at_the_start) {
    for (const std::uint64_t position : {std::uint64_t{0}, std::uint64_t{1}}) {
        killed_world w;
        w.config.rooms = rooms_policy::none;
        const std::uint64_t p = position == 0 ? 0 : w.e->current_token().presence + 1;
        w.kill([&] { w.e->load_visibility(bob, lists_only, p, everyone); });
        const answer a = w.look_in(alice, 10, w.seen_before);
        ASSERT_NE(a.of(bob), nullptr);
        EXPECT_EQ(a.of(bob)->s, state::offline);
    }
}

TEST(kill, after_showing_oneself_tells_nobody_of_a_room_that_ended_before) {
    for (const bool position_is_known : {false, true}) {
        killed_world w;
        const std::uint64_t end = w.e->current_token().presence + 1;
        w.config.rooms = rooms_policy::none;
        w.kill([&] {
            w.e->load_room_flip(room_key{1}, false, end);
            w.e->load_visibility(bob, everyone, position_is_known ? end + 1 : 0, lists_only);
        });
        EXPECT_EQ(w.look_in(alice, 10, w.seen_before).of(bob), nullptr);
    }
}

}  // namespace
}  // namespace porchlight::engine::testing
