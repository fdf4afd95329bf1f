#include "base/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

namespace porchlight::base::metrics {
namespace {

TEST(metrics, a_metric_is_listed_while_it_lives) {
    const auto listed = [](const metric* m) { return std::ranges::find(all(), m) != all().end(); };
    const metric* address = nullptr;
    {
        counter c{"porchlight_test_things_total", "Things.", R"(kind="a")"};
        address = &c;
        EXPECT_TRUE(listed(address));
        EXPECT_EQ(c.name, "porchlight_test_things_total");
        EXPECT_EQ(c.help, "Things.");
        EXPECT_EQ(c.labels, R"(kind="a")");
        EXPECT_EQ(c.type, metric::kind::counter);
    }
    EXPECT_FALSE(listed(address));
}

TEST(metrics, counters_add_from_many_threads_without_loss) {
    counter c{"porchlight_test_bumps_total", "Bumps."};
    const auto bump = [&c] {
        for (int i = 0; i < 10'000; ++i) {
            c.add();
        }
    };
    std::thread other{bump};
    bump();
    other.join();
    c.add(5);
    EXPECT_EQ(c.value(), 20'005U);
}

TEST(metrics, gauges_go_both_ways) {
    gauge g{"porchlight_test_depth", "Depth."};
    g.set(7);
    g.add(-9);
    EXPECT_EQ(g.value(), -2);
}

TEST(metrics, histogram_bounds_double_from_100_microseconds) {
    EXPECT_DOUBLE_EQ(histogram::upper_bound(0), 0.0001);
    EXPECT_DOUBLE_EQ(histogram::upper_bound(1), 0.0002);
    EXPECT_DOUBLE_EQ(histogram::upper_bound(17), 13.1072);
    EXPECT_TRUE(std::isinf(histogram::upper_bound(18)));
}

TEST(metrics, an_observation_lands_in_the_first_bucket_that_holds_it) {
    histogram h{"porchlight_test_seconds", "Time."};
    h.observe_seconds(0.0001);  // a bound belongs to its bucket
    h.observe_seconds(0.00011);
    h.observe_seconds(13.2);
    EXPECT_EQ(h.bucket(0), 1U);
    EXPECT_EQ(h.bucket(1), 1U);
    EXPECT_EQ(h.bucket(18), 1U);
    EXPECT_NEAR(h.sum_seconds(), 13.20021, 1e-6);
}

TEST(metrics, an_absurd_observation_does_no_harm) {
    histogram h{"porchlight_test_seconds", "Time."};
    h.observe_seconds(-1);
    h.observe_seconds(std::numeric_limits<double>::quiet_NaN());
    EXPECT_EQ(h.bucket(0), 2U);
    EXPECT_EQ(h.sum_seconds(), 0.0);
    h.observe_seconds(std::numeric_limits<double>::infinity());
    EXPECT_EQ(h.bucket(histogram::bucket_count - 1), 1U);
}

TEST(metrics_death, a_name_is_of_one_kind) {
    counter c{"porchlight_test_clash", "One."};
    EXPECT_DEATH((gauge{"porchlight_test_clash", "Two."}), "other->type == type");
}

TEST(metrics_death, a_name_must_fit_the_exposition_format) {
    EXPECT_DEATH((counter{"porchlight-test", "Bad."}), "is_name");
}

}  // namespace
}  // namespace porchlight::base::metrics
