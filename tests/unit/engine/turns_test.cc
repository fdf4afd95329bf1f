#include "unit/engine/world.h"

// That no call does more than its share: what is larger goes on in turns.
namespace porchlight::engine::testing {
namespace {

settings small_turns() {
    settings s;
    s.units_per_call = 24;
    s.units_per_turn = 96;
    return s;
}

struct crowd : world {
    explicit crowd(std::uint32_t users) : world(small_turns()) {
        for (std::uint32_t u = 1; u <= users; ++u) {
            join(1, user_key{u});
            put(user_key{u}, u, state::unavailable);
        }
        turn();
    }
    // One turn, not all that are due.
    template <class Count>
    std::size_t in_one_turn(Count count) {
        const std::size_t before = count();
        e->turn(now);
        return count() - before;
    }
};

TEST(turn, answers_as_many_streams_as_it_may) {
    crowd w(100);
    for (std::uint32_t u = 1; u <= 100; ++u) {
        w.open(user_key{u}, u, w.e->current_token(), 30s, false);
    }
    w.turn();
    for (std::uint32_t u = 1; u <= 100; ++u) {
        w.e->wake(user_key{u}, w.now);
    }
    const auto answered = [&] { return w.e->statistics().deliveries; };
    for (std::size_t all = 0; all < 100;) {
        const std::size_t some = w.in_one_turn(answered);
        ASSERT_GT(some, 0U);
        ASSERT_LE(some, 96U / 4);
        all += some;
    }
}

TEST(turn, parts_as_many_pairs_as_it_may) {
    crowd w(100);
    w.leave(1, user_key{50});
    const auto lost = [&] { return w.disk.losses.size(); };
    EXPECT_LE(lost(), 2 * 24U / 12);
    std::size_t turns = 0;
    for (; w.in_one_turn(lost) > 0; ++turns) {
    }
    EXPECT_EQ(lost(), 2 * 99U);
    EXPECT_GE(turns, 99U / (96 / 2 / 12) - 1);
}

TEST(turn, who_hides_while_a_leaving_is_told_is_lost_all_the_same) {
    crowd w(100);
    w.leave(1, user_key{50});  // told of in turns: to the first few now
    w.e->visibility_changed(user_key{90}, user_visibility::nobody, w.now);
    w.e->visibility_changed(user_key{50}, user_visibility::nobody, w.now);
    w.turn();
    EXPECT_TRUE(w.disk.losses.contains({50, 90}));
    for (std::uint32_t u = 1; u <= 100; ++u) {
        EXPECT_TRUE(u == 50 || w.disk.losses.contains({u, 50})) << u;
    }
}

TEST(looking, the_visible_come_by_parts_too) {
    world w;
    for (std::uint32_t u = 1; u <= 30; ++u) {
        for (std::uint32_t r = 1; r <= 3; ++r) {
            if (u == 1 || u % r == 0) {
                w.join(r, user_key{u});
            }
        }
    }
    w.e->accepted(alice, user_key{50}, w.now);  // on a list, in no room
    w.join(9, user_key{60});
    w.e->visibility_changed(user_key{4}, user_visibility::nobody, w.now);
    const std::vector<user_key> all = w.e->visible_to(alice);
    ASSERT_EQ(all.size(), 30U);  // without 4, with 50
    for (const std::size_t most : {1U, 4U, 100U}) {
        std::vector<user_key> found;
        user_key next{0};
        while (next.valid()) {
            const auto part = w.e->visible_to(alice, next, most);
            ASSERT_LE(part.users.size(), most);
            found.insert(found.end(), part.users.begin(), part.users.end());
            next = part.next;
        }
        EXPECT_EQ(found, all);
    }
}

// --- presence switched off and on ---

struct switched_crowd : crowd {
    switched_crowd() : crowd(100) {
        join(1, looker);
        turn();
        parked = open(looker, 1000, first(looker, 1000, false), 60s, false);
        advance(1s);
    }
    void set_enabled(bool on) {
        config.enabled = on;
        e->reconfigure(config, now);
    }
    // What the stream hears until it is quiet.
    std::map<std::uint32_t, state> heard_by_the_end() {
        std::map<std::uint32_t, state> heard;
        for (int i = 0; i < 5; ++i) {
            advance(1s);
            if (!answered(parked)) {
                continue;
            }
            for (const shown& s : got(parked).events) {
                heard[s.user.value] = s.s;
            }
            parked = open(looker, 1000, got(parked).next, 60s, false);
        }
        return heard;
    }
    static constexpr user_key looker{1000};
    std::uint32_t parked = 0;
};

TEST(switching, takes_turns_but_is_seen_at_once) {
    switched_crowd w;
    w.set_enabled(false);
    for (std::uint32_t u = 1; u <= 100; ++u) {
        ASSERT_EQ(w.e->look(switched_crowd::looker, user_key{u}, w.now)->shown, state::offline);
    }
    EXPECT_LE(w.disk.dirty.size(), 24U / 4 + 1);
    const token held = w.e->current_token();
    w.e->turn(w.now);
    EXPECT_FALSE(w.answered(w.parked));
    EXPECT_EQ(w.e->current_token(), held);
    const auto heard = w.heard_by_the_end();
    EXPECT_EQ(heard.size(), 100U);
    for (const auto& [u, s] : heard) {
        EXPECT_EQ(s, state::offline);
    }
}

TEST(switching, back_on_while_it_is_under_way_ends_with_what_is_true) {
    switched_crowd w;
    w.set_enabled(false);
    w.e->turn(w.now);
    w.put(user_key{1}, 1, state::busy);  // one that was switched, and one that was not yet
    w.put(user_key{100}, 100, state::busy);
    w.set_enabled(true);
    const auto heard = w.heard_by_the_end();
    for (std::uint32_t u = 1; u <= 100; ++u) {
        ASSERT_TRUE(heard.contains(u)) << u;
        EXPECT_EQ(heard.at(u), u == 1 || u == 100 ? state::busy : state::unavailable) << u;
    }
    // It is over: the next change comes by itself.
    w.put(user_key{2}, 2, state::busy);
    const auto later = w.heard_by_the_end();
    EXPECT_EQ(later.size(), 1U);
}

TEST(switching, who_comes_to_rest_before_being_switched_is_told_of) {
    switched_crowd w;
    w.set_enabled(false);
    w.e->device_removed(user_key{100}, device_key{100}, w.now);
    const auto heard = w.heard_by_the_end();
    EXPECT_TRUE(heard.contains(100));
}

TEST(switching, new_deadlines_are_looked_at_in_turns) {
    crowd w(100);
    for (std::uint32_t u = 1; u <= 100; ++u) {
        w.put(user_key{u}, u, state::online);
    }
    w.advance(30s);  // all are currently active
    const auto updates = [&] { return w.e->statistics().updates; };
    const std::size_t before = updates();
    w.config.presence.active_window = 20s;
    w.e->reconfigure(w.config, w.now);
    EXPECT_LE(updates() - before, 24U / 4);
    w.turn();
    EXPECT_EQ(updates() - before, 100U);
}

// --- a stream that sees too many for one piece ---

// Bob and the rest of the crowd; Alice (the newest, 1000) looks at them.
struct seen_crowd : crowd {
    seen_crowd() : crowd(100) {
        join(1, looker);
        turn();
    }
    std::uint32_t look(std::optional<token> since, poll p = {}) {
        p.user = looker;
        p.device = device_key{1000};
        p.since = since;
        p.timeout = since ? milliseconds{30s} : 0ms;
        p.marks.marks = false;
        return poll_with(std::move(p));
    }
    // Turns until the poll is answered, `between` them.
    template <class F>
    std::size_t turns_until(std::uint32_t n, F between) {
        std::size_t turns = 0;
        for (; !answered(n) && turns < 1000; ++turns) {
            e->turn(now);
            between(turns);
        }
        return turns;
    }
    static constexpr user_key looker{1000};
};

TEST(large_rebuild, takes_turns_and_shows_everyone) {
    seen_crowd w;
    const std::uint32_t n = w.look(std::nullopt);
    EXPECT_GT(w.turns_until(n, [](std::size_t) {}), 4U);
    EXPECT_EQ(w.got(n).events.size(), 101U);
    EXPECT_TRUE(w.got(n).of(seen_crowd::looker));
    // Nothing is left over.
    const std::uint32_t next = w.look(w.got(n).next);
    w.advance(10s);
    EXPECT_FALSE(w.answered(next));
}

TEST(large_rebuild, others_are_answered_meanwhile) {
    seen_crowd w;
    const std::uint32_t parked = w.open(bob, 2, w.e->current_token(), 30s, false);
    w.turn();
    const std::uint32_t n = w.look(std::nullopt);
    w.e->turn(w.now);
    ASSERT_FALSE(w.answered(n));
    w.e->wake(bob, w.now);
    w.e->turn(w.now);
    EXPECT_TRUE(w.answered(parked));
    EXPECT_FALSE(w.answered(n));
}

TEST(large_rebuild, what_changes_meanwhile_is_in_the_next_answer) {
    seen_crowd w;
    const std::uint32_t n = w.look(std::nullopt);
    const token set_out = w.e->current_token();
    // First where the cursor was already, then where it is still to come.
    const std::size_t turns = w.turns_until(n, [&](std::size_t turn) {
        if (turn == 2) {
            w.put(user_key{1}, 1, state::busy);
            w.put(user_key{100}, 100, state::busy);
        }
    });
    ASSERT_GT(turns, 4U);
    EXPECT_EQ(w.got(n).next, set_out);
    const std::uint32_t next = w.look(w.got(n).next);
    w.advance(1s);
    ASSERT_TRUE(w.answered(next));
    EXPECT_LE(w.got(next).events.size(), 2U);
    for (const user_key u : {user_key{1}, user_key{100}}) {
        const shown* const late = w.got(next).of(u);
        EXPECT_EQ(late != nullptr ? late->s : w.got(n).of(u)->s, state::busy);
    }
}

TEST(large_rebuild, that_finds_nothing_still_hears_what_changed_meanwhile) {
    seen_crowd w;
    w.config.units_per_turn = 8;  // to look where nothing is takes little
    w.e->reconfigure(w.config, w.now);
    w.turn();
    const std::uint32_t n = w.look(w.e->current_token());
    w.e->turn(w.now);
    w.put(user_key{1}, 1, state::busy);
    w.advance(1s);
    ASSERT_TRUE(w.answered(n));
    EXPECT_EQ(w.got(n).events.size(), 1U);
    EXPECT_FALSE(w.got(n).timed_out);
}

TEST(large_rebuild, of_more_than_a_response_holds_goes_on_where_it_stopped) {
    world w(small_turns());
    constexpr std::uint32_t users = base::limits::presence_per_response_max + 500;
    for (std::uint32_t u = 1; u <= users; ++u) {
        w.disk.memberships[{1, u}] = 1;
        w.disk.statuses[u].user = user_key{u};
        w.disk.statuses[u].text = "here";
        w.disk.presences[u].user = user_key{u};
        w.disk.presences[u].changed = 1 + u % 7;
    }
    w.disk.rooms[1] = false;
    w.restart();
    std::set<std::uint32_t> heard;
    token t;
    for (int i = 0; i < 2; ++i) {
        const std::uint32_t n =
            i == 0 ? w.open(bob, 2, std::nullopt, 0ms, false) : w.open(bob, 2, t, 30s, false);
        w.turn();
        ASSERT_TRUE(w.answered(n));
        t = w.got(n).next;
        for (const shown& e : w.got(n).events) {
            heard.insert(e.user.value);
        }
    }
    EXPECT_EQ(heard.size(), users);
}

TEST(large_rebuild, who_leaves_meanwhile_is_seen_no_more) {
    seen_crowd w;
    const std::uint32_t n = w.look(std::nullopt);
    w.turns_until(n, [&](std::size_t turn) {
        if (turn == 2) {
            w.leave(1, user_key{1});
            w.put(user_key{1}, 1, state::busy, "for others");
        }
    });
    EXPECT_FALSE(w.got(n).of(user_key{1}));
    EXPECT_EQ(w.got(n).events.size(), 100U);
}

TEST(large_rebuild, rooms_that_stop_to_count_meanwhile_leave_nobody_online) {
    seen_crowd w;
    w.join(2, seen_crowd::looker);
    for (std::uint32_t u = 201; u <= 300; ++u) {
        w.join(2, user_key{u});
        w.put(user_key{u}, u, state::unavailable);
    }
    w.turn();
    std::uint32_t n = w.look(std::nullopt);
    w.turn();
    n = w.look(w.got(n).next);
    w.advance(1s);
    w.config.enabled = false;
    w.e->reconfigure(w.config, w.now);  // each is told once as offline
    for (int i = 0; i < 5; ++i) {
        w.e->turn(w.now);  // the first room is done
    }
    ASSERT_FALSE(w.answered(n));
    w.config.rooms = rooms_policy::none;
    w.e->reconfigure(w.config, w.now);
    std::set<std::uint32_t> heard;
    for (int i = 0; i < 3; ++i) {
        w.advance(10s);
        if (w.answered(n)) {
            for (const shown& e : w.got(n).events) {
                EXPECT_EQ(e.s, state::offline);
                heard.insert(e.user.value);
            }
            n = w.look(w.got(n).next);
        }
    }
    EXPECT_EQ(heard.size(), 200U);
}

// Everyone of the crowd is told as offline, whatever happens between the answers.
void expect_all_lost(seen_crowd& w, std::uint32_t n) {
    std::set<std::uint32_t> heard;
    for (int i = 0; i < 4 && w.answered(n); ++i) {
        for (const shown& e : w.got(n).events) {
            EXPECT_EQ(e.s, state::offline);
            heard.insert(e.user.value);
        }
        n = w.look(w.got(n).next);
        w.advance(10s);
    }
    heard.erase(seen_crowd::looker.value);
    EXPECT_EQ(heard.size(), 100U);
}

TEST(turn, leaving_a_room_that_stopped_to_count_hides_nothing_from_old_tokens) {
    seen_crowd w;
    const token before = w.first(seen_crowd::looker, 1000, false);
    w.config.rooms = rooms_policy::none;
    w.e->reconfigure(w.config, w.now);
    w.advance(1s);
    w.leave(1, seen_crowd::looker);  // told of in turns
    const std::uint32_t n = w.look(before);
    w.turns_until(n, [](std::size_t) {});
    w.turn();
    expect_all_lost(w, n);
}

TEST(large_rebuild, of_a_room_that_stopped_to_count_may_be_left_meanwhile) {
    seen_crowd w;
    const token before = w.first(seen_crowd::looker, 1000, false);
    w.config.rooms = rooms_policy::none;
    w.e->reconfigure(w.config, w.now);
    w.advance(1s);
    const std::uint32_t n = w.look(before);
    w.e->turn(w.now);
    w.e->turn(w.now);
    ASSERT_FALSE(w.answered(n));
    w.leave(1, seen_crowd::looker);
    w.turn();
    expect_all_lost(w, n);
}

TEST(large_rebuild, tells_nothing_of_what_others_lost) {
    seen_crowd w;
    const user_key lonely{3000}, lost{2000};
    const token old{.durable = 0, .presence = 1, .cut = 0};
    w.join(2, lonely);
    w.join(2, lost);
    w.put(lost, 2000, state::busy);
    w.turn();
    w.leave(2, lost);
    w.turn();
    const std::uint32_t n = w.look(old);
    w.e->turn(w.now);
    ASSERT_FALSE(w.answered(n));
    const std::uint32_t between = w.open(lonely, 3000, old, 30s, false);
    w.turn();
    EXPECT_TRUE(w.got(between).of(lost));
    EXPECT_FALSE(w.got(n).of(lost));
}

TEST(large_rebuild, of_a_client_that_vanished_begins_anew) {
    seen_crowd w;
    const token old{.durable = 0, .presence = 1, .cut = 0};
    const std::uint32_t n = w.look(old);
    w.e->turn(w.now);
    w.e->turn(w.now);
    w.e->gone({.thread = 0, .slot = n, .generation = n}, w.now);
    w.turn();
    EXPECT_FALSE(w.answered(n));
    const std::uint32_t again = w.look(old);
    w.turn();
    EXPECT_EQ(w.got(again).events.size(), 100U);  // nothing is new about oneself
}

TEST(large_rebuild, what_does_not_fit_comes_in_the_next_responses) {
    class some final : public subject_filter {
      public:
        bool accepts(user_key) const override { return true; }
        std::size_t limit() const override { return 7; }
    };
    seen_crowd w;
    std::map<std::uint32_t, int> heard;
    std::optional<token> since;
    for (int answers = 0; answers < 15; ++answers) {
        poll p;
        p.filter = std::make_shared<some>();
        const std::uint32_t n = w.look(since, std::move(p));
        w.turns_until(n, [](std::size_t) {});
        ASSERT_TRUE(w.answered(n));
        ASSERT_LE(w.got(n).events.size(), 7U);
        ASSERT_FALSE(since && *since == w.got(n).next) << "no progress";
        if (answers == 0) {
            EXPECT_TRUE(w.got(n).of(seen_crowd::looker));
        }
        for (const shown& e : w.got(n).events) {
            ++heard[e.user.value];
        }
        since = w.got(n).next;
    }
    EXPECT_EQ(heard.size(), 101U);
}

TEST(large_rebuild, drain_answers_it) {
    seen_crowd w;
    const std::uint32_t n = w.look(std::nullopt);
    w.e->turn(w.now);
    ASSERT_FALSE(w.answered(n));
    w.e->drain(w.now);
    EXPECT_EQ(w.got(n).events.size(), 101U);
}

}  // namespace
}  // namespace porchlight::engine::testing
