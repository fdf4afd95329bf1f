#include <gtest/gtest.h>

#include "client_api/account/auth_session.h"
#include "client_api/push/push.h"
#include "support/api_bench.h"

namespace porchlight::client_api {
namespace {

using homeserver::registration;
using test::answer;

homeserver::settings with_registration(registration mode) {
    auto s = test::house_bench::cheap_settings();
    s.registration_mode = mode;
    s.registration_token = "sesame";
    return s;
}

struct accounts_api_test : testing::Test {
    answer post(const std::string& path, const std::string& body, const std::string& token = {}) {
        return bench.ask("POST", "/_matrix/client/v3" + path, body, token);
    }
    answer get(const std::string& path, const std::string& token = {}) {
        return bench.ask("GET", "/_matrix/client/v3" + path, {}, token);
    }
    test::api_bench bench;
};

std::string text(const answer& a, std::string_view key) {
    return std::string{a.json().at(key).as_string()};
}

TEST_F(accounts_api_test, versions_say_what_clients_look_for) {
    const auto v = bench.ask("GET", "/_matrix/client/versions").json();
    const auto& known = v.at("versions").as_array();
    for (const auto version : {"r0.0.1", "r0.6.1", "v1.1", "v1.11"}) {
        EXPECT_NE(std::find(known.begin(), known.end(), version), known.end()) << version;
    }
    EXPECT_EQ(v.at("unstable_features").at("org.matrix.msc3026.busy_presence"), true);
    EXPECT_EQ(v.at("unstable_features").at("io.porchlight.presence_lists"), true);
}

TEST_F(accounts_api_test, well_known_is_served_when_the_address_is_known) {
    EXPECT_EQ(bench.ask("GET", "/.well-known/matrix/client").status, 404);
    settings s;
    s.public_base_url = "https://porch.test";
    test::api_bench known{s};
    EXPECT_EQ(known.ask("GET", "/.well-known/matrix/client").text,
              R"({"m.homeserver":{"base_url":"https://porch.test"}})");
}

TEST_F(accounts_api_test, capabilities_name_the_room_version) {
    const auto token = bench.sign_up("alice");
    const auto v = get("/capabilities", token).json().at("capabilities");
    EXPECT_EQ(v.at("m.room_versions").at("default"), "10");
    EXPECT_EQ(v.at("m.room_versions").at("available").at("10"), "stable");
    EXPECT_EQ(v.at("m.change_password").at("enabled"), true);
}

// --- registration ---

TEST_F(accounts_api_test, registration_takes_the_dummy_stage_in_the_first_request) {
    const auto a = post("/register", R"({"username":"alice","password":"x",
        "auth":{"type":"m.login.dummy"},"device_id":"PHONE"})");
    EXPECT_EQ(a.status, 200);
    EXPECT_EQ(text(a, "user_id"), "@alice:porch.test");
    EXPECT_EQ(text(a, "device_id"), "PHONE");
    EXPECT_EQ(text(get("/account/whoami", text(a, "access_token")), "device_id"), "PHONE");
}

TEST_F(accounts_api_test, registration_without_auth_tells_flows_and_session) {
    for (const auto body :
         {"", R"({"username":"alice","password":"x"})",
          R"({"username":"alice","password":"x","auth":{}})",
          R"({"username":"alice","password":"x","auth":{"type":"m.login.sso"}})"}) {
        const auto a = post("/register", body);
        EXPECT_EQ(a.status, 401);
        EXPECT_EQ(a.json().at("flows"), boost::json::parse(R"([{"stages":["m.login.dummy"]}])"));
        const auto b = post("/register", R"({"username":"a","password":"x","auth":
            {"type":"m.login.dummy","session":")" +
                                             text(a, "session") + R"("}})");
        EXPECT_TRUE(b.status == 200 || b.errcode() == "M_USER_IN_USE") << b.text;
    }
}

TEST_F(accounts_api_test, an_expired_session_is_asked_again) {
    const auto session = text(post("/register", "{}"), "session");
    const auto body = R"({"username":"alice","password":"x","auth":{"type":"m.login.dummy",
        "session":")" +
                      session + R"("}})";
    bench.house.clock.at.wall += base::limits::auth_session_lifetime;
    EXPECT_EQ(post("/register", body).status, 401);
    EXPECT_FALSE(is_auth_session("made up", bench.house.clock.at.wall));
    EXPECT_FALSE(is_auth_session("99999999999999", bench.house.clock.at.wall));
}

