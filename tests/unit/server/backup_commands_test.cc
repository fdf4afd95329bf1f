#include "server/backup_commands.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "server/house.h"
#include "storage/backup.h"
#include "unit/storage/temporary_folder.h"

// A folder to a backup and back, without a server. With one, and under writes:
// tests/integration/operating.
namespace porchlight::server {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void write(const fs::path& path, std::string_view text) {
    fs::create_directories(path.parent_path());
    std::ofstream{path} << text;
}

struct backup_commands : testing::Test {
    backup_commands() {
        from.data = (folder / "live").string();
        from.homeserver.server_name = "porch.test";
        to.data = (folder / "restored").string();
        to.homeserver.server_name = "porch.test";
        fs::create_directories(from.data);
        storage::sqlite_store store({live() / "porchlight.db", {}});
        ports::media_row upload;
        upload.media_id = "abcdefgh";
        upload.user = base::user_key{0};
        upload.bytes = 5;
        ports::write_set set{
            ports::meta_row{"server_name", "porch.test"},
            ports::account_row{base::user_key{0}, "@alice:porch.test", "", {}, false}, upload};
        store.commit({&set, 1}, true);
        write(live() / "media/uploads/ab/abcdefgh", "hello");
        write(live() / "media/uploads/zz/zzzz-of-nobody", "no row names it");
        write(live() / "signing.key", "ed25519 a_1 c2VlZA\n");
        write(live() / "dirty", "porchlight dirty");
    }
    fs::path live() const { return from.data; }
    fs::path restored() const { return to.data; }
    std::string copy() const { return (folder / "copy").string(); }

    // What the command said in place of working.
    template <class Command>
    static std::string refusal(Command command) {
        try {
            command();
        } catch (const start_error& e) {
            return e.message;
        }
        return "";
    }
    // What it printed, and its exit code.
    template <class Command>
    static std::pair<std::string, int> run(Command command) {
        testing::internal::CaptureStdout();
        const int code = command();
        return {testing::internal::GetCapturedStdout(), code};
    }

