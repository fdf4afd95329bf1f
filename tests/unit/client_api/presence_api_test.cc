#include <gtest/gtest.h>

#include "base/limits.h"
#include "support/api_bench.h"

namespace porchlight::client_api {
namespace {

using test::answer;

struct presence_api_test : testing::Test {
    answer put(const std::string& body, const std::string& token) {
        return bench.ask("PUT", alice_path, body, token);
    }
    answer get(const std::string& token, const std::string& user = "@alice:porch.test") {
        return bench.ask("GET", "/_matrix/client/v3/presence/" + user + "/status", {}, token);
    }
    std::string alice_path = "/_matrix/client/v3/presence/@alice:porch.test/status";
    test::api_bench bench;
    std::string alice = bench.sign_up("alice");
    std::string bob = bench.sign_up("bob");
};

TEST_F(presence_api_test, status_exists_under_all_its_prefixes) {
    for (const auto prefix : {"api/v1", "r0", "v1", "v3", "unstable"}) {
        const auto path =
            std::string{"/_matrix/client/"} + prefix + "/presence/%40alice%3Aporch.test/status";
        EXPECT_EQ(bench.ask("PUT", path, R"({"presence":"online"})", alice).text, "{}") << prefix;
        EXPECT_EQ(bench.ask("GET", path, {}, alice).status, 200) << prefix;
        EXPECT_EQ(bench.ask("GET", path).status, 401) << prefix;
    }
}

TEST_F(presence_api_test, what_was_put_is_read) {
    ASSERT_EQ(put(R"({"presence":"free_for_chat","status_msg":"on the porch"})", alice).status,
              200);
    bench.house.advance(std::chrono::seconds{2});
    EXPECT_EQ(get(alice).text, R"({"presence":"free_for_chat","last_active_ago":2000,)"
                               R"("status_msg":"on the porch","currently_active":true})");
}

TEST_F(presence_api_test, absent_fields_are_left_out) {
    const auto a = get(alice);
    EXPECT_EQ(a.text, R"({"presence":"offline","last_active_ago":0,"currently_active":false})");
}

TEST_F(presence_api_test, a_text_is_kept_when_absent_and_cleared_by_empty_or_null) {
    put(R"({"presence":"online","status_msg":"x"})", alice);
    put(R"({"presence":"unavailable"})", alice);
    EXPECT_EQ(get(alice).json().at("status_msg"), "x");
    put(R"({"presence":"online","status_msg":null})", alice);
    EXPECT_FALSE(get(alice).json().as_object().contains("status_msg"));
    put(R"({"presence":"online","status_msg":"y"})", alice);
    put(R"({"presence":"online","status_msg":""})", alice);
    EXPECT_FALSE(get(alice).json().as_object().contains("status_msg"));
}

TEST_F(presence_api_test, a_text_expires_by_itself) {
    const auto end = base::unix_ms(bench.house.clock.at.wall) + 60'000;
    put(R"({"presence":"online","status_msg":"lunch","io.porchlight.status_expires_at":)" +
            std::to_string(end) + "}",
        alice);
    bench.house.advance(std::chrono::seconds{59});
    EXPECT_EQ(get(alice).json().at("status_msg"), "lunch");
    bench.house.advance(std::chrono::seconds{2});
    EXPECT_FALSE(get(alice).json().as_object().contains("status_msg"));
}

TEST_F(presence_api_test, wrong_puts_change_nothing) {
    put(R"({"presence":"online","status_msg":"kept"})", alice);
    const std::string long_text(base::limits::status_text_bytes_max + 1, 'x');
    for (const auto& [body, code] : std::vector<std::pair<std::string, std::string>>{
             {R"({})", "M_MISSING_PARAM"},
             {R"({"presence":"away"})", "M_INVALID_PARAM"},
             {R"({"presence":"Online"})", "M_INVALID_PARAM"},
             {R"({"presence":1})", "M_BAD_JSON"},
             {R"({"presence":null})", "M_BAD_JSON"},
             {R"({"presence":"offline","status_msg":5})", "M_BAD_JSON"},
             {R"({"presence":"offline","status_msg":")" + long_text + "\"}", "M_INVALID_PARAM"},
             {R"({"presence":"offline","io.porchlight.status_expires_at":5})", "M_INVALID_PARAM"},
             {R"({"presence":"offline","status_msg":"x","io.porchlight.status_expires_at":"y"})",
              "M_BAD_JSON"},
             {R"({"presence":"offline","status_msg":"x","io.porchlight.status_expires_at":-1})",
              "M_INVALID_PARAM"},
             {R"({"presence":"offline","io.porchlight.unhide":"yes"})", "M_BAD_JSON"},
             {R"({"presence":"hidden","io.porchlight.unhide":true})", "M_INVALID_PARAM"}}) {
        const auto a = put(body, alice);
        EXPECT_EQ(a.status, 400) << body.substr(0, 80);
        EXPECT_EQ(a.errcode(), code) << body.substr(0, 80);
    }
    EXPECT_EQ(get(alice).json().at("presence"), "online");
    EXPECT_EQ(get(alice).json().at("status_msg"), "kept");
    EXPECT_EQ(put(R"({"presence":"online","status_msg":")" +
                      std::string(base::limits::status_text_bytes_max, 'x') + "\"}",
                  alice)
                  .status,
              200);
}

