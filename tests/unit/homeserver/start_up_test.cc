#include <gtest/gtest.h>

#include "support/counted_allocations.h"
#include "support/house_bench.h"

// Start-up grows with the number of users that are offline: not by work for each of them.
namespace porchlight::test {
namespace {

using namespace ports;

constexpr std::uint32_t team = 20;

// Everybody has an account and a last presence; teams of 20 have a room each.
std::shared_ptr<storage::memory_store> store_of(std::uint32_t users) {
    auto store = std::make_shared<storage::memory_store>();
    write_set set;
    for (std::uint32_t u = 0; u < users; ++u) {
        const base::room_key room{u / team};
        const base::wall_time seen = base::from_unix_ms(1'600'000'000'000 + u);
        set.push_back(account_row{
            base::user_key{u}, "@somebody." + std::to_string(u) + ":porch.test", "", seen, false});
        set.push_back(presence_row{base::user_key{u}, 0, seen, 1 + u});
        if (u % team == 0) {
            set.push_back(room_row{room, "!" + std::to_string(u) + ":porch.test", "10", false, 1});
        }
        set.push_back(membership_row{base::user_key{u}, room, membership::join, 1 + u, 1, false});
    }
    store->commit({&set, 1}, true);
    return store;
}

template <class F>
std::size_t allocations_of(F f) {
    const std::size_t before = testing::allocations;
    f();
    return testing::allocations - before;
}

// What a start allocates beyond the rows that this store copies to show them.
std::size_t allocations_to_load(std::uint32_t users) {
    const auto store = store_of(users);
    const std::size_t shown = allocations_of([&] {
        store->account_names([](const account_name&) {});
        store->rooms([](room_row&&) {});
        store->memberships([](membership_row&&) {});
        store->statuses([](status_row&&) {});
    });
    const std::size_t all = allocations_of([&] { const house_bench house{store}; });
    return all - shown;
}

TEST(start_up_with_offline_users, allocates_by_room_and_not_by_user) {
    constexpr std::uint32_t some = 20 * 2000;
    const std::size_t few = allocations_to_load(some);
    const std::size_t many = allocations_to_load(2 * some);
    constexpr std::size_t rooms = some / team;
    EXPECT_GT(many - few, rooms) << "nothing was counted";
    EXPECT_LE(many - few, 12 * rooms) << "more than 12 for each further room of 20";
}

TEST(start_up_with_offline_users, finds_every_name) {
    constexpr std::uint32_t users = 5000;
    const house_bench house{store_of(users)};
    EXPECT_EQ(house.accounts.count(), users);
    for (std::uint32_t u = 0; u < users; ++u) {
        const std::string id = "@somebody." + std::to_string(u) + ":porch.test";
        ASSERT_EQ(house.accounts.find(id), base::user_key{u});
        ASSERT_EQ(house.accounts.user_id(base::user_key{u}), id);
    }
    EXPECT_EQ(house.accounts.find("@somebody.5000:porch.test"), std::nullopt);
    EXPECT_EQ(house.accounts.find("@somebody:porch.test"), std::nullopt);
    EXPECT_EQ(house.accounts.find(""), std::nullopt);
}

TEST(start_up_with_offline_users, names_are_found_while_their_number_grows) {
    house_bench house{store_of(3)};
    std::vector<std::string> ids;
    for (int i = 0; i < 200; ++i) {
        ids.push_back(house.sign_up("new" + std::to_string(i)).user_id);
        for (const std::string& id : ids) {
            const auto found = house.accounts.find(id);
            ASSERT_TRUE(found);
            ASSERT_EQ(house.accounts.user_id(*found), id);
        }
    }
    EXPECT_EQ(house.accounts.count(), 203U);
}

}  // namespace
}  // namespace porchlight::test
