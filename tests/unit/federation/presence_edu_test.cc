#include "federation/presence_edu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/limits.h"

namespace porchlight::federation {
namespace {

using presence::state;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

presence_edu read(const std::string& text) {
    return read_presence(json::parse(text).get_object(), "far.org", "near.org");
}

// One push whose other keys are fine.
presence_edu read_with(const std::string& keys) {
    return read(R"({"push":[{"user_id":"@a:far.org","presence":"online",)" + keys + "}]}");
}

TEST(presence_edu_reading, a_push_as_todays_servers_send_it) {
    const auto e = read(R"({"push":[{"user_id":"@a:far.org","presence":"unavailable",
        "last_active_ago":5000,"status_msg":"at lunch","currently_active":false}]})");
    ASSERT_EQ(e.pushes.size(), 1U);
    EXPECT_EQ(e.pushes[0].user_id, "@a:far.org");
    EXPECT_EQ(e.pushes[0].shown, state::unavailable);
    EXPECT_EQ(e.pushes[0].active_ago, 5000ms);
    EXPECT_EQ(e.pushes[0].text, "at lunch");
    EXPECT_FALSE(e.pushes[0].currently_active);
    EXPECT_FALSE(e.pushes[0].displayname) << "who does not say, does not say that there is none";
    EXPECT_FALSE(e.from_porchlight);
    EXPECT_EQ(e.dropped, 0U);
}

TEST(presence_edu_reading, polls_and_unpolls_of_users_here) {
    const auto e = read(R"({"poll":["@a:near.org","@b:far.org",7],"unpoll":["@c:near.org"]})");
    EXPECT_THAT(e.polls, ElementsAre("@a:near.org"));
    EXPECT_THAT(e.unpolls, ElementsAre("@c:near.org"));
    EXPECT_EQ(e.dropped, 2U);
}

TEST(presence_edu_reading, a_server_speaks_for_its_own_users_alone) {
    const auto e = read(R"({"push":[{"user_id":"@a:near.org","presence":"online"},
        {"user_id":"@a:other.org","presence":"online"},
        {"user_id":"@a:far.org:8448","presence":"online"},
        {"user_id":"@b:far.org","presence":"online"}]})");
    ASSERT_EQ(e.pushes.size(), 1U);
    EXPECT_EQ(e.pushes[0].user_id, "@b:far.org");
    EXPECT_EQ(e.dropped, 3U);
}

TEST(presence_edu_reading, what_is_wrong_with_one_push_is_its_own_end) {
    for (const char* wrong :
         {R"("last_active_ago":-1)", R"("last_active_ago":1.5)", R"("last_active_ago":"1")",
          R"("last_active_ago":9007199254740991)", R"("last_active_ago":18446744073709551615)",
          R"("status_msg":7)", R"("currently_active":"yes")", R"("displayname":[])"}) {
        const auto e = read_with(wrong);
        EXPECT_THAT(e.pushes, IsEmpty()) << wrong;
        EXPECT_EQ(e.dropped, 1U) << wrong;
    }
    for (const char* wrong :
         {R"({"user_id":"@a:far.org","presence":"lurking"})", R"({"user_id":"@a:far.org"})",
          R"({"presence":"online"})", R"({"user_id":"a:far.org","presence":"online"})",
          R"({"user_id":"@a:far.org","presence":"hidden"})", "7", "[]", "null"}) {
        const auto e = read(std::string{R"({"push":[)"} + wrong +
                            R"(,{"user_id":"@b:far.org","presence":"online"}]})");
        EXPECT_EQ(e.pushes.size(), 1U) << wrong;
        EXPECT_EQ(e.dropped, 1U) << wrong;
    }
}

TEST(presence_edu_reading, null_counts_as_absent) {
    const auto e = read_with(R"("status_msg":null,"last_active_ago":null,"currently_active":null)");
    ASSERT_EQ(e.pushes.size(), 1U);
    EXPECT_EQ(e.pushes[0].text, "");
    EXPECT_FALSE(e.pushes[0].active_ago);
}

TEST(presence_edu_reading, texts_have_the_limits_of_texts_here) {
    const auto text = [](std::size_t n) { return R"("status_msg":")" + std::string(n, 'x') + '"'; };
    EXPECT_EQ(read_with(text(base::limits::status_text_bytes_max)).pushes.size(), 1U);
    EXPECT_EQ(read_with(text(base::limits::status_text_bytes_max + 1)).dropped, 1U);
}

TEST(presence_edu_reading, only_who_is_there_is_currently_active) {
    const auto e = read(R"({"push":[{"user_id":"@a:far.org","presence":"offline",
        "currently_active":true}]})");
    ASSERT_EQ(e.pushes.size(), 1U);
    EXPECT_FALSE(e.pushes[0].currently_active);
}

TEST(presence_edu_reading, more_items_than_the_limit_are_dropped) {
    std::string all = R"({"poll":[)";
    for (std::size_t i = 0; i <= base::limits::edu_items_max; ++i) {
        all += (i == 0 ? "" : ",") + std::string{R"("@a:near.org")"};
    }
    const auto e = read(all + "]}");
    EXPECT_EQ(e.polls.size(), base::limits::edu_items_max);
    EXPECT_EQ(e.dropped, 1U);
}

TEST(presence_edu_reading, a_list_that_is_none_is_dropped) {
    EXPECT_EQ(read(R"({"push":{},"poll":"@a:near.org"})").dropped, 2U);
    EXPECT_EQ(read("{}").dropped, 0U);
}

TEST(presence_edu_reading, what_one_porchlight_says_to_another_is_heard_whole) {
    const presence::view v{.shown = state::free_for_chat,
                           .currently_active = true,
                           .last_active = base::from_unix_ms(1'000'000),
                           .text = "on the porch"};
    json::array pushes;
    pushes.push_back(push_json({.user_id = "@a:far.org",
                                .displayname = "Alice",
                                .avatar_url = "",
                                .view = v,
                                .now = base::from_unix_ms(1'004'000),
                                .to_porchlight = true}));
    const json::object edu = presence_edu_json(std::move(pushes), {}, {});
    EXPECT_EQ(edu.at("edu_type"), "m.presence");
    const auto e = read_presence(edu.at("content").get_object(), "far.org", "near.org");
    EXPECT_TRUE(e.from_porchlight);
    ASSERT_EQ(e.pushes.size(), 1U);
    EXPECT_EQ(e.pushes[0].shown, state::free_for_chat);
    EXPECT_EQ(e.pushes[0].active_ago, 4s);
    EXPECT_EQ(e.pushes[0].text, "on the porch");
    EXPECT_EQ(e.pushes[0].displayname, "Alice");
    EXPECT_EQ(e.pushes[0].avatar_url, "") << "what it leaves out there is not";
}

TEST(presence_edu_writing, states_that_others_may_not_know_are_online) {
    for (const state s : {state::free_for_chat, state::busy}) {
        const presence::view v{.shown = s};
        const push_facts f{"@a:near.org", "", "", v, base::from_unix_ms(0)};
        EXPECT_EQ(push_json(f).at("presence"), "online");
    }
}

TEST(presence_edu_writing, what_is_not_known_is_left_out) {
    const presence::view v;
    const push_facts f{"@a:near.org", "", "", v, base::from_unix_ms(0)};
    EXPECT_EQ(json::serialize(push_json(f)),
              R"({"user_id":"@a:near.org","presence":"offline","currently_active":false})");
}

}  // namespace
}  // namespace porchlight::federation
