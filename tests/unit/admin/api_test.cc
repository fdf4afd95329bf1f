#include "admin/api.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "admin/surroundings.h"
#include "support/api_bench.h"

// The admin API over a whole homeserver without sockets.
namespace porchlight::admin {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using test::answer;

constexpr std::string_view token = "an-admin-token-of-more-than-32-characters";

class admin_api : public testing::Test {
  protected:
    answer ask_as(const std::string& authorization, std::string_view method,
                  const std::string& target, std::string_view peer = "192.0.2.1") {
        const ports::http_handle h{0, api.sender.next_slot++, 1};
        const auto mark = target.find('?');
        const std::string path = "/_porchlight/admin/v1/" + target.substr(0, mark);
        ports::http_request r;
        r.handle = h;
        r.method = method;
        r.path = path;
        r.query = mark == std::string::npos ? std::string_view{}
                                            : std::string_view{target}.substr(mark + 1);
        r.authorization = authorization;
        r.peer_address = peer;
        admin.on_request(r);
        const auto got = api.take(h);
        EXPECT_TRUE(got.has_value());
        cross_origin = api.sender.answers.at(h.slot).cross_origin;
        return got.value_or(answer{});
    }
    answer ask(std::string_view method, const std::string& target) {
        return ask_as("Bearer " + std::string{token}, method, target);
    }
    json::value get(const std::string& target) {
        const auto a = ask("GET", target);
        EXPECT_EQ(a.status, 200) << a.text;
        return a.json();
    }
    static destination reachable(std::string name) {
        destination d;
        d.name = std::move(name);
        return d;
    }

