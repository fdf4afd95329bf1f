#include "homeserver/lists/pair_queue.h"

#include <gtest/gtest.h>

#include <map>

namespace porchlight::homeserver {
namespace {

list_pair pair(std::uint32_t observer, std::uint32_t subject) {
    return {base::user_key{observer}, base::user_key{subject}};
}

struct pair_queue_test : testing::Test {
    bool enter(int n, std::vector<list_pair> pairs) {
        return queue.enter(std::move(pairs), [this, n](pair_queue::ticket* t) {
            ran.push_back(n);
            holders[n] = t;
        });
    }
    void leave(int n) { queue.leave(holders.at(n)); }
    pair_queue queue{2};
    std::vector<int> ran;
    std::map<int, pair_queue::ticket*> holders;
};

using order = std::vector<int>;

TEST_F(pair_queue_test, calls_of_the_same_pair_wait_and_others_do_not) {
    enter(1, {pair(1, 2), pair(1, 3)});
    enter(2, {pair(1, 3), pair(1, 4)});
    enter(3, {pair(3, 1)});
    EXPECT_EQ(ran, (order{1, 3}));
    EXPECT_TRUE(queue.held(pair(1, 4))) << "who waits keeps its place in all its lines";
    leave(1);
    EXPECT_EQ(ran, (order{1, 3, 2}));
    leave(2);
    leave(3);
    EXPECT_FALSE(queue.held(pair(1, 3)));
}

TEST_F(pair_queue_test, who_came_first_goes_first_in_each_line) {
    enter(1, {pair(1, 2)});
    enter(2, {pair(1, 2), pair(5, 6)});
    enter(3, {pair(5, 6)});
    EXPECT_EQ(ran, (order{1})) << "the third waits for the second, which waits for the first";
    leave(1);
    leave(2);
    EXPECT_EQ(ran, (order{1, 2, 3}));
}

TEST_F(pair_queue_test, who_waits_for_two_starts_after_both) {
    enter(1, {pair(1, 2)});
    enter(2, {pair(3, 4)});
    enter(3, {pair(1, 2), pair(3, 4)});
    leave(2);
    EXPECT_EQ(ran, (order{1, 2}));
    leave(1);
    EXPECT_EQ(ran, (order{1, 2, 3}));
}

TEST_F(pair_queue_test, more_than_may_wait_are_refused_unless_they_need_not_wait) {
    enter(1, {pair(1, 2)});
    EXPECT_TRUE(enter(2, {pair(1, 2)}));
    EXPECT_TRUE(enter(3, {pair(1, 2)}));
    EXPECT_FALSE(enter(4, {pair(1, 2)}));
    EXPECT_TRUE(enter(5, {pair(7, 8)}));
    queue.enter_anyway({pair(1, 2)}, [&](pair_queue::ticket*) { ran.push_back(6); });
    leave(1);
    leave(2);
    leave(3);
    EXPECT_EQ(ran, (order{1, 5, 2, 3, 6}));
}

TEST_F(pair_queue_test, who_is_concerned_is_known) {
    enter(1, {pair(1, 2), pair(3, 4)});
    enter(2, {pair(4, 1)});
    EXPECT_EQ(queue.pairs_of(base::user_key{1}).size(), 2u);
    EXPECT_EQ(queue.pairs_of(base::user_key{3}), (std::vector{pair(3, 4)}));
    EXPECT_TRUE(queue.pairs_of(base::user_key{9}).empty());
}

TEST_F(pair_queue_test, a_long_line_that_leaves_at_once_is_no_deep_stack) {
    enter(1, {pair(1, 2)});
    int done = 0;
    for (int i = 0; i < 200'000; ++i) {
        queue.enter_anyway({pair(1, 2)}, [&](pair_queue::ticket* t) {
            ++done;
            queue.leave(t);
        });
    }
    leave(1);
    EXPECT_EQ(done, 200'000);
}

}  // namespace
}  // namespace porchlight::homeserver
