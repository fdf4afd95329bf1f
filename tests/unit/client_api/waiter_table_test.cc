#include "client_api/sync/waiter_table.h"

#include <gtest/gtest.h>

#include <memory>

namespace porchlight::client_api {
namespace {

using table = waiter_table<std::shared_ptr<int>>;

TEST(waiter_table, knows_a_waiter_by_its_very_handle) {
    table t;
    t.insert_or_assign({1, 300, 7}, std::make_shared<int>(5));
    ASSERT_NE(t.find({1, 300, 7}), nullptr);
    EXPECT_EQ(**t.find({1, 300, 7}), 5);
    EXPECT_FALSE(t.contains({1, 300, 6}));
    EXPECT_FALSE(t.contains({1, 299, 7}));
    EXPECT_FALSE(t.contains({0, 300, 7}));
    EXPECT_FALSE(t.contains({2, 300, 7}));
    EXPECT_FALSE(t.contains({1, 100'000, 7}));
    EXPECT_EQ(t.size(), 1U);
}

TEST(waiter_table, an_erased_waiter_is_gone_with_what_it_owned) {
    table t;
    const auto owned = std::make_shared<int>(5);
    t.insert_or_assign({0, 2, 1}, owned);
    EXPECT_FALSE(t.erase({0, 2, 2})) << "another request of the connection";
    EXPECT_TRUE(t.erase({0, 2, 1}));
    EXPECT_FALSE(t.erase({0, 2, 1}));
    EXPECT_EQ(t.size(), 0U);
    EXPECT_EQ(owned.use_count(), 1);
}

TEST(waiter_table, a_connections_next_request_takes_the_place_of_one_before) {
    table t;
    const auto before = std::make_shared<int>(5);
    t.insert_or_assign({0, 2, 1}, before);
    t.insert_or_assign({0, 2, 2}, std::make_shared<int>(6));
    EXPECT_FALSE(t.contains({0, 2, 1}));
    EXPECT_TRUE(t.contains({0, 2, 2}));
    EXPECT_EQ(t.size(), 1U);
    EXPECT_EQ(before.use_count(), 1);
}

}  // namespace
}  // namespace porchlight::client_api
