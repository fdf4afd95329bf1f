#include "engine/losses.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"

namespace porchlight::engine {
namespace {

constexpr std::uint32_t most = base::limits::losses_per_observer_max;
constexpr user_key observer{7};

TEST(losses, beyond_the_limit_the_oldest_are_forgotten_some_at_once) {
    losses all;
    // The higher the subject, the older.
    for (std::uint32_t u = 0; u < most; ++u) {
        EXPECT_TRUE(all.add(observer, {user_key{u}, 1'000'000 - u, {}}).empty());
    }
    const auto pruned = all.add(observer, {user_key{most}, 2'000'000, {}});
    ASSERT_EQ(pruned.size(), most - most / 16 * 15 + 1);
    EXPECT_EQ(std::ranges::min(pruned), user_key{most / 16 * 15 - 1});
    EXPECT_EQ(all.of(observer).size(), most / 16 * 15);
    EXPECT_TRUE(all.find(observer, user_key{most}));
    EXPECT_FALSE(all.find(observer, user_key{most - 1}));
    // So it is rarely done.
    for (std::uint32_t u = most + 1; u <= most + most / 16; ++u) {
        EXPECT_TRUE(all.add(observer, {user_key{u}, 2'000'000, {}}).empty());
    }
}

TEST(losses, all_too_old_ones_go_when_it_is_crowded) {
    constexpr std::uint64_t month = std::uint64_t{30} * 24 * 3600 * 1000 << 16;
    losses all;
    for (std::uint32_t u = 0; u < most; ++u) {
        all.add(observer, {user_key{u}, u % 2 == 0 ? 10 : month, {}});
    }
    EXPECT_EQ(all.add(observer, {user_key{most}, month + 11, {}}).size(), most / 2);
    EXPECT_EQ(all.of(observer).size(), most / 2 + 1);
}

TEST(losses, of_equally_old_ones_as_many_stay_as_there_is_place) {
    losses all;
    std::size_t forgotten = 0;
    for (std::uint32_t u = 0; u < 3 * most; ++u) {
        forgotten += all.add(observer, {user_key{u}, 5, {}}).size();
    }
    EXPECT_EQ(all.of(observer).size() + forgotten, 3 * most);
    EXPECT_GE(all.of(observer).size(), most / 16 * 15);
    EXPECT_LE(all.of(observer).size(), most);
}

}  // namespace
}  // namespace porchlight::engine
