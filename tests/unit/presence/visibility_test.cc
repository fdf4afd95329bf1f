#include "presence/visibility.h"

#include <gtest/gtest.h>

namespace porchlight::presence {
namespace {

TEST(visibility, every_room_counts_by_default) {
    EXPECT_TRUE(room_counts({}, {.is_public = false}));
    EXPECT_TRUE(room_counts({}, {.is_public = true}));
}

TEST(visibility, public_rooms_do_not_count_under_not_public) {
    const room_rules r{.rooms = rooms_policy::not_public};
    EXPECT_TRUE(room_counts(r, {.is_public = false}));
    EXPECT_FALSE(room_counts(r, {.is_public = true}));
}

TEST(visibility, no_room_counts_under_none) {
    const room_rules r{.rooms = rooms_policy::none};
    EXPECT_FALSE(room_counts(r, {.is_public = false}));
    EXPECT_FALSE(room_counts(r, {.is_public = true}));
}

TEST(visibility, an_excluded_room_never_counts) {
    EXPECT_FALSE(room_counts({}, {.excluded = true}));
}

TEST(visibility, a_room_that_grew_beyond_the_limit_counts_again_at_nine_tenths_of_it) {
    const room_rules r{.members_max = 100};
    EXPECT_TRUE(size_allows(r, 100, true));
    EXPECT_FALSE(size_allows(r, 101, true));
    EXPECT_FALSE(size_allows(r, 91, false));
    EXPECT_TRUE(size_allows(r, 90, false));
    EXPECT_FALSE(room_counts(r, {.size_allows = false}));
}

TEST(visibility, a_small_limit_has_its_hysteresis_too) {
    const room_rules r{.members_max = 5};
    EXPECT_TRUE(size_allows(r, 5, true));
    EXPECT_FALSE(size_allows(r, 5, false));
    EXPECT_TRUE(size_allows(r, 4, false));
}

TEST(visibility, without_a_limit_any_size_counts) {
    EXPECT_TRUE(size_allows({}, 4'000'000'000U, false));
}

TEST(visibility, nobody_sees_without_a_reason) {
    EXPECT_EQ(sight_of({}, user_visibility::everyone), sight::none);
    EXPECT_EQ(sight_of({.blocked = true}, user_visibility::everyone), sight::none);
}

TEST(visibility, one_sees_oneself_whatever_the_policy) {
    EXPECT_EQ(sight_of({.self = true}, user_visibility::nobody), sight::full);
}

TEST(visibility, a_room_is_a_reason_unless_the_user_is_stricter) {
    EXPECT_EQ(sight_of({.room = true}, user_visibility::everyone), sight::full);
    EXPECT_EQ(sight_of({.room = true}, user_visibility::lists_only), sight::none);
    EXPECT_EQ(sight_of({.room = true}, user_visibility::nobody), sight::none);
}

TEST(visibility, consent_is_a_reason_unless_the_user_shows_oneself_to_nobody) {
    EXPECT_EQ(sight_of({.accepted = true}, user_visibility::everyone), sight::full);
    EXPECT_EQ(sight_of({.accepted = true}, user_visibility::lists_only), sight::full);
    EXPECT_EQ(sight_of({.accepted = true}, user_visibility::nobody), sight::none);
}

TEST(visibility, a_block_freezes_what_would_otherwise_be_seen) {
    EXPECT_EQ(sight_of({.room = true, .blocked = true}, user_visibility::everyone), sight::frozen);
    EXPECT_EQ(sight_of({.accepted = true, .blocked = true}, user_visibility::lists_only),
              sight::frozen);
}

}  // namespace
}  // namespace porchlight::presence
