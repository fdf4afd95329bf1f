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

}  // namespace
}  // namespace porchlight::engine::testing
