#include "homeserver/lists/list_table.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <random>

namespace porchlight::homeserver {
namespace {

using presence::consent_state;
using presence::entry_state;
using presence::user_visibility;

list_pair pair(std::uint32_t observer, std::uint32_t subject) {
    return {user_key{observer}, user_key{subject}};
}
constexpr wall_time noon = base::from_unix_ms(1'700'000'000'123);
const wall_time second = base::from_unix_ms(1'700'000'001'000);

TEST(list_table, halves_are_kept_as_they_were_given) {
    list_table t;
    const entry_half e{entry_state::pending, noon};
    const consent_half c{consent_state::invited, noon, second};
    t.set(pair(1, 2), e);
    t.set(pair(1, 2), c);
    EXPECT_EQ(t.entry_of(pair(1, 2)), e);
    EXPECT_EQ(t.consent_of(pair(1, 2)), c);
    EXPECT_EQ(t.entry_of(pair(2, 1)), entry_half{});
    EXPECT_EQ(t.consent_of(pair(2, 1)), consent_half{});
    EXPECT_EQ(t.entries_of(user_key{1}).size(), 1u);
    EXPECT_EQ(t.consents_of(user_key{2}).size(), 1u);
    EXPECT_TRUE(t.entries_of(user_key{2}).empty());
    EXPECT_EQ(t.entry_count(), 1u);
}

TEST(list_table, what_says_nothing_is_gone) {
    list_table t;
    t.set(pair(1, 2), entry_half{entry_state::accepted, noon});
    t.set(pair(1, 2), entry_half{entry_state::accepted, second});
    EXPECT_EQ(t.entry_count(), 1u);
    t.set(pair(1, 2), entry_half{});
    t.set(pair(1, 2), entry_half{});
    EXPECT_EQ(t.entry_count(), 0u);
    t.set(pair(1, 2), consent_half{consent_state::none, noon, second});
    EXPECT_EQ(t.consents_of(user_key{2}).size(), 1u) << "a notice is something";
    t.set(pair(1, 2), consent_half{consent_state::none, noon, std::nullopt});
    EXPECT_TRUE(t.users().empty());
}

TEST(list_table, rows_are_in_order_of_keys) {
    list_table t;
    std::vector<std::uint32_t> keys(1000);
    std::iota(keys.begin(), keys.end(), 0);
    std::shuffle(keys.begin(), keys.end(), std::mt19937{4711});
    for (const auto k : keys) {
        t.set(pair(5000, k), entry_half{entry_state::pending, noon});
    }
    for (std::uint32_t k = 0; k < 1000; k += 2) {
        t.set(pair(5000, k), entry_half{});
    }
    std::uint32_t expected = 1;
    for (const auto& e : t.entries_of(user_key{5000})) {
        EXPECT_EQ(e.subject, user_key{expected});
        expected += 2;
    }
    EXPECT_EQ(expected, 1001u);
}

TEST(list_table, blocks_and_policies) {
    list_table t;
    t.set_block(pair(1, 2), true);
    t.set_block(pair(1, 2), true);
    t.set_block(pair(1, 3), true);
    EXPECT_TRUE(t.blocks(pair(1, 2)));
    EXPECT_FALSE(t.blocks(pair(2, 1)));
    EXPECT_EQ(t.blocked_by(user_key{2}).size(), 1u);
    EXPECT_EQ(t.blockers_of(user_key{1}).size(), 2u);
    t.set_block(pair(1, 2), false);
    EXPECT_FALSE(t.blocks(pair(1, 2)));
    t.set_policy(user_key{7}, {.visibility = user_visibility::nobody, .presence_position = 5});
    EXPECT_EQ(t.policy_of(user_key{7}).visibility, user_visibility::nobody);
    EXPECT_EQ(t.policy_of(user_key{8}).visibility, user_visibility::everyone);
    EXPECT_EQ(t.users(), (std::vector{user_key{3}, user_key{7}}));
    EXPECT_TRUE(t.policy_of(user_key{8}).says_nothing());
    EXPECT_FALSE(t.policy_of(user_key{7}).says_nothing());
    t.set_policy(user_key{7}, {});
    EXPECT_EQ(t.users(), (std::vector{user_key{3}}));
}

std::size_t bytes_in_use() {
    const auto m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

// With the engine's share, 27 bytes (`./dev bench engine`), an entry takes less than 64 in all.
TEST(list_table, an_accepted_entry_costs_at_most_40_bytes) {
    constexpr std::uint32_t users = 50'000;
    constexpr std::uint32_t each = 20;
    const auto before = bytes_in_use();
    list_table t;
    std::mt19937 numbers{4711};
    for (std::uint32_t u = 0; u < users; ++u) {
        for (std::uint32_t i = 1; i <= each; ++i) {
            const auto p = pair(u, (u + i * i) % users);
            t.set(p, entry_half{entry_state::accepted, noon});
            t.set(p, consent_half{consent_state::accepted, noon, second});
        }
    }
    const auto grown = static_cast<double>(bytes_in_use() - before) / (users * each);
    t.shrink();
    const auto loaded = static_cast<double>(bytes_in_use() - before) / (users * each);
    EXPECT_EQ(t.entry_count(), users * each);
    RecordProperty("bytes_grown", std::to_string(grown));
    RecordProperty("bytes_loaded", std::to_string(loaded));
    EXPECT_LE(grown, 40.0);
    EXPECT_LE(loaded, 36.0);
}

}  // namespace
}  // namespace porchlight::homeserver
