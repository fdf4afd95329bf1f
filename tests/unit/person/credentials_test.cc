#include "person/credentials.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "person/failure.h"

namespace porchlight::person {
namespace {

using testing::HasSubstr;

const credentials alice{"https://porch.test", "@alice:porch.test", "PHONE", "secret-token"};

class Credentials : public testing::Test {
  protected:
    Credentials() {
        std::string name = testing::TempDir() + "credentials-XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~Credentials() override { std::filesystem::remove_all(folder_); }

    static unsigned mode_of(const std::string& path) {
        struct stat s {};
        EXPECT_EQ(::stat(path.c_str(), &s), 0) << path;
        return s.st_mode & 0777;
    }
    std::string problem_of(const std::string& path) const {
        try {
            load_credentials(path);
        } catch (const failed& f) {
            return f.message;
        }
        return "";
    }
    void write(const std::string& text) const {
        std::ofstream(file()) << text;
        ::chmod(file().c_str(), 0600);
    }
    std::string file() const { return folder_ + "/c.json"; }

    std::string folder_;
};

TEST_F(Credentials, what_was_saved_is_read_again) {
    save_credentials(file(), alice);
    const credentials c = load_credentials(file());
    EXPECT_EQ(c.homeserver, alice.homeserver);
    EXPECT_EQ(c.user_id, alice.user_id);
    EXPECT_EQ(c.device_id, alice.device_id);
    EXPECT_EQ(c.access_token, alice.access_token);
}

TEST_F(Credentials, file_and_folders_are_for_their_owner_alone_whatever_the_umask) {
    const mode_t before = ::umask(0);
    const std::string deep = folder_ + "/one/two/c.json";
    save_credentials(deep, alice);
    ::umask(before);
    EXPECT_EQ(mode_of(deep), 0600U);
    EXPECT_EQ(mode_of(folder_ + "/one"), 0700U);
    EXPECT_EQ(mode_of(folder_ + "/one/two"), 0700U);
}

TEST_F(Credentials, saving_replaces_a_file_that_others_could_read_and_leaves_nothing_beside_it) {
    std::ofstream(file()) << "old";
    ::chmod(file().c_str(), 0644);
    save_credentials(file(), alice);
    EXPECT_EQ(mode_of(file()), 0600U);
    EXPECT_EQ(load_credentials(file()).user_id, alice.user_id);
    const auto entries = std::filesystem::directory_iterator(folder_);
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(Credentials, a_file_that_others_can_read_is_refused_and_the_sentence_helps) {
    save_credentials(file(), alice);
    for (const mode_t mode : {0640, 0604, 0620, 0601}) {
        ::chmod(file().c_str(), mode);
        EXPECT_THAT(problem_of(file()), HasSubstr("chmod 600 " + file()));
    }
    ::chmod(file().c_str(), 0400);
    EXPECT_EQ(problem_of(file()), "");
}

TEST_F(Credentials, no_file_says_how_to_log_in) {
    EXPECT_THAT(problem_of(file()), HasSubstr("porchlight login @you:your.server"));
}

TEST_F(Credentials, what_login_did_not_write_is_refused_without_its_secrets) {
    for (const char* text :
         {"", "{", "[]", "{\"homeserver\":1}",
          R"({"homeserver":"h","user_id":"u","device_id":"d"})",
          R"({"homeserver":"h","user_id":"u","device_id":"d","access_token":""})"}) {
        write(text);
        EXPECT_THAT(problem_of(file()), HasSubstr("log in again")) << text;
    }
    write(R"({"access_token":"secret-token"})");
    EXPECT_THAT(problem_of(file()), testing::Not(HasSubstr("secret-token")));
}

TEST_F(Credentials, a_folder_or_an_endless_file_is_refused) {
    ::chmod(folder_.c_str(), 0700);
    EXPECT_THAT(problem_of(folder_), HasSubstr("is no file"));
    write(std::string(100'000, ' '));
    EXPECT_THAT(problem_of(file()), HasSubstr("too long"));
}

TEST_F(Credentials, a_folder_that_cannot_be_written_is_said) {
    std::ofstream(file()) << "a file, no folder";
    EXPECT_THROW(save_credentials(file() + "/below/c.json", alice), failed);
}

TEST_F(Credentials, removing_twice_is_no_failure) {
    save_credentials(file(), alice);
    remove_credentials(file());
    EXPECT_FALSE(credentials_exist(file()));
    remove_credentials(file());
}

std::string path_with(const std::string& given,
                      const std::map<std::string, std::string>& variables) {
    return credentials_path(given, [&](const char* name) {
        const auto at = variables.find(name);
        return at == variables.end() ? nullptr : at->second.c_str();
    });
}

TEST_F(Credentials, the_option_wins_over_the_environment_over_the_folders) {
    EXPECT_EQ(path_with("x.json", {{"PORCHLIGHT_CREDENTIALS", "y.json"}}), "x.json");
    EXPECT_EQ(path_with("", {{"PORCHLIGHT_CREDENTIALS", "y.json"}, {"HOME", "/h"}}), "y.json");
    EXPECT_EQ(path_with("", {{"XDG_CONFIG_HOME", "/x"}, {"HOME", "/h"}}),
              "/x/porchlight/credentials.json");
    EXPECT_EQ(path_with("", {{"XDG_CONFIG_HOME", "relative"}, {"HOME", "/h"}}),
              "/h/.config/porchlight/credentials.json");
    EXPECT_THROW(path_with("", {}), failed);
}

}  // namespace
}  // namespace porchlight::person
