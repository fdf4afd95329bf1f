#include "base/timing_wheel.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace {
using namespace std::chrono_literals;
using porchlight::base::mono_time;
using porchlight::base::timing_wheel;

constexpr mono_time start{1'234'567ms};

std::vector<int> fired_at(timing_wheel<int>& wheel, mono_time now) {
    std::vector<int> fired;
    wheel.advance(now, [&](int value) { fired.push_back(value); });
    return fired;
}

TEST(timing_wheel, fires_at_its_time_and_not_before) {
    timing_wheel<int> wheel(start);
    wheel.insert(start + 100ms, 1);
    EXPECT_TRUE(fired_at(wheel, start + 99ms).empty());
    EXPECT_EQ(fired_at(wheel, start + 100ms), std::vector{1});
    EXPECT_TRUE(fired_at(wheel, start + 1h).empty());
    EXPECT_TRUE(wheel.empty());
}

TEST(timing_wheel, fires_what_is_past_at_the_next_advance) {
    timing_wheel<int> wheel(start);
    fired_at(wheel, start + 1h);
    wheel.insert(start, 1);
    EXPECT_EQ(wheel.next(), start + 1h);
    EXPECT_EQ(fired_at(wheel, start + 1h), std::vector{1});
}

TEST(timing_wheel, keeps_the_order_of_insertion_among_equal_times) {
    timing_wheel<int> wheel(start);
    wheel.insert(start + 5s, 1);
    fired_at(wheel, start + 4990ms);
    wheel.insert(start + 5s, 2);
    wheel.insert(start + 4995ms, 0);
    wheel.insert(start + 5s, 3);
    EXPECT_EQ(fired_at(wheel, start + 6s), (std::vector{0, 1, 2, 3}));
}

TEST(timing_wheel, holds_back_what_exceeds_the_most_asked_for) {
    timing_wheel<int> wheel(start);
    for (int i = 0; i < 5; ++i) {
        wheel.insert(start + 10ms, i);
    }
    std::vector<int> fired;
    const auto take = [&](int value) { fired.push_back(value); };
    EXPECT_EQ(wheel.advance(start + 10ms, take, 3), 3U);
    EXPECT_EQ(wheel.next(), start + 10ms);
    wheel.insert(start + 10ms, 5);
    EXPECT_EQ(wheel.advance(start + 10ms, take, 3), 3U);
    EXPECT_EQ(fired, (std::vector{0, 1, 2, 3, 4, 5}));
}

TEST(timing_wheel, a_timer_set_while_firing_waits_for_the_next_call) {
    timing_wheel<int> wheel(start);
    wheel.insert(start + 1ms, 1);
    std::vector<int> fired;
    const auto again = [&](int value) {
        fired.push_back(value);
        wheel.insert(start, value + 1);
    };
    wheel.advance(start + 1ms, again);
    EXPECT_EQ(fired, std::vector{1});
    wheel.advance(start + 1ms, again);
    EXPECT_EQ(fired, (std::vector{1, 2}));
}

TEST(timing_wheel, says_nothing_of_a_next_time_when_empty) {
    timing_wheel<int> wheel(start);
    EXPECT_EQ(wheel.next(), std::nullopt);
}

RC_GTEST_PROP(timing_wheel, agrees_with_a_sorted_list, ()) {
    timing_wheel<int> wheel(start);
    std::vector<std::pair<mono_time, int>> model;  // kept in order of insertion
    auto now = start;
    int name = 0;
    const auto steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
        const auto magnitude = *rc::gen::inRange(0, 40);
        const auto delta = std::chrono::milliseconds(
            *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << magnitude));
        if (*rc::gen::inRange(0, 3) != 0) {
            wheel.insert(now + delta, name);
            model.emplace_back(now + delta, name++);
            continue;
        }
        now += delta;
        std::stable_sort(model.begin(), model.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        std::vector<int> expected;
        while (!model.empty() && model.front().first <= now) {
            expected.push_back(model.front().second);
            model.erase(model.begin());
        }
        RC_ASSERT(fired_at(wheel, now) == expected);
        RC_ASSERT(wheel.size() == model.size());
        if (!model.empty()) {
            RC_ASSERT(wheel.next().has_value());
            RC_ASSERT(*wheel.next() <= model.front().first);
            RC_ASSERT(*wheel.next() > now);
        }
    }
}
}  // namespace
