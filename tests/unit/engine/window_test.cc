#include "unit/engine/world.h"

// W: how long a stream waits for more before it is answered again, and how that adapts.
namespace porchlight::engine::testing {
namespace {

// Alice waits on net thread 0, Carol on 1; Bob is whom they see.
struct watched : world {
    explicit watched(milliseconds window = 100ms) : world(with(window)) {
        for (const user_key u : {alice, bob, carol}) {
            join(1, u);
        }
        tokens[0] = first(alice, 10, false);
        tokens[1] = first(carol, 30, false);
        advance(10s);
    }
    static settings with(milliseconds window) {
        settings s;
        s.window = window;
        return s;
    }
    // The stream that is at home on net thread `home`, through net thread `thread`.
    std::uint32_t park(std::uint32_t home, std::uint32_t thread) {
        poll p = a_poll(home == 0 ? alice : carol, home == 0 ? 10 : 30, tokens[home], 60s);
        p.marks.marks = false;
        p.handle.thread = thread;
        return poll_with(std::move(p));
    }
    std::uint32_t park(std::uint32_t thread) { return park(thread, thread); }
    void change() { put(bob, 20, ++flips % 2 == 0 ? state::unavailable : state::free_for_chat); }
    // No turn comes for so long.
    void stall(milliseconds d) {
        now.mono += d;
        now.wall += d;
    }
    // An answer that is ready at once, but late by `d`. REQUIRES: the window is over.
    void answer_late(milliseconds d, std::uint32_t thread = 0) {
        const std::uint32_t n = park(thread);
        change();
        stall(d);
        turn();
        tokens[thread] = got(n).next;
    }
    // How long after an answer, which is not late, the next one comes.
    milliseconds window_seen(std::uint32_t thread = 0) {
        advance(3s);
        answer_late(0ms, thread);
        const mono_time answered_at = now.mono;
        const std::uint32_t n = park(thread);
        change();
        advance(15s);
        tokens[thread] = got(n).next;
        return got(n).at - answered_at;
    }
    token tokens[2];
    int flips = 0;
};

TEST(window, is_as_configured_while_answers_are_in_time) {
    watched w;
    for (int i = 0; i < 10; ++i) {
        w.answer_late(50ms);
        w.advance(1s);
    }
    EXPECT_EQ(w.e->statistics().window, 100ms);
    EXPECT_EQ(w.e->statistics().windows_doubled, 0U);
    EXPECT_EQ(w.window_seen(), 100ms);
}

TEST(window, doubles_when_a_ready_stream_waited_too_long) {
    watched w;
    w.answer_late(51ms);
    EXPECT_EQ(w.e->statistics().window, 200ms);
    EXPECT_EQ(w.e->statistics().windows_doubled, 1U);
    w.advance(1s);
    EXPECT_EQ(w.window_seen(), 200ms);
}

TEST(window, doubles_when_the_timer_that_ends_it_comes_late) {
    watched w;
    w.answer_late(0ms);
    const std::uint32_t n = w.park(0);
    w.change();  // to be told when the window is over
    w.turn();
    w.stall(100ms + 51ms);
    w.turn();
    ASSERT_TRUE(w.answered(n));
    EXPECT_EQ(w.e->statistics().window, 200ms);
}

TEST(window, is_each_net_threads_own) {
    watched w;
    w.answer_late(51ms, 1);
    w.advance(1s);
    EXPECT_EQ(w.window_seen(0), 100ms);
    w.answer_late(51ms, 1);
    EXPECT_GE(w.window_seen(1), 200ms);
}

TEST(window, doubles_when_the_net_thread_comes_late_to_its_batches) {
    watched w;
    w.net_lag = 51ms;
    w.answer_late(0ms, 1);
    w.net_lag = 0ms;
    EXPECT_EQ(w.e->statistics().window, 200ms);
    EXPECT_EQ(w.window_seen(0), 100ms);
    w.net_lag = 51ms;
    w.answer_late(0ms, 1);
    w.net_lag = 0ms;
    EXPECT_EQ(w.window_seen(1), 200ms);
}

TEST(window, doubles_once_a_window_and_to_a_second_at_most) {
    watched w;
    const std::uint32_t alices = w.park(0), carols = w.park(1, 0);
    w.change();
    w.stall(60ms);
    w.turn();
    ASSERT_TRUE(w.answered(alices) && w.answered(carols));
    EXPECT_EQ(w.e->statistics().window, 200ms);  // one trouble, not two
    for (int i = 0; i < 10; ++i) {
        w.advance(1s);
        w.answer_late(60ms);
    }
    EXPECT_EQ(w.e->statistics().window, 1s);
    EXPECT_EQ(w.e->statistics().windows_doubled, 4U);
    EXPECT_EQ(w.window_seen(), 1s);
}

TEST(window, is_halved_for_each_five_seconds_of_calm) {
    watched w;
    for (int i = 0; i < 3; ++i) {
        w.answer_late(60ms);
        w.advance(1s);
    }
    ASSERT_EQ(w.e->statistics().window, 800ms);
    w.advance(3s);
    w.answer_late(9ms);  // not worth a thought
    w.advance(900ms);
    EXPECT_EQ(w.e->statistics().window, 800ms);
    w.advance(100ms);
    w.answer_late(0ms);
    EXPECT_EQ(w.e->statistics().window, 400ms);
    w.advance(1s);
    w.answer_late(10ms);  // this is: the five seconds begin anew
    w.advance(4s);
    w.answer_late(0ms);
    EXPECT_EQ(w.e->statistics().window, 400ms);
    w.advance(20s);
    w.answer_late(0ms);
    EXPECT_EQ(w.e->statistics().window, 100ms);
    EXPECT_EQ(w.window_seen(), 100ms);
}

TEST(window, of_nothing_stays_nothing_and_a_long_one_as_long) {
    watched none(0ms);
    none.answer_late(60ms);
    EXPECT_EQ(none.e->statistics().window, 0ms);
    EXPECT_EQ(none.window_seen(), 0ms);
    watched seconds(3s);
    seconds.answer_late(60ms);
    EXPECT_EQ(seconds.e->statistics().window, 3s);
    EXPECT_EQ(seconds.window_seen(), 3s);
}

TEST(window, takes_a_new_setting_with_it) {
    watched w;
    w.answer_late(60ms);
    ASSERT_EQ(w.e->statistics().window, 200ms);
    w.config.window = 20ms;
    w.e->reconfigure(w.config, w.now);
    EXPECT_EQ(w.e->statistics().window, 40ms);
}

}  // namespace
}  // namespace porchlight::engine::testing