TEST_F(presence_api_test, nobody_puts_for_another) {
    const auto a = put(R"({"presence":"online"})", bob);
    EXPECT_EQ(a.status, 403);
    EXPECT_EQ(a.errcode(), "M_FORBIDDEN");
}

TEST_F(presence_api_test, unknown_and_invisible_users_look_alike) {
    const auto invisible = get(bob);
    EXPECT_EQ(invisible.status, 404);
    EXPECT_EQ(invisible.errcode(), "M_NOT_FOUND");
    for (const auto user : {"@nobody:porch.test", "@x:elsewhere.test", "nonsense", "%20"}) {
        const auto a = get(bob, user);
        EXPECT_EQ(a.status, 404);
        EXPECT_EQ(a.text, invisible.text) << user;
    }
}

TEST_F(presence_api_test, hidden_is_seen_by_oneself_until_unhidden) {
    put(R"({"presence":"online"})", alice);
    EXPECT_EQ(put(R"({"presence":"hidden"})", alice).status, 200);
    EXPECT_EQ(get(alice).json().at("presence"), "hidden");
    put(R"({"presence":"online","io.porchlight.unhide":true})", alice);
    EXPECT_EQ(get(alice).json().at("presence"), "online");
}

TEST_F(presence_api_test, busy_can_be_switched_off) {
    for (const auto name : {"busy", "org.matrix.msc3026.busy"}) {
        put(R"({"presence":"online"})", alice);
        EXPECT_EQ(put(R"({"presence":")" + std::string{name} + "\"}", alice).status, 200);
        EXPECT_EQ(get(alice).json().at("presence"), "busy");
    }
    bench.config.busy_enabled = false;
    EXPECT_EQ(put(R"({"presence":"busy"})", alice).errcode(), "M_INVALID_PARAM");
}

TEST_F(presence_api_test, puts_are_limited_per_user) {
    bench.config.presence_rate = {1, 2};
    const auto body = R"({"presence":"online"})";
    EXPECT_EQ(put(body, alice).status, 200);
    EXPECT_EQ(put(body, alice).status, 200);
    const auto a = put(body, alice);
    EXPECT_EQ(a.status, 429);
    EXPECT_EQ(a.json().at("retry_after_ms"), 1000);
    EXPECT_EQ(
        bench.ask("PUT", "/_matrix/client/v3/presence/@bob:porch.test/status", body, bob).status,
        200);
    bench.config.rate_limits_enabled = false;
    EXPECT_EQ(put(body, alice).status, 200);
}

TEST_F(presence_api_test, a_bulk_read_holds_those_one_may_see) {
    const std::string path = "/_matrix/client/unstable/io.porchlight/presence/query";
    const auto a =
        bench.ask("POST", path, R"({"user_ids":["@alice:porch.test","@bob:porch.test","x"]})", bob);
    EXPECT_EQ(a.status, 200);
    const auto v = a.json();
    EXPECT_EQ(v.as_object().size(), 1u);
    EXPECT_EQ(v.at("@bob:porch.test").at("presence"), "offline");
    EXPECT_EQ(bench.ask("POST", path, R"({"user_ids":[1]})", bob).errcode(), "M_BAD_JSON");
    EXPECT_EQ(bench.ask("POST", path, R"({})", bob).errcode(), "M_BAD_JSON");
    std::string many = R"({"user_ids":[)";
    for (std::size_t i = 0; i <= base::limits::presence_query_ids_max; ++i) {
        many += i == 0 ? "\"x\"" : ",\"x\"";
    }
    EXPECT_EQ(bench.ask("POST", path, many + "]}", bob).errcode(), "M_INVALID_PARAM");
}

TEST_F(presence_api_test, a_disk_that_fails_stops_texts_but_not_presence) {
    bench.house.store->refuse_commits(true);
    EXPECT_EQ(put(R"({"presence":"online","status_msg":"x"})", alice).status, 503);
    EXPECT_EQ(put(R"({"presence":"online"})", alice).status, 200);
    EXPECT_EQ(get(alice).json().at("presence"), "online");
}

}  // namespace
}  // namespace porchlight::client_api