    test::api_bench api;
    std::vector<destination> servers;
    bool cross_origin = true;
    admin::api admin{
        surroundings{.services = api.house.services,
                     .accounts = api.house.accounts,
                     .rooms = api.house.rooms,
                     .limits = api.limits,
                     .http = api.sender,
                     .process =
                         [] {
                             return process_facts{.resident_bytes = 4096,
                                                  .cpu_seconds = 1.5,
                                                  .connections = 7,
                                                  .deciding_tasks = 1,
                                                  .net_tasks = 2,
                                                  .cold_tasks = 3};
                         },
                     .destinations =
                         [this](std::size_t from, std::size_t most) {
                             std::vector<destination> part;
                             for (std::size_t i = from; i < servers.size() && part.size() < most;
                                  ++i) {
                                 part.push_back(servers[i]);
                             }
                             return part;
                         },
                     .observers_elsewhere = [](base::user_key) { return std::size_t{2}; },
                     .version = "1.2.3",
                     .started = api.house.clock.at.mono},
        token};
};

// --- access ---

TEST_F(admin_api, wants_the_token_before_it_says_anything) {
    for (const char* path : {"overview", "no/such/path"}) {
        EXPECT_EQ(ask_as("", "GET", path).status, 401);
        EXPECT_EQ(ask_as("", "GET", path).errcode(), "M_MISSING_TOKEN");
        EXPECT_EQ(ask_as("Bearer wrong", "GET", path).status, 403);
        EXPECT_EQ(ask_as("Bearer wrong", "GET", path).errcode(), "M_FORBIDDEN");
    }
    EXPECT_EQ(ask("GET", "overview").status, 200);
    EXPECT_EQ(ask("GET", "no/such/path").status, 404);
    EXPECT_EQ(ask("POST", "overview").status, 405);
    EXPECT_EQ(ask("GET", "users//presence").status, 404);
}

TEST_F(admin_api, a_token_that_only_begins_right_is_wrong) {
    EXPECT_EQ(ask_as("Bearer " + std::string{token} + "x", "GET", "overview").status, 403);
    EXPECT_EQ(ask_as("Bearer " + std::string{token.substr(0, token.size() - 1)}, "GET", "overview")
                  .status,
              403);
}

TEST_F(admin_api, an_access_token_of_a_user_is_no_admin_token) {
    const auto alice = api.sign_up("alice");
    EXPECT_EQ(ask_as("Bearer " + alice, "GET", "overview").status, 403);
}

TEST_F(admin_api, wrong_tokens_are_limited_by_address_and_the_right_one_never_is) {
    int forbidden = 0;
    while (ask_as("Bearer wrong", "GET", "overview", "198.51.100.7").status == 403) {
        ASSERT_LT(++forbidden, 100);
    }
    EXPECT_EQ(forbidden, 10);
    const auto limited = ask_as("Bearer wrong", "GET", "overview", "198.51.100.7");
    EXPECT_EQ(limited.status, 429);
    EXPECT_EQ(limited.errcode(), "M_LIMIT_EXCEEDED");
    EXPECT_GT(limited.json().at("retry_after_ms").as_int64(), 0);
    EXPECT_EQ(ask_as("Bearer wrong", "GET", "overview", "198.51.100.8").status, 403);
    EXPECT_EQ(ask_as("Bearer " + std::string{token}, "GET", "overview", "198.51.100.7").status,
              200);
    api.house.advance(10s);
    EXPECT_EQ(ask_as("Bearer wrong", "GET", "overview", "198.51.100.7").status, 403);
}

TEST_F(admin_api, no_answer_may_be_read_by_other_origins_or_kept) {
    for (const std::string& authorization :
         {std::string{}, "Bearer " + std::string{token}, std::string{"Bearer wrong"}}) {
        const auto a = ask_as(authorization, "GET", "overview");
        EXPECT_FALSE(cross_origin) << a.status;
        EXPECT_EQ(a.headers.back(),
                  (std::pair<std::string, std::string>{"Cache-Control", "no-store"}));
    }
    EXPECT_EQ(ask_as("", "OPTIONS", "overview").status, 401) << "no preflight succeeds";
    EXPECT_FALSE(cross_origin);
}

// --- overview ---

TEST_F(admin_api, the_overview_has_totals_gauges_queues_and_latencies) {
    const auto alice = api.sign_up("alice");
    api.house.advance(3s);
    const auto o = get("overview");
    EXPECT_EQ(o.at("now").as_int64(), base::unix_ms(api.house.clock.at.wall));
    EXPECT_EQ(o.at("uptime_ms").as_int64(), 3000);
    EXPECT_EQ(o.at("version"), "1.2.3");
    EXPECT_EQ(o.at("accounts").to_number<int>(), 1);
    EXPECT_EQ(o.at("process").at("resident_bytes").to_number<int>(), 4096);
    EXPECT_EQ(o.at("queues").at("cold").to_number<int>(), 3);
    const auto& delivery = o.at("latency").at("delivery");
    EXPECT_EQ(delivery.at("bounds").as_array().size() + 1, delivery.at("counts").as_array().size());
    EXPECT_DOUBLE_EQ(delivery.at("bounds").at(0).as_double(), 0.0001);
}

TEST_F(admin_api, each_total_of_the_overview_counts_what_it_says) {
    const auto refused = [this] {
        return get("overview").at("totals").at("admin_tokens_refused").as_int64();
    };
    const auto before = refused();
    ask_as("Bearer wrong", "GET", "overview");
    EXPECT_EQ(refused(), before + 1);
    const auto four = [this] {
        return get("overview").at("totals").at("answers_refused").as_int64();
    };
    const auto five = [this] {
        return get("overview").at("totals").at("answers_failed").as_int64();
    };
    const auto four_before = four(), five_before = five();
    api.ask("GET", "/_matrix/client/v3/account/whoami");
    EXPECT_EQ(four(), four_before + 1);
    EXPECT_EQ(five(), five_before);
}

// --- federation ---

TEST_F(admin_api, destinations_come_by_pages) {
    servers = {reachable("a.test"), reachable("b.test"), reachable("c.test")};
    servers[1].failures = 3;
    servers[1].retry_at = base::from_unix_ms(1'700'000'009'000);
    servers[1].last_failure = "it answered 502";
    servers[1].pushes = 4;
    const auto first = get("federation/destinations?limit=2");
    EXPECT_EQ(first.at("destinations").as_array().size(), 2U);
    EXPECT_EQ(first.at("next").to_number<int>(), 2);
    const auto& b = first.at("destinations").at(1);
    EXPECT_EQ(b.at("server"), "b.test");
    EXPECT_EQ(b.at("reachable"), false);
    EXPECT_EQ(b.at("retry_at").as_int64(), 1'700'000'009'000);
    EXPECT_EQ(b.at("last_failure"), "it answered 502");
    EXPECT_EQ(b.at("waiting").at("pushes").to_number<int>(), 4);
    EXPECT_FALSE(first.at("destinations").at(0).as_object().contains("last_failure"));
    const auto rest = get("federation/destinations?limit=2&from=2");
    EXPECT_EQ(rest.at("destinations").as_array().size(), 1U);
    EXPECT_FALSE(rest.as_object().contains("next"));
}

TEST_F(admin_api, a_number_that_is_none_is_named) {
    const auto a = ask("GET", "federation/destinations?limit=many");
    EXPECT_EQ(a.status, 400);
    EXPECT_NE(a.text.find("limit can't be"), std::string::npos) << a.text;
    EXPECT_EQ(ask("GET", "federation/destinations?from=-1").status, 400);
    EXPECT_EQ(ask("GET", "users?limit=1x").status, 400);
}

// --- users ---

TEST_F(admin_api, users_are_found_by_the_beginning_of_their_ids) {
    for (const char* name : {"alice", "alina", "bob"}) {
        api.sign_up(name);
    }
    const auto found = get("users?prefix=al").at("users").as_array();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].at("user_id"), "@alice:porch.test");
    EXPECT_EQ(found[0].at("presence"), "offline");
    EXPECT_EQ(get("users?prefix=%40bob").at("users").as_array().size(), 1U);
    EXPECT_EQ(get("users?prefix=nobody").at("users").as_array().size(), 0U);
    EXPECT_EQ(get("users?prefix=al").at("limited"), false);
    EXPECT_EQ(get("users?prefix=al&limit=1").at("limited"), true);
    EXPECT_EQ(get("users?prefix=al&limit=1").at("users").as_array().size(), 1U);
    EXPECT_EQ(get("users?prefix=al&limit=2").at("limited"), false);
    EXPECT_EQ(ask("GET", "users?prefix=" + std::string(300, 'x')).status, 400);
}

