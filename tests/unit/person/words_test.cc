#include "person/words.h"

#include <gtest/gtest.h>

#include "person/failure.h"
#include "person/homeserver.h"

namespace porchlight::person {
namespace {

using namespace std::chrono_literals;

TEST(Words, activity_is_said_in_the_largest_unit) {
    EXPECT_EQ(activity_words(0ms, true), "active now");
    EXPECT_EQ(activity_words(40s, true), "active now");
    EXPECT_EQ(activity_words(0ms, false), "active 1 s ago");
    EXPECT_EQ(activity_words(59'999ms, false), "active 59 s ago");
    EXPECT_EQ(activity_words(60s, false), "active 1 min ago");
    EXPECT_EQ(activity_words(3599s, false), "active 59 min ago");
    EXPECT_EQ(activity_words(1h, false), "active 1 h ago");
    EXPECT_EQ(activity_words(47h + 59min, false), "active 47 h ago");
    EXPECT_EQ(activity_words(48h, false), "active 2 days ago");
    EXPECT_EQ(activity_words(std::nullopt, false), "");
    EXPECT_EQ(activity_words(std::nullopt, true), "active now");
}

TEST(Words, states_of_other_servers_are_known_too) {
    EXPECT_EQ(state_words("free_for_chat"), "free for chat");
    EXPECT_EQ(state_words("org.matrix.msc3026.busy"), "busy");
    EXPECT_EQ(light_of("online"), light::lit);
    EXPECT_EQ(light_of("org.matrix.msc3026.busy"), light::lit);
    EXPECT_EQ(light_of("unavailable"), light::dimmed);
    EXPECT_EQ(light_of("offline"), light::dark);
    EXPECT_EQ(light_of("hidden"), light::dark);
}

TEST(Words, durations) {
    EXPECT_EQ(duration_of("90s"), 90s);
    EXPECT_EQ(duration_of("30m"), 30min);
    EXPECT_EQ(duration_of("2h"), 2h);
    EXPECT_EQ(duration_of("7d"), 168h);
    for (const char* wrong :
         {"", "2", "h", "0s", "-1h", "1.5h", "2 h", "2w", "99999999999999999999s", "9999999999d"}) {
        EXPECT_EQ(duration_of(wrong), std::nullopt) << wrong;
    }
}

TEST(Words, a_name_alone_is_somebody_of_ones_own_server) {
    EXPECT_EQ(whole_user_id("bob", "@alice:porch.test:8448"), "@bob:porch.test:8448");
    EXPECT_EQ(whole_user_id("@bob:elsewhere.test", "@alice:porch.test"), "@bob:elsewhere.test");
    for (const char* wrong : {"", "@bob", "bob:porch.test", "#room:porch.test", "@bob:"}) {
        EXPECT_THROW(whole_user_id(wrong, "@alice:porch.test"), failed) << wrong;
    }
    EXPECT_THROW(whole_user_id(std::string(300, 'b'), "@alice:porch.test"), failed);
}

TEST(Homeserver, login_takes_a_user_or_a_url) {
    EXPECT_EQ(read_target("@alice:porch.test").user_id, "@alice:porch.test");
    EXPECT_EQ(read_target("https://porch.test/").url, "https://porch.test");
    for (const char* wrong :
         {"", "alice", "porch.test", "@alice", "@:porch.test", "ftp://porch.test"}) {
        EXPECT_THROW(read_target(wrong), failed) << wrong;
    }
}

TEST(Homeserver, a_url_is_checked_before_a_password_goes_there) {
    EXPECT_EQ(checked_url("http://127.0.0.1:8008"), "http://127.0.0.1:8008");
    EXPECT_EQ(checked_url("https://porch.test/matrix//"), "https://porch.test/matrix");
    for (const char* wrong :
         {"https://", "https:///x", "porch.test", "javascript:alert(1)",
          "https://alice:pw@porch.test", "https://porch.test/?a", "https://porch.test/#a",
          "file:///etc/passwd", "https://porch test"}) {
        EXPECT_THROW(checked_url(wrong), failed) << wrong;
    }
}

TEST(Homeserver, a_well_known_document_says_where_or_is_refused) {
    EXPECT_EQ(read_well_known(R"({"m.homeserver":{"base_url":"https://m.porch.test/"}})", "w"),
              "https://m.porch.test");
    for (const char* wrong :
         {"", "<html>", "{}", R"({"m.homeserver":{}})", R"({"m.homeserver":{"base_url":7}})",
          R"({"m.homeserver":{"base_url":"m.porch.test"}})"}) {
        EXPECT_THROW(read_well_known(wrong, "w"), failed) << wrong;
    }
}

TEST(Homeserver, plain_http_is_open_unless_it_stays_on_the_machine) {
    EXPECT_TRUE(is_open_to_listeners("http://porch.test"));
    EXPECT_FALSE(is_open_to_listeners("https://porch.test"));
    EXPECT_FALSE(is_open_to_listeners("http://127.0.0.1:8008"));
    EXPECT_FALSE(is_open_to_listeners("http://localhost:8008"));
    EXPECT_FALSE(is_open_to_listeners("http://[::1]:8008"));
}

TEST(Web, a_segment_of_a_path_holds_nothing_that_ends_it) {
    EXPECT_EQ(percent_encoded("@a/b?c#d%:é"), "%40a%2Fb%3Fc%23d%25%3A%C3%A9");
    EXPECT_EQ(percent_encoded("aZ0-._~"), "aZ0-._~");
}

}  // namespace
}  // namespace porchlight::person
