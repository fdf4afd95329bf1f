#include "federation/service_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "support/house_bench.h"

namespace porchlight::federation {
namespace {

using testing::ElementsAre;

std::vector<std::string> targets(const std::vector<ports::service_record>& records) {
    std::vector<std::string> names;
    for (const auto& r : records) {
        names.push_back(r.target);
    }
    return names;
}

TEST(service_order, the_lowest_priority_comes_first_whatever_the_weights) {
    test::seeded_random random;
    EXPECT_THAT(targets(order_services({{30, 100, 1, "c"}, {10, 0, 1, "a"}, {20, 65535, 1, "b"}},
                                       10, random)),
                ElementsAre("a", "b", "c"));
}

TEST(service_order, within_a_priority_the_first_is_drawn_by_weight) {
    test::seeded_random random;
    std::map<std::string, int> first, second;
    constexpr int draws = 20'000;
    for (int i = 0; i < draws; ++i) {
        const auto order = targets(order_services(
            {{1, 10, 1, "ten"}, {1, 60, 1, "sixty"}, {1, 30, 1, "thirty"}}, 10, random));
        ASSERT_EQ(order.size(), 3U);
        ++first[order[0]];
        second[order[1]] += order[0] == "sixty" ? 1 : 0;
    }
    // RFC 2782 draws from 0 to the sum, both included, so these are within one hundredth; seven
    // standard deviations of the draw are one and three quarters of a hundredth.
    EXPECT_NEAR(first["ten"], draws * 0.1, draws * 0.0275);
    EXPECT_NEAR(first["sixty"], draws * 0.6, draws * 0.0275);
    EXPECT_NEAR(first["thirty"], draws * 0.3, draws * 0.0275);
    // Of those that are left, the weights decide again.
    EXPECT_NEAR(second["thirty"], first["sixty"] * 0.75, draws * 0.03);
}

TEST(service_order, without_weights_the_order_of_the_answer_stays) {
    test::seeded_random random;
    for (int i = 0; i < 100; ++i) {
        EXPECT_THAT(targets(order_services({{1, 0, 1, "a"}, {1, 0, 1, "b"}}, 10, random)),
                    ElementsAre("a", "b"));
    }
}

TEST(service_order, weight_zero_is_hardly_ever_before_a_weight) {
    test::seeded_random random;
    int zero_first = 0;
    for (int i = 0; i < 10'000; ++i) {
        zero_first +=
            order_services({{1, 99, 1, "a"}, {1, 0, 1, "z"}}, 1, random).at(0).target == "z" ? 1
                                                                                             : 0;
    }
    EXPECT_NEAR(zero_first, 100, 70);
}

TEST(service_order, no_more_are_given_than_asked_for) {
    test::seeded_random random;
    std::vector<ports::service_record> many(3000, {1, 1, 1, "x"});
    many.push_back({0, 0, 1, "first"});
    const auto order = order_services(many, 10, random);
    ASSERT_EQ(order.size(), 10U);
    EXPECT_EQ(order[0].target, "first");
    EXPECT_TRUE(order_services({}, 10, random).empty());
}

}  // namespace
}  // namespace porchlight::federation
