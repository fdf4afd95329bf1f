#include "admin/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"

namespace porchlight::admin {
namespace {

using namespace base::metrics;
using ::testing::HasSubstr;

std::size_t occurrences(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++n;
    }
    return n;
}

TEST(metrics_text, counters_and_gauges_with_help_and_type) {
    counter c{"porchlight_test_updates_total", "State changes."};
    gauge g{"porchlight_test_waiters", "Parked polls."};
    c.add(3);
    g.set(-4);
    const std::string text = metrics_text();
    EXPECT_THAT(text, HasSubstr("# HELP porchlight_test_updates_total State changes.\n"
                                "# TYPE porchlight_test_updates_total counter\n"
                                "porchlight_test_updates_total 3\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE porchlight_test_waiters gauge\n"
                                "porchlight_test_waiters -4\n"));
}

TEST(metrics_text, one_name_with_several_labels_is_one_family) {
    counter head{"porchlight_test_reached_total", "Limits.", R"(limit="head_bytes")"};
    counter other{"porchlight_test_other_total", "Between them."};
    counter body{"porchlight_test_reached_total", "Limits.", R"(limit="body_bytes")"};
    head.add(1);
    body.add(2);
    const std::string text = metrics_text();
    EXPECT_EQ(occurrences(text, "# TYPE porchlight_test_reached_total counter\n"), 1U);
    EXPECT_THAT(text, HasSubstr("porchlight_test_reached_total{limit=\"head_bytes\"} 1\n"
                                "porchlight_test_reached_total{limit=\"body_bytes\"} 2\n"));
}

TEST(metrics_text, the_same_name_and_label_twice_is_added_up) {
    counter here{"porchlight_test_reached_total", "Limits.", R"(limit="queue")"};
    counter there{"porchlight_test_reached_total", "Limits.", R"(limit="queue")"};
    histogram fast{"porchlight_test_seconds", "Time."};
    histogram slow{"porchlight_test_seconds", "Time."};
    here.add(1);
    there.add(2);
    fast.observe_seconds(0.0001);
    slow.observe_seconds(1);
    const std::string text = metrics_text();
    EXPECT_EQ(occurrences(text, "porchlight_test_reached_total{limit=\"queue\"} 3\n"), 1U);
    EXPECT_THAT(text, HasSubstr("porchlight_test_seconds_count 2\n"));
    EXPECT_THAT(text, HasSubstr("porchlight_test_seconds_bucket{le=\"0.0001\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("porchlight_test_seconds_bucket{le=\"+Inf\"} 2\n"));
}

TEST(metrics_text, histogram_buckets_are_cumulative_and_end_at_infinity) {
    histogram h{"porchlight_test_latency_seconds", "Delivery."};
    h.observe_seconds(0.0001);
    h.observe_seconds(0.0002);
    h.observe_seconds(100);
    const std::string text = metrics_text();
    EXPECT_THAT(text, HasSubstr("# TYPE porchlight_test_latency_seconds histogram\n"
                                "porchlight_test_latency_seconds_count 3\n"));
    EXPECT_THAT(text, HasSubstr("porchlight_test_latency_seconds_bucket{le=\"0.0001\"} 1\n"
                                "porchlight_test_latency_seconds_bucket{le=\"0.0002\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("{le=\"13.1072\"} 2\n"
                                "porchlight_test_latency_seconds_bucket{le=\"+Inf\"} 3\n"));
}

TEST(metrics_text, a_line_of_an_earlier_text_does_not_stay) {
    {
        const counter gone{"porchlight_test_gone_total", "Short-lived."};
        EXPECT_THAT(metrics_text(), HasSubstr("porchlight_test_gone_total"));
    }
    EXPECT_THAT(metrics_text(), ::testing::Not(HasSubstr("porchlight_test_gone_total")));
}

}  // namespace
}  // namespace porchlight::admin
