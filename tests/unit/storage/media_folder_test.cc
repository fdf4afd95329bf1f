#include "storage/media_folder.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "unit/storage/temporary_folder.h"

namespace porchlight::storage {
namespace {

namespace fs = std::filesystem;
using ports::media_error;
using testing::temporary_folder;
using enum ports::media_kind;

std::size_t files_below(const fs::path& root) {
    std::size_t n = 0;
    for (const auto& e : fs::recursive_directory_iterator(root)) {
        n += e.is_regular_file() ? 1 : 0;
    }
    return n;
}

class media_folder_test : public ::testing::Test {
  protected:
    temporary_folder where;
    fs::path root = where / "media";
    media_folder files{root};
};

TEST_F(media_folder_test, what_is_put_is_read) {
    files.put(upload, "abcdef", "hello");
    EXPECT_EQ(files.read(upload, "abcdef", 0, 100), "hello");
    EXPECT_EQ(files.read(upload, "abcdef", 1, 3), "ell");
    EXPECT_EQ(files.read(upload, "abcdef", 9, 3), "");
    EXPECT_EQ(files.size(upload, "abcdef"), 5u);
    EXPECT_FALSE(files.read(thumbnail, "abcdef", 0, 1));
    EXPECT_FALSE(files.size(upload, "abcdeg"));
    EXPECT_EQ(media_folder{root}.read(upload, "abcdef", 0, 100), "hello");
}

TEST_F(media_folder_test, files_lie_fanned_out_and_for_the_owner_alone) {
    files.put(upload, "abcdef", "x");
    files.put(thumbnail, "abcdef-32x32-crop", "y");
    EXPECT_TRUE(fs::exists(root / "uploads" / "ab" / "abcdef"));
    EXPECT_TRUE(fs::exists(root / "thumbnails" / "ab" / "abcdef-32x32-crop"));
    EXPECT_EQ(fs::status(root / "uploads" / "ab" / "abcdef").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(fs::status(root).permissions(), fs::perms::owner_all);
}

TEST_F(media_folder_test, an_upload_is_unsettled_until_its_row_is_there) {
    files.put(upload, "abcdef", "x");
    files.put(thumbnail, "abcdef-32x32-crop", "y");
    EXPECT_EQ(media_folder{root}.unsettled(), (std::vector<std::string>{"abcdef"}));
    files.settle("abcdef");
    files.settle("abcdef");
    EXPECT_TRUE(files.unsettled().empty());
    EXPECT_EQ(files.read(upload, "abcdef", 0, 9), "x");
}

TEST_F(media_folder_test, removing_is_settled_as_well) {
    files.put(upload, "abcdef", "x");
    files.remove(upload, "abcdef");
    files.settle("abcdef");
    files.remove(upload, "abcdef");
    EXPECT_EQ(files_below(root), 0u);
}

TEST_F(media_folder_test, a_name_is_used_once) {
    files.put(upload, "abcdef", "first");
    EXPECT_THROW(files.put(upload, "abcdef", "second"), media_error);
    EXPECT_EQ(files.read(upload, "abcdef", 0, 9), "first");
    files.settle("abcdef");
    EXPECT_THROW(files.put(upload, "abcdef", "second"), media_error);
    EXPECT_EQ(files.read(upload, "abcdef", 0, 9), "first");
    EXPECT_TRUE(files.unsettled().empty());
    files.put(thumbnail, "abcdef-1", "a");
    files.put(thumbnail, "abcdef-1", "b");
    EXPECT_EQ(files.read(thumbnail, "abcdef-1", 0, 9), "b");
}

TEST_F(media_folder_test, halves_of_thumbnails_are_swept) {
    std::ofstream(root / "incoming" / "thumbnail.abcdef-32x32-crop") << "half";
    std::ofstream(root / "incoming" / "abcdef") << "half of an upload";
    const media_folder again{root};
    EXPECT_EQ(files.unsettled(), (std::vector<std::string>{"abcdef"}));
    EXPECT_EQ(files_below(root), 1u);
}

TEST_F(media_folder_test, a_full_disk_leaves_nothing_behind) {
    struct rlimit before {};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small {
        1000, before.rlim_max
    };
    ::setrlimit(RLIMIT_FSIZE, &small);
    EXPECT_THROW(files.put(upload, "abcdef", std::string(2000, 'x')), media_error);
    EXPECT_THROW(files.put(thumbnail, "abcdef-1", std::string(2000, 'x')), media_error);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(files_below(root), 0u);
    files.put(upload, "abcdef", std::string(2000, 'x'));
    EXPECT_EQ(files.size(upload, "abcdef"), 2000u);
}

TEST_F(media_folder_test, links_are_not_followed) {
    fs::create_directories(root / "uploads" / "ab");
    std::ofstream(where / "secret") << "secret";
    fs::create_symlink(where / "secret", root / "uploads" / "ab" / "abcdef");
    EXPECT_THROW(files.read(upload, "abcdef", 0, 9), media_error);
}

TEST(media_folder_death_test, a_clients_name_is_a_bug) {
    const temporary_folder where;
    media_folder files{where / "media"};
    EXPECT_DEATH(files.read(upload, "../../etc/passwd", 0, 1), "is_name");
    EXPECT_DEATH(files.settle(".."), "is_name");
}

TEST(media_folder_start, a_folder_that_cannot_be_made_is_said) {
    const temporary_folder where;
    std::ofstream(where / "media") << "a file";
    EXPECT_THROW(media_folder{where / "media"}, media_error);
}

}  // namespace
}  // namespace porchlight::storage
