#include "storage/dirty_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/limits.h"
#include "ports/store.h"
#include "unit/storage/temporary_folder.h"

namespace porchlight::storage {
namespace {

using base::user_key;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(dirty_file, remembers_users_across_openings) {
    const testing::temporary_folder folder;
    {
        dirty_file f{folder / "dirty"};
        EXPECT_THAT(f.dirty(), IsEmpty());
        EXPECT_TRUE(f.set(user_key{9}));
        EXPECT_TRUE(f.set(user_key{0}));
        EXPECT_TRUE(f.set(user_key{7}));
        EXPECT_TRUE(f.set(user_key{9}));
        f.clear(user_key{7});
        EXPECT_TRUE(f.is_set(user_key{0}));
        EXPECT_FALSE(f.is_set(user_key{7}));
    }
    dirty_file f{folder / "dirty"};
    EXPECT_THAT(f.dirty(), ElementsAre(user_key{0}, user_key{9}));
    f.clear_all();
    EXPECT_THAT(f.dirty(), IsEmpty());
}

TEST(dirty_file, grows_with_its_users_and_keeps_the_old_bits) {
    const testing::temporary_folder folder;
    const user_key edge{(1U << 20) - 1};
    const user_key next{1U << 20};
    const user_key far{50'000'000};
    {
        dirty_file f{folder / "dirty"};
        EXPECT_FALSE(f.is_set(far));
        f.clear(far);  // beyond the end: nothing to clear, nothing grows
        EXPECT_LT(std::filesystem::file_size(folder / "dirty"), 1'000'000U);
        EXPECT_TRUE(f.set(edge));
        EXPECT_TRUE(f.set(next));
        EXPECT_TRUE(f.set(far));
    }
    dirty_file f{folder / "dirty"};
    EXPECT_THAT(f.dirty(), ElementsAre(edge, next, far));
}

TEST(dirty_file, in_memory_works_alike) {
    dirty_file f;
    EXPECT_TRUE(f.set(user_key{3}));
    EXPECT_TRUE(f.set(user_key{3'000'000}));
    EXPECT_THAT(f.dirty(), ElementsAre(user_key{3}, user_key{3'000'000}));
}

TEST(dirty_file, says_when_a_user_cannot_be_remembered) {
    dirty_file f;
    EXPECT_TRUE(f.set(user_key{base::limits::dirty_users_max - 1}));
    EXPECT_FALSE(f.set(user_key{base::limits::dirty_users_max}));
    EXPECT_FALSE(f.set(user_key{}));
}

TEST(dirty_file, survives_kill_9) {
    const testing::temporary_folder folder;
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        dirty_file f{folder / "dirty"};
        const bool good = f.set(user_key{1}) && f.set(user_key{5'000'000});
        const char done = good ? 'y' : 'n';
        if (::write(ends[1], &done, 1) != 1) {
            ::_exit(1);
        }
        ::pause();
    }
    char done = 0;
    ASSERT_EQ(::read(ends[0], &done, 1), 1);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);
    ::close(ends[1]);
    ASSERT_EQ(done, 'y');
    dirty_file f{folder / "dirty"};
    EXPECT_THAT(f.dirty(), ElementsAre(user_key{1}, user_key{5'000'000}));
}

TEST(dirty_file, refuses_another_kind_of_file_and_leaves_it_alone) {
    const testing::temporary_folder folder;
    for (const std::string content : {"a letter to somebody, rather long", "short"}) {
        std::ofstream{folder / "letter"} << content;
        EXPECT_THROW(dirty_file{folder / "letter"}, ports::store_error);
        EXPECT_EQ(std::filesystem::file_size(folder / "letter"), content.size());
    }
    EXPECT_THROW(dirty_file{folder / "missing" / "dirty"}, ports::store_error);
}

TEST(dirty_file, takes_over_a_file_whose_making_was_interrupted) {
    const testing::temporary_folder folder;
    std::ofstream{folder / "dirty"} << std::string(131'088, '\0');
    dirty_file f{folder / "dirty"};
    EXPECT_THAT(f.dirty(), IsEmpty());
    EXPECT_TRUE(f.set(user_key{1}));
}

}  // namespace
}  // namespace porchlight::storage
