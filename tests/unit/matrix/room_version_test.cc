#include "matrix/room_version.h"

#include <gtest/gtest.h>

namespace porchlight::matrix {
namespace {

TEST(room_version, has_exactly_the_names_1_to_11) {
    EXPECT_EQ(room_version::all().size(), 11U);
    for (const auto name : room_version::all()) {
        ASSERT_TRUE(room_version::parse(name)) << name;
        EXPECT_EQ(room_version::parse(name)->name(), name);
        EXPECT_EQ(std::to_string(room_version::parse(name)->number()), name);
    }
    for (const auto* other : {"", "0", "12", "01", "1 ", "-1", "+1", "1.0", "org.example.1"}) {
        EXPECT_FALSE(room_version::parse(other)) << other;
    }
}

// The version in which each difference came or went.
TEST(room_version, knows_when_what_changed) {
    int hashed = 0, safe = 0, notification = 0, knocking = 0, restricted = 0, both = 0,
        integers = 0, redacts = 0, aliases = 0, creator = 0;
    for (const auto name : room_version::all()) {
        const auto v = *room_version::parse(name);
        hashed += v.hashed_ids() ? 0 : 1;
        safe += v.url_safe_ids() ? 0 : 1;
        notification += v.notification_levels() ? 0 : 1;
        knocking += v.knocking() ? 0 : 1;
        restricted += v.restricted_joins() ? 0 : 1;
        both += v.knock_restricted() ? 0 : 1;
        integers += v.integer_levels_only() ? 0 : 1;
        redacts += v.redacts_in_content() ? 0 : 1;
        aliases += v.alias_events() ? 1 : 0;
        creator += v.creator_in_content() ? 1 : 0;
    }
    EXPECT_EQ(hashed, 2);
    EXPECT_EQ(safe, 3);
    EXPECT_EQ(aliases, 5);
    EXPECT_EQ(notification, 5);
    EXPECT_EQ(knocking, 6);
    EXPECT_EQ(restricted, 7);
    EXPECT_EQ(both, 9);
    EXPECT_EQ(integers, 9);
    EXPECT_EQ(creator, 10);
    EXPECT_EQ(redacts, 10);
}

}  // namespace
}  // namespace porchlight::matrix
