#include "client_api/dispatcher.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/metrics.h"
#include "support/api_bench.h"

namespace porchlight::client_api {
namespace {

using test::answer;

struct dispatcher_test : testing::Test {
    test::api_bench bench;
    std::string whoami = "/_matrix/client/v3/account/whoami";
};

TEST_F(dispatcher_test, an_unknown_path_is_404) {
    for (const auto path : {"/", "/_matrix", "/_matrix/client/v3", "/_matrix/client/v3/nothing",
                            "/_matrix/client/v9/sync", "/_matrix/client/v3/sync/more"}) {
        const auto a = bench.ask("GET", path);
        EXPECT_EQ(a.status, 404) << path;
        EXPECT_EQ(a.errcode(), "M_UNRECOGNIZED") << path;
    }
}

TEST_F(dispatcher_test, a_known_path_with_another_method_is_405) {
    for (const auto method : {"DELETE", "HEAD", "PATCH", "get"}) {
        const auto a = bench.ask(method, whoami);
        EXPECT_EQ(a.status, 405) << method;
        EXPECT_EQ(a.errcode(), "M_UNRECOGNIZED");
    }
}

TEST_F(dispatcher_test, preflight_needs_neither_token_nor_path) {
    EXPECT_EQ(bench.ask("OPTIONS", whoami).status, 200);
    EXPECT_EQ(bench.ask("OPTIONS", "/anything").text, "{}");
}

TEST_F(dispatcher_test, bad_escapes_are_400) {
    for (const auto target : {"/_matrix/client/v3/profile/%zz", "/_matrix/client/v3/profile/%ff",
                              "/_matrix/client/versions?a=%", "/_matrix/client/v3/profile/%00"}) {
        const auto a = bench.ask("GET", target);
        EXPECT_EQ(a.status, 400) << target;
        EXPECT_EQ(a.errcode(), "M_INVALID_PARAM") << target;
    }
}

TEST_F(dispatcher_test, the_token_comes_in_the_header_or_the_query) {
    const auto token = bench.sign_up("alice");
    EXPECT_EQ(bench.ask("GET", whoami, "", token).status, 200);
    EXPECT_EQ(bench.ask("GET", whoami + "?access_token=" + token).status, 200);
    EXPECT_EQ(bench.ask("GET", whoami + "?access_token=wrong", "", token).status, 200)
        << "the header wins";
}

TEST_F(dispatcher_test, without_a_good_token_it_is_401) {
    auto a = bench.ask("GET", whoami);
    EXPECT_EQ(a.status, 401);
    EXPECT_EQ(a.errcode(), "M_MISSING_TOKEN");
    a = bench.ask("GET", whoami, "", "plt_wrong");
    EXPECT_EQ(a.status, 401);
    EXPECT_EQ(a.errcode(), "M_UNKNOWN_TOKEN");
    EXPECT_EQ(a.json().at("soft_logout"), false);
    EXPECT_EQ(bench.ask("GET", whoami + "?access_token=").errcode(), "M_MISSING_TOKEN");
}

TEST_F(dispatcher_test, the_scheme_may_be_in_any_case_and_no_other_is_read) {
    const auto token = bench.sign_up("alice");
    for (const auto& [value, status] :
         {std::pair{"BEARER " + token, 200}, std::pair{"bearer  " + token, 200},
          std::pair{"Basic " + token, 401}, std::pair{std::string{"Bearer"}, 401},
          std::pair{std::string{"Bearer "}, 401}}) {
        ports::http_request r;
        r.handle = {0, bench.sender.next_slot++, 1};
        r.method = "GET";
        r.path = whoami;
        r.authorization = value;
        bench.dispatcher.on_request(r);
        EXPECT_EQ(bench.take(r.handle)->status, status) << value;
    }
}

TEST_F(dispatcher_test, bodies_are_read_strictly) {
    const std::string login = "/_matrix/client/v3/login";
    EXPECT_EQ(bench.ask("POST", login, "{").errcode(), "M_NOT_JSON");
    EXPECT_EQ(bench.ask("POST", login, "\"\xff\"").errcode(), "M_NOT_JSON");
    EXPECT_EQ(bench.ask("POST", login, "[]").errcode(), "M_BAD_JSON");
    EXPECT_EQ(bench.ask("POST", login, R"({"type":1,"type":2})").errcode(), "M_BAD_JSON");
    EXPECT_EQ(bench.ask("POST", login, std::string(100, '[') + std::string(100, ']')).errcode(),
              "M_BAD_JSON");
    EXPECT_EQ(bench.ask("POST", login).errcode(), "M_MISSING_PARAM") << "no body reads as {}";
    const auto token = bench.sign_up("alice");
    EXPECT_EQ(bench.ask("POST", "/_matrix/client/v3/logout", "not JSON", token).status, 200)
        << "an endpoint without a body does not read one";
}

TEST_F(dispatcher_test, a_failing_store_is_503_with_retry_after) {
    const auto token = bench.sign_up("alice");
    bench.house.store->refuse_commits(true);
    const auto a = bench.ask("PUT", "/_matrix/client/v3/profile/@alice:porch.test/displayname",
                             R"({"displayname":"A"})", token);
    EXPECT_EQ(a.status, 503);
    EXPECT_EQ(a.errcode(), "M_UNKNOWN");
    ASSERT_EQ(a.headers.size(), 1u);
    EXPECT_EQ(a.headers[0].first, "Retry-After");
    EXPECT_TRUE(a.json().at("retry_after_ms").is_int64());
}

void throw_store_error(call_ptr) {
    throw ports::store_error("disk on fire");
}
void throw_other(call_ptr) {
    throw std::runtime_error("oops");
}
void throw_late(call_ptr c) {
    c->reply_text("{}");
    throw std::runtime_error("oops");
}
constexpr route throwing[] = {
    {"GET", "/store", root, auth::none, body::none, throw_store_error},
    {"GET", "/other", root, auth::none, body::none, throw_other},
    {"GET", "/late", root, auth::none, body::none, throw_late},
};

TEST_F(dispatcher_test, an_endpoint_that_throws_is_answered_once) {
    dispatcher d{bench.api, throwing};
    for (const auto& [path, status] :
         {std::pair{"/store", 503}, std::pair{"/other", 500}, std::pair{"/late", 200}}) {
        ports::http_request r;
        r.handle = {0, bench.sender.next_slot++, 1};
        r.method = "GET";
        r.path = path;
        d.on_request(r);
        const auto a = bench.take(r.handle);
        ASSERT_TRUE(a);
        EXPECT_EQ(a->status, status) << path;
        EXPECT_EQ(a->text.find("disk on fire"), std::string::npos) << "no inner words go out";
    }
}

// Every row answers, whatever it is given, and never with 5xx.
TEST_F(dispatcher_test, every_route_survives_odd_input) {
    const auto token = bench.sign_up("alice");
    for (const auto& r : routes()) {
        std::string path = (r.prefixes & root) != 0       ? ""
                           : (r.prefixes & v3) != 0       ? "/_matrix/client/v3"
                           : (r.prefixes & unstable) != 0 ? "/_matrix/client/unstable"
                                                          : "/_matrix/client/r0";
        std::string_view rest = r.pattern;
        while (!rest.empty()) {
            const auto open = std::min(rest.find('{'), rest.size());
            path += rest.substr(0, open);
            rest.remove_prefix(open);
            if (!rest.empty()) {
                path += "%F0%9F%8F%A0%0A..";
                rest.remove_prefix(rest.find('}') + 1);
            }
        }
        for (const auto body :
             {"", "{}", "[]", "null", R"({"type":null})", R"({"presence":[]})", R"({"user_ids":7})",
              R"({"auth":[],"username":{},"identifier":3})", R"({"displayname":{}})"}) {
            // Such a log-out would end the token this test goes on with.
            if (r.pattern.starts_with("/logout")) {
                continue;
            }
            const auto h =
                bench.start(r.method, path + "?timeout=0&limit=x&since=%20", body, token);
            const auto a = bench.take(h);
            ASSERT_TRUE(a) << r.method << ' ' << r.pattern << ' ' << body;
            EXPECT_LT(a->status, 500) << r.method << ' ' << r.pattern << ' ' << body;
            EXPECT_NO_THROW((void)a->json());
        }
        if (r.needs == auth::required) {
            EXPECT_EQ(bench.ask(r.method, path).status, 401) << r.method << ' ' << r.pattern;
        }
    }
}

TEST_F(dispatcher_test, answers_are_counted_by_class) {
    const auto value = [](std::string_view labels) {
        for (const auto* m : base::metrics::all()) {
            if (m->name == "porchlight_client_requests_total" && m->labels == labels) {
                return static_cast<const base::metrics::counter*>(m)->value();
            }
        }
        return ~std::uint64_t{0};
    };
    const auto good = value("status=\"2xx\"");
    const auto bad = value("status=\"4xx\"");
    bench.ask("GET", "/_matrix/client/versions");
    bench.ask("GET", "/nothing");
    bench.ask("GET", whoami);
    EXPECT_EQ(value("status=\"2xx\""), good + 1);
    EXPECT_EQ(value("status=\"4xx\""), bad + 2);
}

}  // namespace
}  // namespace porchlight::client_api