TEST_F(admin_api, presence_is_explained_in_data_and_in_a_sentence) {
    const auto alice = api.sign_up("alice");
    api.ask("PUT", "/_matrix/client/v3/presence/@alice:porch.test/status",
            R"({"presence":"online","status_msg":"a private thought"})", alice);
    const auto x = get("users/@alice:porch.test/presence");
    EXPECT_EQ(x.at("presence"), "online");
    ASSERT_EQ(x.at("devices").as_array().size(), 1U);
    EXPECT_EQ(x.at("devices").at(0).at("counts_as"), "online");
    EXPECT_EQ(x.at("devices").at(0).at("put_until").as_int64(),
              base::unix_ms(api.house.clock.at.wall + 5min));
    EXPECT_EQ(x.at("status_text_bytes").to_number<int>(), 17);
    EXPECT_EQ(x.at("seen_by").at("elsewhere").to_number<int>(), 2);
    EXPECT_EQ(x.at("seen_by").at("total").to_number<int>(), 2);
    EXPECT_EQ(json::serialize(x).find("private thought"), std::string::npos);
    EXPECT_NE(x.at("sentence").as_string().find("by its PUT, for another 5 min"),
              json::string::npos)
        << x.at("sentence");
}

TEST_F(admin_api, rooms_are_named_with_their_members) {
    const auto alice = api.sign_up("alice");
    const auto made =
        api.ask("POST", "/_matrix/client/v3/createRoom", R"({"preset":"public_chat"})", alice)
            .json()
            .at("room_id");
    const auto bob = api.sign_up("bob");
    api.ask("POST", "/_matrix/client/v3/join/" + std::string(made.as_string()), "{}", bob);
    const auto x = get("users/%40alice%3Aporch.test/presence");
    EXPECT_EQ(x.at("rooms").at(0).at("room_id"), made);
    EXPECT_EQ(x.at("rooms").at(0).at("members").to_number<int>(), 2);
    EXPECT_EQ(x.at("seen_by").at("by_rooms").to_number<int>(), 1);
}

TEST_F(admin_api, nobody_is_404_and_no_id_is_400) {
    EXPECT_EQ(ask("GET", "users/@nobody:porch.test/presence").errcode(), "M_NOT_FOUND");
    EXPECT_EQ(ask("GET", "users/@nobody:porch.test/devices").errcode(), "M_NOT_FOUND");
    EXPECT_EQ(ask("DELETE", "users/@nobody:porch.test/devices/X").errcode(), "M_NOT_FOUND");
    EXPECT_EQ(ask("GET", "users/nobody/presence").errcode(), "M_INVALID_PARAM");
}

TEST_F(admin_api, a_session_that_is_ended_is_logged_out_and_offline_at_once) {
    const auto alice = api.sign_up("alice");
    api.ask("PUT", "/_matrix/client/v3/presence/@alice:porch.test/status",
            R"({"presence":"online"})", alice);
    const auto devices = get("users/@alice:porch.test/devices").at("devices").as_array();
    ASSERT_EQ(devices.size(), 1U);
    EXPECT_EQ(devices[0].at("counts_as"), "online");
    const std::string id{devices[0].at("device_id").as_string()};
    EXPECT_EQ(ask("DELETE", "users/@alice:porch.test/devices/OTHER").status, 404);
    EXPECT_EQ(api.ask("GET", "/_matrix/client/v3/account/whoami", {}, alice).status, 200);
    EXPECT_EQ(ask("DELETE", "users/@alice:porch.test/devices/" + id).text, "{}");
    EXPECT_EQ(api.ask("GET", "/_matrix/client/v3/account/whoami", {}, alice).status, 401);
    EXPECT_EQ(get("users/@alice:porch.test/presence").at("presence"), "offline");
    EXPECT_TRUE(get("users/@alice:porch.test/devices").at("devices").as_array().empty());
    EXPECT_EQ(ask("DELETE", "users/@alice:porch.test/devices/" + id).status, 404);
}

TEST_F(admin_api, a_session_stays_when_its_end_cannot_be_stored) {
    const auto alice = api.sign_up("alice");
    const auto devices = get("users/@alice:porch.test/devices").at("devices");
    api.house.log_device.full = true;
    EXPECT_EQ(ask("DELETE", "users/@alice:porch.test/devices/" +
                                std::string(devices.at(0).at("device_id").as_string()))
                  .status,
              503);
    api.house.log_device.full = false;
    EXPECT_EQ(api.ask("GET", "/_matrix/client/v3/account/whoami", {}, alice).status, 200);
}

}  // namespace
}  // namespace porchlight::admin
