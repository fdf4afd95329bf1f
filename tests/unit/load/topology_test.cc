#include "load/topology.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <numeric>
#include <set>

namespace porchlight::load {
namespace {

TEST(topology, a_hall_is_one_room_where_everybody_sees_every_publisher) {
    const auto t = make_topology(topology_kind::hall, 50, 10, 20);
    ASSERT_EQ(t.rooms.size(), 1U);
    EXPECT_EQ(t.rooms[0].count, 50U);
    EXPECT_EQ(t.subjects.size(), 10U);
    EXPECT_EQ(t.pairs(), 500U);
    EXPECT_EQ(t.views[3].own, 3U);
    EXPECT_EQ(t.views[40].own, view::nobody);
}

TEST(topology, of_no_room_nobody_sees_anybody) {
    const auto t = make_topology(topology_kind::none, 50, 10, 20);
    EXPECT_TRUE(t.rooms.empty());
    EXPECT_EQ(t.subjects.size(), 10U);
    EXPECT_EQ(t.pairs(), 0U);
}

TEST(topology, a_list_has_its_size_or_all_publishers) {
    EXPECT_EQ(make_topology(topology_kind::lists, 50, 30, 20).pairs(), 1000U);
    EXPECT_EQ(make_topology(topology_kind::lists, 50, 10, 20).pairs(), 500U);
}

// Everybody is in one room, sees the publishers of that room and no others, and knows its own
// number.
RC_GTEST_PROP(topology, in_teams_one_sees_exactly_the_publishers_of_ones_room, ()) {
    const auto users = *rc::gen::inRange<std::uint32_t>(1, 300);
    const auto publishers = *rc::gen::inRange<std::uint32_t>(1, users + 1);
    const auto t = make_topology(topology_kind::teams, users, publishers,
                                 *rc::gen::inRange<std::uint32_t>(2, 50));
    RC_ASSERT(t.subjects.size() == publishers);
    RC_ASSERT(std::set<std::uint32_t>(t.subjects.begin(), t.subjects.end()).size() == publishers);
    std::uint32_t covered = 0;
    for (const auto& room : t.rooms) {
        RC_ASSERT(room.first == covered);
        covered += room.count;
        for (auto u = room.first; u < room.first + room.count; ++u) {
            for (std::uint32_t s = 0; s < publishers; ++s) {
                const bool here =
                    t.subjects[s] >= room.first && t.subjects[s] < room.first + room.count;
                RC_ASSERT((t.views[u].index_of(s, publishers) < t.views[u].count) == here);
                RC_ASSERT((t.subjects[s] == u) == (t.views[u].own == s));
            }
        }
    }
    RC_ASSERT(covered == users);
}

RC_GTEST_PROP(topology, shares_cover_all_users_and_spare_who_publishes, ()) {
    const auto users = *rc::gen::inRange<std::uint32_t>(1, 100'000);
    const auto publishers = *rc::gen::inRange<std::uint32_t>(1, std::min(users, 10'000U) + 1);
    const auto processes = *rc::gen::inRange<std::uint32_t>(1, std::min(users, 20U) + 1);
    const auto sizes = shares(users, publishers, processes);
    RC_ASSERT(sizes.size() == processes);
    RC_ASSERT(std::accumulate(sizes.begin(), sizes.end(), 0U) == users);
    const auto even = (users + publishers) / processes + 1;
    RC_ASSERT(sizes[0] + publishers <= std::max(even, publishers));
}

}  // namespace
}  // namespace porchlight::load