    const storage::testing::temporary_folder folder;
    config from, to;
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(backup_commands, a_folder_goes_to_a_backup_and_back) {
    const auto [said, code] = run([&] { return backup(from, copy()); });
    EXPECT_EQ(code, 0);
    EXPECT_SAYS(said, "porch.test: 1 accounts, 0 rooms, 1 uploads of 5 bytes");
    EXPECT_FALSE(fs::exists(copy() + ".part"));
    EXPECT_FALSE(fs::exists(fs::path(copy()) / "media/uploads/zz")) << "no row names it";
    EXPECT_FALSE(fs::exists(fs::path(copy()) / "dirty"));

    EXPECT_EQ(run([&] { return restore(to, copy()); }).second, 0);
    EXPECT_EQ(bytes_of(restored() / "media/uploads/ab/abcdefgh"), "hello");
    EXPECT_EQ(bytes_of(restored() / "signing.key"), "ed25519 a_1 c2VlZA\n");
    EXPECT_EQ(storage::facts_of(restored() / "porchlight.db").accounts, 1U);
    for (const auto& each : fs::recursive_directory_iterator(restored())) {
        const auto others = fs::perms::group_all | fs::perms::others_all;
        EXPECT_EQ(each.status().permissions() & others, fs::perms::none) << each.path();
    }
}

TEST_F(backup_commands, media_and_key_go_where_the_configuration_has_them) {
    from.media_folder = (folder / "elsewhere").string();
    from.signing_key = (folder / "keys/here.key").string();
    fs::rename(live() / "media", folder / "elsewhere");
    write(from.signing_key, "ed25519 b_2 c2VlZA\n");
    ASSERT_EQ(run([&] { return backup(from, copy()); }).second, 0);
    to.media_folder = (folder / "new/media").string();
    to.signing_key = (folder / "new/keys/my.key").string();
    EXPECT_EQ(run([&] { return restore(to, copy()); }).second, 0);
    EXPECT_EQ(bytes_of(folder / "new/media/uploads/ab/abcdefgh"), "hello");
    EXPECT_EQ(bytes_of(to.signing_key), "ed25519 b_2 c2VlZA\n");
}

TEST_F(backup_commands, nothing_is_replaced) {
    fs::create_directories(copy());
    EXPECT_SAYS(refusal([&] { backup(from, copy()); }), copy() + " exists already");
    fs::remove(copy());
    run([&] { return backup(from, copy() + "/"); });  // a slash more is the same folder
    EXPECT_SAYS(refusal([&] { backup(from, copy()); }), "replaces nothing");

    write(restored() / "precious", "keep me");
    EXPECT_SAYS(refusal([&] { restore(to, copy()); }), "is not an empty folder");
    EXPECT_EQ(bytes_of(restored() / "precious"), "keep me");
    EXPECT_FALSE(fs::exists(restored() / "porchlight.db"));
    fs::remove(restored() / "precious");

    to.media_folder = (folder / "album").string();
    write(folder / "album/picture", "mine");
    EXPECT_SAYS(refusal([&] { restore(to, copy()); }), "media.folder: ");
    to.media_folder.clear();
    to.signing_key = (folder / "my.key").string();
    write(to.signing_key, "another");
    EXPECT_SAYS(refusal([&] { restore(to, copy()); }), "federation.signing_key: ");
    EXPECT_EQ(bytes_of(to.signing_key), "another");
}

TEST_F(backup_commands, what_is_no_backup_or_damaged_is_not_restored) {
    EXPECT_SAYS(refusal([&] { restore(to, (folder / "nothing").string()); }), "no database");
    write(folder / "other/porchlight.db", "a text, and not even a short one");
    EXPECT_NE(refusal([&] { restore(to, (folder / "other").string()); }), "");
    {
        storage::sqlite_store store({live() / "porchlight.db", {}});
        ports::device_row orphan;
        orphan.device = base::device_key{7};
        orphan.user = base::user_key{99};
        orphan.token_hash.assign(32, 'x');
        const ports::write_set set{orphan};
        store.commit({&set, 1}, true);
    }
    const auto [said, code] = run([&] { return backup(from, copy()); });
    EXPECT_EQ(code, 1) << "a copy with a fault is more than none, and says so";
    EXPECT_SAYS(said, "devices of users without an account");
    EXPECT_SAYS(refusal([&] { restore(to, copy()); }), "devices of users without an account");
    EXPECT_FALSE(fs::exists(restored()));
}

TEST_F(backup_commands, a_missing_upload_or_a_cut_one_is_named_and_the_rest_is_there) {
    write(live() / "media/uploads/ab/abcdefgh", "hell");
    const auto [said, code] = run([&] { return backup(from, copy()); });
    EXPECT_EQ(code, 1);
    EXPECT_SAYS(said, "PROBLEM  the file of upload abcdefgh is missing or cut");
    const auto [restoring, restored_code] = run([&] { return restore(to, copy()); });
    EXPECT_EQ(restored_code, 1);
    EXPECT_SAYS(restoring, "abcdefgh is missing");
    EXPECT_TRUE(fs::exists(restored() / "porchlight.db"));
}

TEST_F(backup_commands, a_restore_says_which_name_the_data_needs) {
    run([&] { return backup(from, copy()); });
    to.homeserver.server_name = "localhost";
    EXPECT_SAYS(run([&] { return restore(to, copy()); }).first,
                "this data needs server.name = \"porch.test\"");
}

TEST_F(backup_commands, root_restores_for_the_owner_of_the_data_folder) {
    const uid_t owner = ::geteuid() == 0 ? 65534 : ::geteuid();  // only root may give files away
    run([&] { return backup(from, copy()); });
    fs::create_directories(to.data);
    ASSERT_EQ(::chown(to.data.c_str(), owner, ::getegid()), 0);
    run([&] { return restore(to, copy()); });
    for (const auto& each : fs::recursive_directory_iterator(restored())) {
        struct stat found {};
        ::stat(each.path().c_str(), &found);
        EXPECT_EQ(found.st_uid, owner) << each.path();
    }
}

}  // namespace
}  // namespace porchlight::server