TEST_F(accounts_api_test, a_taken_or_odd_name_is_told_before_the_stages) {
    bench.sign_up("alice");
    EXPECT_EQ(post("/register", R"({"username":"alice"})").errcode(), "M_USER_IN_USE");
    EXPECT_EQ(post("/register", R"({"username":"A b"})").errcode(), "M_INVALID_USERNAME");
    EXPECT_EQ(get("/register/available?username=alice").errcode(), "M_USER_IN_USE");
    EXPECT_EQ(get("/register/available?username=bob").text, R"({"available":true})");
    EXPECT_EQ(get("/register/available").errcode(), "M_MISSING_PARAM");
}

TEST_F(accounts_api_test, guests_are_forbidden) {
    const auto a = post("/register?kind=guest", "{}");
    EXPECT_EQ(a.status, 403);
    EXPECT_EQ(a.errcode(), "M_GUEST_ACCESS_FORBIDDEN");
    EXPECT_EQ(post("/register?kind=robot", "{}").errcode(), "M_INVALID_PARAM");
}

TEST_F(accounts_api_test, registration_needs_a_password_of_the_right_type) {
    const std::string auth = R"("auth":{"type":"m.login.dummy"}})";
    EXPECT_EQ(post("/register", R"({"username":"a",)" + auth).errcode(), "M_MISSING_PARAM");
    EXPECT_EQ(post("/register", R"({"username":"a","password":1,)" + auth).errcode(), "M_BAD_JSON");
    EXPECT_EQ(
        post("/register", R"({"username":"a","password":")" + std::string(513, 'x') + "\"," + auth)
            .errcode(),
        "M_INVALID_PARAM");
    const auto a =
        post("/register", R"({"username":"a","password":"x","inhibit_login":true,)" + auth);
    EXPECT_EQ(a.text, R"({"user_id":"@a:porch.test","home_server":"porch.test"})");
}

TEST(registration_modes, closed_means_closed) {
    test::api_bench bench{{}, with_registration(registration::closed)};
    const auto a = bench.ask("POST", "/_matrix/client/v3/register",
                             R"({"username":"a","password":"x","auth":{"type":"m.login.dummy"}})");
    EXPECT_EQ(a.status, 403);
    EXPECT_EQ(a.errcode(), "M_FORBIDDEN");
}

TEST(registration_modes, a_token_is_asked_for_and_checked) {
    test::api_bench bench{{}, with_registration(registration::token)};
    const auto with_auth = [&](const std::string& auth) {
        return bench.ask("POST", "/_matrix/client/v3/register",
                         R"({"username":"a","password":"x","auth":)" + auth + "}");
    };
    const auto first = with_auth("{}");
    EXPECT_EQ(first.status, 401);
    EXPECT_EQ(first.json().at("flows"),
              boost::json::parse(R"([{"stages":["m.login.registration_token"]}])"));
    EXPECT_EQ(with_auth(R"({"type":"m.login.dummy"})").status, 401);
    const auto wrong = with_auth(R"({"type":"m.login.registration_token","token":"open"})");
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(wrong.errcode(), "M_UNAUTHORIZED");
    EXPECT_EQ(with_auth(R"({"type":"m.login.registration_token"})").status, 401);
    EXPECT_EQ(with_auth(R"({"type":"m.login.registration_token","token":"sesame"})").status, 200);
}

// --- log-in ---

TEST_F(accounts_api_test, log_in_takes_both_ways_to_name_a_user) {
    bench.sign_up("alice");
    EXPECT_EQ(get("/login").text, R"({"flows":[{"type":"m.login.password"}]})");
    for (const auto who :
         {R"("identifier":{"type":"m.id.user","user":"alice"})",
          R"("identifier":{"type":"m.id.user","user":"@alice:porch.test"})", R"("user":"alice")"}) {
        const auto a = bench.ask(
            "POST", "/_matrix/client/r0/login",
            R"({"type":"m.login.password","password":"pw-alice",)" + std::string{who} + "}");
        EXPECT_EQ(a.status, 200) << a.text;
        EXPECT_EQ(text(a, "user_id"), "@alice:porch.test");
        EXPECT_FALSE(text(a, "device_id").empty());
        EXPECT_EQ(get("/account/whoami", text(a, "access_token")).status, 200);
    }
}

