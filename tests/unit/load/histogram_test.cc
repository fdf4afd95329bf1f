#include "load/histogram.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <algorithm>
#include <cmath>

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;

TEST(histogram, of_nothing_everything_is_zero) {
    const histogram h;
    EXPECT_TRUE(h.empty());
    EXPECT_EQ(h.percentile(0.99), 0us);
    EXPECT_EQ(h.mean(), 0us);
    EXPECT_EQ(h.max(), 0us);
}

TEST(histogram, small_values_are_exact) {
    histogram h;
    for (int i = 0; i < 256; ++i) {
        h.record(microseconds(i));
    }
    EXPECT_EQ(h.percentile(0), 0us);
    EXPECT_EQ(h.percentile(0.5), 127us);
    EXPECT_EQ(h.percentile(1), 255us);
    EXPECT_EQ(h.mean(), 127us);
}

TEST(histogram, what_is_out_of_range_counts_as_its_end) {
    histogram h;
    h.record(-5us);
    EXPECT_EQ(h.max(), 0us);
    h.record(std::chrono::hours(1000));
    EXPECT_GT(h.max(), std::chrono::hours(19));
    EXPECT_EQ(h.percentile(1), h.max());
    EXPECT_EQ(h.count(), 2U);
}

// Against a sorted list, for values over the whole range.
RC_GTEST_PROP(histogram, percentiles_are_off_by_less_than_a_hundredth, ()) {
    const auto octaves = *rc::gen::nonEmpty(rc::gen::container<std::vector<double>>(
        rc::gen::map(rc::gen::inRange(0, 3500), [](int n) { return std::exp2(n / 100.0); })));
    std::vector<std::int64_t> values;
    histogram h;
    for (const auto v : octaves) {
        values.push_back(static_cast<std::int64_t>(v));
        h.record(microseconds(values.back()));
    }
    std::sort(values.begin(), values.end());
    for (const double q : {0.01, 0.5, 0.9, 0.99, 1.0}) {
        const auto rank =
            static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
        const auto exact = values[std::max<std::size_t>(rank, 1) - 1];
        const auto got = h.percentile(q).count();
        RC_ASSERT(got >= exact);
        RC_ASSERT(static_cast<double>(got) <= static_cast<double>(exact) * (1 + 1.0 / 128));
    }
}

RC_GTEST_PROP(histogram, merged_or_sent_through_a_pipe_it_is_the_same,
              (std::vector<std::uint32_t> a, std::vector<std::uint32_t> b)) {
    histogram one, two, all;
    for (const auto v : a) {
        one.record(microseconds(v));
        all.record(microseconds(v));
    }
    for (const auto v : b) {
        two.record(microseconds(v));
        all.record(microseconds(v));
    }
    one.merge(histogram::from_json(two.to_json()));
    RC_ASSERT(one.to_json() == all.to_json());
    RC_ASSERT(one.count() == a.size() + b.size());
}

}  // namespace
}  // namespace porchlight::load
