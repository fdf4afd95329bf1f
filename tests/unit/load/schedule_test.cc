#include "load/schedule.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;

TEST(schedule, fixed_moments_do_not_drift) {
    schedule s(3, pacing::fixed, 10s);
    for (int i = 0; i < 3000; ++i) {
        s.advance();
    }
    EXPECT_EQ(s.next(), 1010s);
}

TEST(schedule, the_first_of_fixed_moments_is_the_beginning) {
    schedule s(10, pacing::fixed, 5s);
    EXPECT_EQ(s.next(), 5s);
    s.advance();
    EXPECT_EQ(s.next(), 5100ms);
}

TEST(schedule, poisson_moments_have_the_rate_and_are_irregular) {
    schedule s(100, pacing::poisson, 0s);
    int within_the_usual_gap = 0;
    moment last{};
    for (int i = 0; i < 100'000; ++i, s.advance()) {
        ASSERT_GE(s.next(), last);
        within_the_usual_gap += s.next() - last < 10ms ? 1 : 0;
        last = s.next();
    }
    EXPECT_NEAR(std::chrono::duration<double>(last).count(), 1000, 20);
    // Of exponential gaps 1 - 1/e are shorter than the mean.
    EXPECT_NEAR(within_the_usual_gap, 63'212, 1000);
}

RC_GTEST_PROP(schedule, the_same_seed_gives_the_same_moments, (std::uint64_t seed)) {
    schedule a(7, pacing::poisson, 1s, seed), b(7, pacing::poisson, 1s, seed);
    for (int i = 0; i < 100; ++i, a.advance(), b.advance()) {
        RC_ASSERT(a.next() == b.next());
    }
}

TEST(change_queue, one_change_is_under_way_at_a_time) {
    change_queue q;
    EXPECT_FALSE(q.begin());
    q.due(1s);
    q.due(2s);
    const auto first = q.begin();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->sequence, 1U);
    EXPECT_FALSE(q.begin());
    q.acknowledged();
    EXPECT_EQ(q.last_acknowledged(), 1U);
    EXPECT_EQ(q.begin()->sequence, 2U);
}

// Coordinated omission: the server stalls for ten seconds while a change is due each second. A
// closed loop would have measured one slow answer.
TEST(change_queue, what_a_stall_keeps_from_being_sent_counts_from_when_it_was_due) {
    change_queue q;
    histogram latency;
    lateness late;
    moment now = 0s;
    for (auto due = 0s; due < 10s; ++due) {
        q.due(due);
    }
    late.sent(q.begin()->intended, now);
    now = 10s;  // the first answer comes; the others are quick
    for (;;) {
        latency.record(now - q.under_way()->intended);
        q.acknowledged();
        const auto next = q.begin();
        if (!next) {
            break;
        }
        late.sent(next->intended, now);
    }
    EXPECT_EQ(latency.count(), 10U);
    EXPECT_GE(latency.percentile(0.5), 5s);
    EXPECT_EQ(latency.max(), 10s);
    EXPECT_EQ(late.late(), 9U);
    EXPECT_EQ(late.all().max(), 9s);
}

TEST(change_queue, a_failed_change_is_not_acknowledged_and_its_number_not_used_again) {
    change_queue q;
    q.due(1s);
    q.due(2s);
    q.begin();
    q.failed();
    EXPECT_EQ(q.last_acknowledged(), 0U);
    EXPECT_EQ(q.begin()->sequence, 2U);
    q.acknowledged();
    EXPECT_EQ(q.last_acknowledged(), 2U);
}

TEST(change_queue, too_many_waiting_are_given_up) {
    change_queue q;
    for (std::size_t i = 0; i < change_queue::waiting_max; ++i) {
        ASSERT_TRUE(q.due(1s));
    }
    EXPECT_FALSE(q.due(1s));
    EXPECT_EQ(q.give_up(), change_queue::waiting_max);
    EXPECT_FALSE(q.begin());
}

TEST(lateness, the_precision_of_timers_is_not_late) {
    lateness late;
    late.sent(1s, 1s + lateness::late_after);
    EXPECT_EQ(late.late(), 0U);
    late.sent(1s, 1s + lateness::late_after + 1us);
    EXPECT_EQ(late.late(), 1U);
}

}  // namespace
}  // namespace porchlight::load
