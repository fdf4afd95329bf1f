#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "storage/sqlite_store.h"
#include "unit/storage/faulty_vfs.h"
#include "unit/storage/rows.h"
#include "unit/storage/temporary_folder.h"

// Consent is durable before it is answered: lists, consents, blocks, policies and messages to
// devices, committed in groups as the store thread does, while the disk fails and the power is cut.
namespace porchlight::storage {
namespace {

using namespace testing;
using numbers = std::set<std::uint32_t>;

constexpr user_key owner{500};  // of the list that each set adds to
constexpr device_key phone{500};
constexpr std::uint32_t group_size = 3;

// Set number n: rows in each table, so that half a set would show. Its message takes the place of
// the one before.
write_set numbered(std::uint32_t n) {
    return {stranger(n, "@u" + std::to_string(n) + ":there"),
            entry(owner.value, n),
            consent(n, owner.value),
            block(n, owner.value),
            policy(n),
            to_device_removal{phone, n},
            letter(phone.value, n + 1)};
}

template <class Row, class Number>
numbers of_table(store& s, void (store_reader::*read)(base::unique_function<void(Row&&)>),
                 Number number) {
    numbers found;
    for (const Row& r : all(s, read)) {
        found.insert((r.*number).value);
    }
    return found;
}

// The numbers of the sets that the store shows; fails the test when one is there in part.
numbers shown(store& s) {
    const numbers found = of_table(s, &store_reader::list_entries, &list_entry_row::subject);
    EXPECT_EQ(found, of_table(s, &store_reader::names, &name_row::user));
    EXPECT_EQ(found, of_table(s, &store_reader::consents, &consent_row::subject));
    EXPECT_EQ(found, of_table(s, &store_reader::blocks, &block_row::subject));
    EXPECT_EQ(found, of_table(s, &store_reader::policies, &policy_row::user));
    numbers messages;
    for (const auto& [device, position] : letters(s)) {
        messages.insert(static_cast<std::uint32_t>(position - 1));
    }
    EXPECT_EQ(messages, found.empty() ? numbers{} : numbers{*found.rbegin()});
    return found;
}

// Commits groups of durable sets; what was acknowledged.
numbers run_script(store& s) {
    numbers acknowledged;
    for (std::uint32_t first = 0; first < 4 * group_size; first += group_size) {
        const std::vector<write_set> group = {numbered(first), numbered(first + 1),
                                              numbered(first + 2)};
        try {
            s.commit(group, true);
            acknowledged.insert({first, first + 1, first + 2});
        } catch (const store_error&) {
            // Refused, all three.
        }
    }
    return acknowledged;
}

sqlite_settings faulty(const std::filesystem::path& path) {
    // Few pages between checkpoints, so that these fail too.
    return {.path = path, .vfs = faulty_vfs::name(), .checkpoint_pages = 24};
}

void expect_whole(const std::filesystem::path& left_behind, const numbers& acknowledged) {
    sqlite_store after{faulty(left_behind / "p.db")};
    const numbers found = shown(after);
    EXPECT_TRUE(std::ranges::includes(found, acknowledged)) << "an acknowledged set was lost";
    EXPECT_EQ(found.size() % group_size, 0U) << "half a group";
}

class a_list : public ::testing::TestWithParam<std::uint64_t> {};
// 0: one hiccup. 3: the retries fail too. For ever: nothing reaches the disk any more, which with
// the unsynced discarded is a power cut at that very operation.
INSTANTIATE_TEST_SUITE_P(hiccup_burst_and_end, a_list,
                         ::testing::Values(0, 3, faulty_vfs::for_ever));

TEST_P(a_list, outlives_whole_a_failure_a_kill_and_a_power_cut_at_every_operation) {
    bool failed = true;
    std::uint64_t n = 1;
    for (; failed && !HasFailure(); ++n) {
        SCOPED_TRACE("failing at operation " + std::to_string(n));
        const temporary_folder folder;
        faulty_vfs disk;
        sqlite_store store{faulty(folder / "p.db")};
        disk.fail_at(n, GetParam());
        const numbers acknowledged = run_script(store);
        failed = disk.has_failed();
        disk.save_files(folder / "dark", true);
        disk.save_files(folder / "killed", false);
        disk.heal();
        EXPECT_EQ(shown(store), acknowledged) << "the disk works again";
        expect_whole(folder / "killed", acknowledged);
        expect_whole(folder / "dark", acknowledged);
    }
    EXPECT_GT(n, 40U) << "the script must have operations enough to fail at";
}

}  // namespace
}  // namespace porchlight::storage
