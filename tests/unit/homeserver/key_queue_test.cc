#include "homeserver/key_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace porchlight::homeserver {
namespace {

TEST(key_queue, one_holder_at_a_time_in_order) {
    key_queue<int> q;
    std::vector<int> ran;
    q.enter(1, [&] { ran.push_back(1); });
    q.enter(1, [&] { ran.push_back(2); });
    q.enter(1, [&] { ran.push_back(3); });
    q.enter(2, [&] { ran.push_back(20); });
    EXPECT_EQ(ran, (std::vector<int>{1, 20}));
    q.leave(1);
    EXPECT_EQ(ran, (std::vector<int>{1, 20, 2}));
    q.leave(1);
    q.leave(1);
    EXPECT_EQ(ran, (std::vector<int>{1, 20, 2, 3}));
    EXPECT_FALSE(q.held(1));
    EXPECT_TRUE(q.held(2));
}

TEST(key_queue, a_long_line_that_leaves_at_once_is_no_deep_stack) {
    key_queue<int> q;
    int ran = 0;
    q.enter(1, [] {});
    for (int i = 0; i < 200'000; ++i) {
        q.enter(1, [&] {
            ++ran;
            q.leave(1);
        });
    }
    q.leave(1);
    EXPECT_EQ(ran, 200'000);
    EXPECT_FALSE(q.held(1));
}

TEST(key_queue, a_holder_may_leave_and_enter_again) {
    key_queue<int> q;
    std::vector<int> ran;
    q.enter(1, [&] {
        q.enter(1, [&] {
            ran.push_back(2);
            q.leave(1);
        });
        ran.push_back(1);
        q.leave(1);
    });
    EXPECT_EQ(ran, (std::vector<int>{1, 2}));
    EXPECT_FALSE(q.held(1));
}

}  // namespace
}  // namespace porchlight::homeserver
