#include <gtest/gtest.h>

#include "base/limits.h"
#include "client_api/push/push.h"
#include "support/api_bench.h"

// Profiles, filters, account data and push rules.
namespace porchlight::client_api {
namespace {

using test::answer;

struct user_data_api_test : testing::Test {
    answer ask(std::string_view method, const std::string& path, const std::string& body = {},
               std::string token = {}) {
        return bench.ask(method, "/_matrix/client/v3" + path, body,
                         token.empty() ? alice : std::move(token));
    }
    test::api_bench bench;
    std::string alice = bench.sign_up("alice");
    std::string bob = bench.sign_up("bob");
};

TEST_F(user_data_api_test, a_profile_is_set_and_read_by_anyone) {
    const std::string path = "/profile/@alice:porch.test";
    EXPECT_EQ(ask("GET", path).text, "{}");
    EXPECT_EQ(ask("PUT", path + "/displayname", R"({"displayname":"Alice ☀"})").text, "{}");
    EXPECT_EQ(ask("PUT", path + "/avatar_url", R"({"avatar_url":"mxc://a/b"})").text, "{}");
    EXPECT_EQ(bench.ask("GET", "/_matrix/client/r0" + path).text,
              R"({"displayname":"Alice ☀","avatar_url":"mxc://a/b"})");
    EXPECT_EQ(ask("GET", path + "/displayname").text, R"({"displayname":"Alice ☀"})");
    EXPECT_EQ(ask("GET", path + "/avatar_url").text, R"({"avatar_url":"mxc://a/b"})");
    EXPECT_EQ(ask("PUT", path + "/displayname", R"({"displayname":null})").text, "{}");
    EXPECT_EQ(ask("GET", path).text, R"({"avatar_url":"mxc://a/b"})");
}

TEST_F(user_data_api_test, a_profile_is_changed_by_its_user_alone_and_within_limits) {
    const std::string path = "/profile/@alice:porch.test/displayname";
    EXPECT_EQ(ask("PUT", path, R"({"displayname":"x"})", bob).status, 403);
    EXPECT_EQ(ask("PUT", path, R"({"displayname":7})").errcode(), "M_BAD_JSON");
    EXPECT_EQ(ask("PUT", path, "{}").errcode(), "M_MISSING_PARAM");
    const std::string most(base::limits::displayname_bytes_max, 'x');
    EXPECT_EQ(ask("PUT", path, R"({"displayname":")" + most + "\"}").status, 200);
    EXPECT_EQ(ask("PUT", path, R"({"displayname":")" + most + "x\"}").errcode(), "M_INVALID_PARAM");
    EXPECT_EQ(ask("GET", "/profile/@nobody:porch.test").status, 404);
}

TEST_F(user_data_api_test, an_avatar_is_changed_by_its_user_alone_and_within_limits) {
    const std::string path = "/profile/@alice:porch.test/avatar_url";
    EXPECT_EQ(ask("PUT", path, R"({"avatar_url":"mxc://porch.test/a"})").text, "{}");
    EXPECT_EQ(ask("PUT", path, R"({"avatar_url":"mxc://porch.test/b"})", bob).status, 403);
    EXPECT_EQ(ask("PUT", path, R"({"avatar_url":true})").errcode(), "M_BAD_JSON");
    EXPECT_EQ(ask("PUT", path, "{}").errcode(), "M_MISSING_PARAM");
    const std::string beyond(base::limits::avatar_url_bytes_max + 1, 'x');
    EXPECT_EQ(ask("PUT", path, R"({"avatar_url":")" + beyond + "\"}").errcode(), "M_INVALID_PARAM");
    EXPECT_EQ(ask("GET", path, {}, bob).text, R"({"avatar_url":"mxc://porch.test/a"})");
    EXPECT_EQ(ask("PUT", path, R"({"avatar_url":null})").text, "{}");
    EXPECT_EQ(ask("GET", path, {}, bob).text, "{}");
    EXPECT_EQ(ask("GET", "/profile/@nobody:porch.test/avatar_url").status, 404);
}

TEST_F(user_data_api_test, profiles_can_be_kept_for_those_with_a_token) {
    bench.house.config.profile_needs_token = true;
    const std::string path = "/_matrix/client/v3/profile/@alice:porch.test";
    EXPECT_EQ(bench.ask("GET", path).errcode(), "M_MISSING_TOKEN");
    EXPECT_EQ(bench.ask("GET", path, {}, bob).status, 200);
}

TEST_F(user_data_api_test, filters_are_stored_and_read) {
    const std::string path = "/user/@alice:porch.test/filter";
    EXPECT_EQ(ask("POST", path, R"({"presence":{"not_types":["*"]}})").text,
              R"({"filter_id":"0"})");
    EXPECT_EQ(ask("POST", path, "{}").text, R"({"filter_id":"1"})");
    EXPECT_EQ(ask("POST", path, R"({"presence":{"not_types":["*"]}})").text,
              R"({"filter_id":"0"})");
    EXPECT_EQ(ask("GET", path + "/0").text, R"({"presence":{"not_types":["*"]}})");
    for (const auto id : {"2", "x", "-1", "99999999999", "0x0"}) {
        EXPECT_EQ(ask("GET", path + "/" + id).status, 404) << id;
    }
    EXPECT_EQ(ask("POST", path, "{}", bob).status, 403);
    EXPECT_EQ(ask("GET", path + "/0", {}, bob).status, 403);
    EXPECT_EQ(ask("POST", path, R"({"presence":{"types":5}})").status, 400);
    EXPECT_EQ(
        ask("POST", path, R"({"x":")" + std::string(base::limits::filter_bytes_max, 'x') + "\"}")
            .errcode(),
        "M_INVALID_PARAM");
}

TEST_F(user_data_api_test, a_filter_is_read_back_by_its_number) {
    EXPECT_EQ(ask("GET", "/user/@alice:porch.test/filter/0").errcode(), "M_NOT_FOUND");
    ask("POST", "/user/@alice:porch.test/filter", R"({"room":{"timeline":{"limit":3}}})");
    EXPECT_EQ(ask("GET", "/user/@alice:porch.test/filter/0").text,
              R"({"room":{"timeline":{"limit":3}}})");
    EXPECT_EQ(ask("GET", "/user/@bob:porch.test/filter/0", {}, bob).errcode(), "M_NOT_FOUND");
}

TEST_F(user_data_api_test, account_data_is_kept_per_type) {
    const std::string path = "/user/@alice:porch.test/account_data/";
    EXPECT_EQ(ask("GET", path + "m.direct").errcode(), "M_NOT_FOUND");
    EXPECT_EQ(ask("PUT", path + "m.direct", R"({"@bob:porch.test":["!r:x"]})").text, "{}");
    EXPECT_EQ(ask("PUT", path + "other", R"({"a":1})").text, "{}");
    EXPECT_EQ(ask("GET", path + "m.direct").text, R"({"@bob:porch.test":["!r:x"]})");
    EXPECT_EQ(ask("PUT", path + "m.direct", "{}").text, "{}");
    EXPECT_EQ(ask("GET", path + "m.direct").text, "{}");
    EXPECT_EQ(ask("GET", path + "m.direct", {}, bob).status, 403);
    EXPECT_EQ(ask("PUT", path + "m.direct", "{}", bob).status, 403);
    EXPECT_EQ(ask("PUT", path + "m.push_rules", "{}").status, 405);
    EXPECT_EQ(ask("PUT", path + "m.direct", "[]").errcode(), "M_BAD_JSON");
    EXPECT_EQ(ask("PUT", path + std::string(256, 't'), "{}").errcode(), "M_INVALID_PARAM");
    EXPECT_EQ(ask("PUT", path + "big",
                  R"({"x":")" + std::string(base::limits::account_data_bytes_max, 'x') + "\"}")
                  .status,
              413);
}

TEST_F(user_data_api_test, account_data_of_a_room_is_apart) {
    const auto made = ask("POST", "/createRoom", "{}");
    ASSERT_EQ(made.status, 200) << made.text;
    const std::string room{made.json().at("room_id").as_string()};
    const std::string path = "/user/@alice:porch.test/rooms/" + room + "/account_data/m.tag";
    EXPECT_EQ(ask("PUT", path, R"({"tags":{}})").text, "{}");
    EXPECT_EQ(ask("GET", path).text, R"({"tags":{}})");
    EXPECT_EQ(ask("GET", "/user/@alice:porch.test/account_data/m.tag").status, 404);
    EXPECT_EQ(ask("GET", "/user/@alice:porch.test/rooms/nonsense/account_data/m.tag").errcode(),
              "M_INVALID_PARAM");
    EXPECT_EQ(
        ask("GET", "/user/@alice:porch.test/rooms/!no:porch.test/account_data/m.tag").errcode(),
        "M_NOT_FOUND");
}

TEST_F(user_data_api_test, push_rules_are_the_default_set_with_ones_own_name) {
    const auto all = ask("GET", "/pushrules/").json().at("global");
    for (const auto kind : {"override", "content", "room", "sender", "underride"}) {
        EXPECT_TRUE(all.at(kind).is_array()) << kind;
    }
    EXPECT_EQ(all.at("content").as_array().at(0).at("pattern"), "alice");
    EXPECT_EQ(ask("GET", "/pushrules/global/").json(), all);
    const auto rule = ask("GET", "/pushrules/global/override/.m.rule.invite_for_me").json();
    EXPECT_EQ(rule.at("conditions").as_array().at(2).at("pattern"), "@alice:porch.test");
    EXPECT_EQ(ask("GET", "/pushrules/global/override/.m.rule.master/enabled").text,
              R"({"enabled":false})");
    EXPECT_EQ(ask("GET", "/pushrules/global/override/.m.rule.master/actions").text,
              R"({"actions":[]})");
    EXPECT_EQ(ask("GET", "/pushrules/global/override/nothing").status, 404);
    EXPECT_EQ(ask("GET", "/pushrules/global/odd/.m.rule.master").status, 400);
    EXPECT_EQ(ask("GET", "/pushrules/global/override/.m.rule.master/odd").errcode(),
              "M_UNRECOGNIZED");
    EXPECT_EQ(ask("GET", "/user/@alice:porch.test/account_data/m.push_rules").json().at("global"),
              all);
    const auto refused = ask("PUT", "/user/@alice:porch.test/account_data/m.push_rules", "{}");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.errcode(), "M_BAD_JSON");
}

}  // namespace
}  // namespace porchlight::client_api
