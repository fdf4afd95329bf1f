#include "server/front_door.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

namespace porchlight::server {
namespace {

class recording_sender final : public ports::http_sender {
  public:
    void respond(ports::http_handle, ports::http_response r) override { last = std::move(r); }
    void post(std::uint32_t, base::unique_function<void()> t) override { t(); }
    void respond_now(const ports::http_delivery&) override {}
    std::uint32_t thread_count() const override { return 1; }
    std::optional<ports::http_response> last;
};

class recording_handler final : public ports::http_handler {
  public:
    void on_request(const ports::http_request& r) override { paths.emplace_back(r.path); }
    void on_gone(ports::http_handle) override { ++gone; }
    std::vector<std::string> paths;
    int gone = 0;
};

struct front_door_test : testing::Test {
    recording_sender sender;
    recording_handler client_api, federation, admin;
    config settings;
    bool store_works = true;
    front_door door{
        sender, {client_api, federation, &admin}, settings, [this] { return store_works; }};

    int ask(std::string_view path, std::string_view from = "127.0.0.1",
            std::string_view method = "GET") {
        return ask_of(door, 0, path, from, method);
    }
    int ask_of(front_door& asked, std::uint32_t listener, std::string_view path,
               std::string_view from = "127.0.0.1", std::string_view method = "GET") {
        sender.last.reset();
        ports::http_request r;
        r.method = method;
        r.path = path;
        r.peer_address = from;
        r.listener = listener;
        asked.on_request(r);
        return sender.last ? sender.last->status : 0;
    }
};

TEST_F(front_door_test, everything_but_metrics_and_health_is_the_client_apis) {
    EXPECT_EQ(ask("/_matrix/client/versions"), 0);
    EXPECT_EQ(ask("/metricsx"), 0);
    EXPECT_EQ(client_api.paths.size(), 2U);
    door.on_gone({});
    EXPECT_EQ(client_api.gone, 1);
}

TEST_F(front_door_test, what_other_servers_ask_is_federations) {
    EXPECT_EQ(ask("/_matrix/federation/v1/version"), 0);
    EXPECT_EQ(ask("/_matrix/key/v2/server"), 0);
    EXPECT_EQ(ask("/.well-known/matrix/server"), 0);
    EXPECT_EQ(ask("/.well-known/matrix/client"), 0);
    EXPECT_EQ(federation.paths.size(), 3U);
    EXPECT_EQ(client_api.paths.size(), 1U);
}

TEST_F(front_door_test, the_admin_api_is_admins_on_every_listener) {
    EXPECT_EQ(ask("/_porchlight/admin/v1/overview"), 0);
    EXPECT_EQ(ask_of(door, 3, "/_porchlight/admin/v1/overview"), 0);
    EXPECT_EQ(admin.paths.size(), 2U);
    EXPECT_TRUE(client_api.paths.empty());
}

TEST_F(front_door_test, a_listener_of_its_own_has_the_admin_api_and_nothing_else) {
    front_door own{sender, {client_api, federation, &admin, 1}, settings, [] { return true; }};
    EXPECT_EQ(ask_of(own, 0, "/_porchlight/admin/v1/overview"), 404);
    EXPECT_TRUE(admin.paths.empty());
    EXPECT_EQ(ask_of(own, 1, "/_porchlight/admin/v1/overview"), 0);
    EXPECT_EQ(admin.paths.size(), 1U);
    for (const char* elsewhere : {"/_matrix/client/versions", "/_matrix/key/v2/server", "/metrics",
                                  "/health", "/_matrix/federation/v1/version"}) {
        EXPECT_EQ(ask_of(own, 1, elsewhere), 404) << elsewhere;
    }
    EXPECT_EQ(ask_of(own, 1, "/"), 404) << "the page of people";
    EXPECT_TRUE(client_api.paths.empty());
    EXPECT_EQ(ask_of(own, 1, "/assets/none.js"), 0) << "what the operator's view loads";
    client_api.paths.clear();
    EXPECT_EQ(ask_of(own, 0, "/metrics"), 200);
    EXPECT_EQ(ask_of(own, 0, "/_matrix/client/versions"), 0);
    EXPECT_EQ(client_api.paths.size(), 1U);
}

TEST_F(front_door_test, the_operators_view_is_where_the_admin_api_is) {
    const int there = pages::embedded().empty() ? 404 : 200;
    const auto has_page = [this](front_door& d, std::uint32_t listener) {
        ask_of(d, listener, "/admin");
        return sender.last->body.find("There is nothing") == std::string::npos;
    };
    EXPECT_EQ(ask("/admin"), there);
    EXPECT_TRUE(has_page(door, 0));
    front_door own{sender, {client_api, federation, &admin, 1}, settings, [] { return true; }};
    EXPECT_FALSE(has_page(own, 0));
    EXPECT_TRUE(has_page(own, 1));
    front_door none{sender, {client_api, federation}, settings, [] { return true; }};
    EXPECT_FALSE(has_page(none, 0));
}

TEST_F(front_door_test, without_an_admin_api_there_is_nothing_at_its_paths) {
    front_door none{sender, {client_api, federation}, settings, [] { return true; }};
    EXPECT_EQ(ask_of(none, 0, "/_porchlight/admin/v1/overview"), 404);
    EXPECT_NE(sender.last->body.find("M_UNRECOGNIZED"), std::string::npos);
    EXPECT_TRUE(client_api.paths.empty());
}

TEST_F(front_door_test, metrics_are_for_whom_the_configuration_says) {
    EXPECT_EQ(ask("/metrics"), 200);
    EXPECT_NE(sender.last->body.find("# TYPE porchlight_"), std::string::npos);
    EXPECT_EQ(ask("/metrics", "::1"), 200);
    EXPECT_EQ(ask("/metrics", "192.0.2.7"), 403);
    EXPECT_EQ(ask("/metrics", "127.0.0.1", "POST"), 405);
    door.allow_metrics(metrics_for::everyone);
    EXPECT_EQ(ask("/metrics", "192.0.2.7"), 200);
    door.allow_metrics(metrics_for::nobody);
    EXPECT_EQ(ask("/metrics"), 403);
}

TEST_F(front_door_test, the_page_is_served_unless_it_is_switched_off) {
    const bool built_with_it = !pages::embedded().empty();
    EXPECT_EQ(ask("/"), built_with_it ? 200 : 404);
    EXPECT_EQ(sender.last->content_type,
              built_with_it ? "text/html; charset=utf-8" : "application/json");
    EXPECT_TRUE(client_api.paths.empty());
    settings.page = false;
    front_door without{sender, {client_api, federation}, settings, [] { return true; }};
    ports::http_request r;
    r.method = "GET";
    r.path = "/";
    without.on_request(r);
    EXPECT_EQ(client_api.paths.size(), 1U);
}

TEST_F(front_door_test, health_is_503_while_commits_fail) {
    EXPECT_EQ(ask("/health", "192.0.2.7"), 200);
    store_works = false;
    EXPECT_EQ(ask("/health"), 503);
    EXPECT_NE(sender.last->body.find("disk"), std::string::npos);
    store_works = true;
    EXPECT_EQ(ask("/health"), 200);
}

}  // namespace
}  // namespace porchlight::server