TEST_F(accounts_api_test, log_in_refuses_what_it_does_not_know) {
    bench.sign_up("alice");
    EXPECT_EQ(post("/login", R"({"type":"m.login.token","token":"x"})").errcode(),
              "M_INVALID_PARAM");
    EXPECT_EQ(post("/login", R"({"type":"m.login.password","password":"x",
        "identifier":{"type":"m.id.phone"}})")
                  .errcode(),
              "M_INVALID_PARAM");
    const auto a = post("/login", R"({"type":"m.login.password","user":"alice","password":"no"})");
    const auto b = post("/login", R"({"type":"m.login.password","user":"nobody","password":"no"})");
    EXPECT_EQ(a.status, 403);
    EXPECT_EQ(a.text, b.text);
}

TEST_F(accounts_api_test, guessing_passwords_is_limited_per_address) {
    settings s;
    s.login_rate = {1, 2};
    test::api_bench b{s};
    b.sign_up("alice");
    const auto log_in = [&](const std::string& password, std::string_view peer) {
        return b
            .take(b.start(
                "POST", "/_matrix/client/v3/login",
                R"({"type":"m.login.password","user":"alice","password":")" + password + "\"}", {},
                peer))
            .value();
    };
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(log_in("pw-alice", "192.0.2.1").status, 200) << "the right one costs nothing";
    }
    EXPECT_EQ(log_in("no", "192.0.2.1").status, 403);
    EXPECT_EQ(log_in("no", "192.0.2.1").status, 403);
    const auto a = log_in("pw-alice", "192.0.2.1");
    EXPECT_EQ(a.status, 429);
    EXPECT_EQ(a.errcode(), "M_LIMIT_EXCEEDED");
    EXPECT_EQ(a.json().at("retry_after_ms"), 1000);
    ASSERT_FALSE(a.headers.empty());
    EXPECT_EQ(a.headers[0], (std::pair<std::string, std::string>{"Retry-After", "1"}));
    EXPECT_EQ(log_in("pw-alice", "192.0.2.2").status, 200);
    b.house.advance(std::chrono::seconds{1});
    EXPECT_EQ(log_in("pw-alice", "192.0.2.1").status, 200);
}

TEST_F(accounts_api_test, log_out_ends_the_token) {
    const auto token = bench.sign_up("alice");
    EXPECT_EQ(post("/logout", "", token).text, "{}");
    EXPECT_EQ(get("/account/whoami", token).errcode(), "M_UNKNOWN_TOKEN");
    const auto other =
        text(post("/login", R"({"type":"m.login.password","user":"alice","password":"pw-alice"})"),
             "access_token");
    EXPECT_EQ(post("/logout/all", "{}", other).text, "{}");
    EXPECT_EQ(get("/account/whoami", other).status, 401);
}

// --- changes that ask for the password ---

TEST_F(accounts_api_test, a_password_change_asks_for_the_old_one) {
    const auto token = bench.sign_up("alice");
    const auto first = post("/account/password", R"({"new_password":"new"})", token);
    EXPECT_EQ(first.status, 401);
    EXPECT_EQ(first.json().at("flows"), boost::json::parse(R"([{"stages":["m.login.password"]}])"));
    const auto with = [&](const std::string& user, const std::string& password) {
        return post("/account/password",
                    R"({"new_password":"new","auth":{"type":"m.login.password","session":")" +
                        text(first, "session") + R"(","identifier":{"type":"m.id.user","user":")" +
                        user + R"("},"password":")" + password + "\"}}",
                    token);
    };
    bench.sign_up("bob");
    const auto wrong = with("alice", "guess");
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(wrong.errcode(), "M_FORBIDDEN");
    EXPECT_TRUE(wrong.json().as_object().contains("flows"));
    EXPECT_EQ(with("bob", "pw-bob").status, 401) << "another's password is none";
    EXPECT_EQ(with("@alice:porch.test", "pw-alice").text, "{}");
    EXPECT_EQ(
        post("/login", R"({"type":"m.login.password","user":"alice","password":"new"})").status,
        200);
}

TEST_F(accounts_api_test, a_deactivated_account_is_gone) {
    const auto token = bench.sign_up("alice");
    EXPECT_EQ(post("/account/deactivate", "{}", token).status, 401);
    const auto a = post("/account/deactivate",
                        R"({"auth":{"type":"m.login.password","user":"alice",
        "password":"pw-alice"}})",
                        token);
    EXPECT_EQ(a.text, R"({"id_server_unbind_result":"no-support"})");
    EXPECT_EQ(get("/account/whoami", token).status, 401);
    EXPECT_EQ(get("/profile/@alice:porch.test").status, 404);
    EXPECT_EQ(post("/register", R"({"username":"alice","password":"x",
        "auth":{"type":"m.login.dummy"}})")
                  .errcode(),
              "M_USER_IN_USE");
}

}  // namespace
}  // namespace porchlight::client_api
