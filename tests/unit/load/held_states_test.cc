#include "load/held_states.h"

#include <gtest/gtest.h>

namespace porchlight::load {
namespace {

using what = held_states::what;
using last_states = std::vector<std::uint32_t>;

// Two observers who both see the subjects 0 to 2; the second is subject 1 itself.
struct held_states_test : testing::Test {
    const std::vector<view> views{{0, 3, view::nobody}, {0, 3, 1}};
    held_states held{views, 3};

    what take(std::size_t observer, std::uint32_t subject, std::uint32_t sequence) {
        return held.take(observer, {subject, sequence, {}}).kind;
    }
};

TEST_F(held_states_test, a_newer_state_is_a_delivery_and_tells_what_it_replaced) {
    EXPECT_EQ(held.take(0, {0, 1, {}}).kind, what::seen);
    const auto third = held.take(0, {0, 4, {}});
    EXPECT_EQ(third.kind, what::seen);
    EXPECT_EQ(third.replaced, 2U);
}

TEST_F(held_states_test, the_same_and_older_states_are_told_apart) {
    take(0, 0, 5);
    EXPECT_EQ(take(0, 0, 5), what::repeated);
    EXPECT_EQ(take(0, 0, 4), what::backwards);
    EXPECT_EQ(take(1, 0, 4), what::seen) << "another observer has its own account";
}

TEST_F(held_states_test, nobody_waits_for_oneself) {
    EXPECT_EQ(take(1, 1, 1), what::own);
    EXPECT_EQ(held.lost(last_states{0, 1, 0}), 1U) << "the other one does";
}

TEST_F(held_states_test, unknown_subjects_are_unexpected) {
    EXPECT_EQ(take(0, 3, 1), what::unexpected);
    EXPECT_EQ(take(0, 0, 0), what::unexpected);
}

TEST_F(held_states_test, who_does_not_hold_the_last_state_has_lost_it) {
    take(0, 0, 2);
    take(1, 0, 1);
    std::vector<held_states::lost_state> examples;
    EXPECT_EQ(held.lost(last_states{2, 0, 0}, &examples, 10), 1U);
    ASSERT_EQ(examples.size(), 1U);
    EXPECT_EQ(examples[0].observer, 1U);
    EXPECT_EQ(examples[0].subject, 0U);
    EXPECT_EQ(examples[0].held, 1U);
    EXPECT_EQ(examples[0].last, 2U);
    take(1, 0, 2);
    EXPECT_EQ(held.lost(last_states{2, 0, 0}), 0U);
}

TEST_F(held_states_test, going_back_to_an_older_state_loses_the_last) {
    take(0, 0, 2);
    take(1, 0, 2);
    take(0, 0, 1);
    EXPECT_EQ(held.lost(last_states{2, 0, 0}), 1U);
}

// A change whose PUT broke may have happened: who holds it holds more than was promised.
TEST_F(held_states_test, a_state_newer_than_the_last_acknowledged_is_fine) {
    take(0, 0, 3);
    take(1, 0, 2);
    EXPECT_EQ(held.lost(last_states{2, 0, 0}), 0U);
}

TEST_F(held_states_test, examples_are_few_and_the_count_is_whole) {
    std::vector<held_states::lost_state> examples;
    EXPECT_EQ(held.lost(last_states{1, 1, 1}, &examples, 2), 5U);
    EXPECT_EQ(examples.size(), 2U);
}

TEST(held_states, a_view_may_begin_again_at_the_first_subject) {
    held_states held(std::vector<view>{{3, 3, view::nobody}}, 5);  // 3, 4, 0
    EXPECT_EQ(held.take(0, {0, 1, {}}).kind, what::seen);
    EXPECT_EQ(held.take(0, {3, 1, {}}).kind, what::seen);
    EXPECT_EQ(held.take(0, {1, 1, {}}).kind, what::unexpected);
    EXPECT_EQ(held.take(0, {2, 1, {}}).kind, what::unexpected);
    EXPECT_EQ(held.lost(last_states{1, 9, 9, 1, 1}), 1U);
}

}  // namespace
}  // namespace porchlight::load
