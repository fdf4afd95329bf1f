#include <gtest/gtest.h>

#include "unit/client_api/keys_bench.h"

// GET, PUT and DELETE /devices, POST /delete_devices, refresh tokens and soft logout.
namespace porchlight::client_api {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using test::answer;
using test::keyed_device;
using test::keys_api;

json::object password_of(const std::string& name, const std::string& password = {}) {
    return {{"type", "m.login.password"},
            {"identifier", json::object{{"type", "m.id.user"}, {"user", name}}},
            {"password", password.empty() ? "pw-" + name : password}};
}

class devices : public testing::Test {
  protected:
    std::vector<std::string> ids(const std::string& token) {
        std::vector<std::string> all;
        const auto v = api.ask_v3("GET", "/devices", token).json();
        for (const auto& d : v.at("devices").as_array()) {
            all.emplace_back(d.at("device_id").as_string());
        }
        return all;
    }
    int whoami(const std::string& token) {
        return api.ask_v3("GET", "/account/whoami", token).status;
    }

    keys_api api;
    const keyed_device phone = api.device_of("alice", api.alice, 1);
    const keyed_device desk = api.log_in("alice", 2, "DESK");
};

TEST_F(devices, are_listed_to_their_owner_with_when_they_were_seen) {
    const auto a = api.ask_v3("GET", "/devices/DESK", phone.token);
    EXPECT_EQ(a.json().at("device_id"), "DESK");
    EXPECT_EQ(a.json().at("user_id"), json::value(phone.user_id));
    EXPECT_FALSE(a.json().as_object().contains("last_seen_ts")) << "it asked nothing yet";
    ASSERT_EQ(whoami(desk.token), 200);
    const auto seen = api.ask_v3("GET", "/devices/DESK", phone.token).json();
    EXPECT_EQ(seen.at("last_seen_ts").as_int64(), base::unix_ms(api.house.clock.at.wall));
    EXPECT_EQ(ids(phone.token).size(), 2U);
    EXPECT_EQ(ids(api.bob).size(), 1U);
    EXPECT_EQ(api.ask_v3("GET", "/devices/DESK", api.bob).errcode(), "M_NOT_FOUND");
}

TEST_F(devices, are_renamed_and_those_who_have_their_keys_are_told) {
    api.upload_device(desk);
    const auto room = api.create_open(api.alice);
    api.join(api.bob, room);
    const auto before = api.caught_up(api.bob);
    EXPECT_EQ(api.ask_v3("PUT", "/devices/DESK", phone.token, {{"display_name", "desk"}}).text,
              "{}");
    EXPECT_EQ(api.ask_v3("GET", "/devices/DESK", desk.token).json().at("display_name"), "desk");
    EXPECT_EQ(json::serialize(api.sync(api.bob, "since=" + before).at("device_lists")),
              R"({"changed":["@alice:porch.test"],"left":[]})");
    EXPECT_EQ(api.query(api.bob, desk.user_id)
                  .at("device_keys")
                  .at(desk.user_id)
                  .at("DESK")
                  .at("unsigned")
                  .at("device_display_name"),
              "desk");
    EXPECT_EQ(api.ask_v3("PUT", "/devices/NONE", phone.token, {{"display_name", "x"}}).errcode(),
              "M_NOT_FOUND");
    EXPECT_EQ(api.ask_v3("PUT", "/devices/DESK", phone.token, {{"display_name", 1}}).errcode(),
              "M_BAD_JSON");
    EXPECT_EQ(
        api.ask_v3("PUT", "/devices/DESK", phone.token, {{"display_name", std::string(300, 'x')}})
            .errcode(),
        "M_INVALID_PARAM");
}

TEST_F(devices, end_only_after_the_password_was_given) {
    const auto asked = api.ask_v3("DELETE", "/devices/DESK", phone.token, json::object{});
    EXPECT_EQ(asked.status, 401);
    EXPECT_TRUE(asked.json().at("session").is_string());
    EXPECT_EQ(json::serialize(asked.json().at("flows")), R"([{"stages":["m.login.password"]}])");
    EXPECT_EQ(api.ask_v3("DELETE", "/devices/DESK", phone.token,
                         {{"auth", password_of("alice", "wrong")}})
                  .status,
              401);
    EXPECT_EQ(
        api.ask_v3("DELETE", "/devices/DESK", api.bob, {{"auth", password_of("bob")}}).errcode(),
        "M_NOT_FOUND")
        << "another's device";
    EXPECT_EQ(whoami(desk.token), 200);
    EXPECT_EQ(
        api.ask_v3("DELETE", "/devices/DESK", phone.token, {{"auth", password_of("alice")}}).text,
        "{}");
    EXPECT_EQ(whoami(desk.token), 401);
    EXPECT_EQ(ids(phone.token).size(), 1U);
}

TEST_F(devices, end_many_at_once) {
    const auto laptop = api.log_in("alice", 3, "LAPTOP");
    const json::object wish{{"devices", json::array{"DESK", "LAPTOP", "NONE"}}};
    EXPECT_EQ(api.ask_v3("POST", "/delete_devices", phone.token, wish).status, 401);
    auto with_password = wish;
    with_password["auth"] = password_of("alice");
    EXPECT_EQ(api.ask_v3("POST", "/delete_devices", phone.token, with_password).text, "{}");
    EXPECT_EQ(ids(phone.token), std::vector{phone.device_id});
    EXPECT_EQ(whoami(laptop.token), 401);
    EXPECT_EQ(api.ask_v3("POST", "/delete_devices", phone.token, json::object{}).errcode(),
              "M_MISSING_PARAM");
    EXPECT_EQ(
        api.ask_v3("POST", "/delete_devices", phone.token, {{"devices", json::array{1}}}).errcode(),
        "M_BAD_JSON");
}

// --- refresh tokens ---

class refreshing : public devices {
  protected:
    struct tokens {
        std::string access, refresh;
    };
    static tokens tokens_of(const answer& a) {
        EXPECT_EQ(a.status, 200) << a.text;
        const auto v = a.json();
        EXPECT_EQ(v.at("expires_in_ms"), 3'600'000);
        return {std::string(v.at("access_token").as_string()),
                std::string(v.at("refresh_token").as_string())};
    }
    tokens log_in_for_a_while() {
        auto wish = password_of("alice");
        wish["device_id"] = "TABLET";
        wish["refresh_token"] = true;
        return tokens_of(api.ask_v3("POST", "/login", "", wish));
    }
    answer refresh(const std::string& token) {
        return api.ask_v3("POST", "/refresh", "", {{"refresh_token", token}});
    }
};

TEST_F(refreshing, who_does_not_ask_for_it_has_a_token_that_lasts) {
    const auto a = api.ask_v3("POST", "/login", "", password_of("alice"));
    EXPECT_FALSE(a.json().as_object().contains("refresh_token"));
    EXPECT_FALSE(a.json().as_object().contains("expires_in_ms"));
    api.house.advance(24h * 365);
    EXPECT_EQ(whoami(phone.token), 200);
}

TEST_F(refreshing, an_expired_token_is_a_soft_logout_and_the_device_stays) {
    const auto t = log_in_for_a_while();
    EXPECT_EQ(whoami(t.access), 200);
    api.house.advance(1h);
    const auto a = api.ask_v3("GET", "/account/whoami", t.access);
    EXPECT_EQ(a.status, 401);
    EXPECT_EQ(a.errcode(), "M_UNKNOWN_TOKEN");
    EXPECT_EQ(a.json().at("soft_logout"), true);
    EXPECT_EQ(ids(phone.token).size(), 3U);
    const auto fresh = tokens_of(refresh(t.refresh));
    EXPECT_EQ(whoami(fresh.access), 200);
    EXPECT_EQ(whoami(t.access), 401);
}

TEST_F(refreshing, the_old_refresh_token_works_until_the_new_access_token_was_used) {
    const auto t = log_in_for_a_while();
    const auto lost = tokens_of(refresh(t.refresh));
    const auto second = tokens_of(refresh(t.refresh));  // the answer before got lost
    EXPECT_EQ(refresh(lost.refresh).errcode(), "M_UNKNOWN_TOKEN");
    EXPECT_EQ(whoami(lost.access), 401);
    EXPECT_EQ(whoami(second.access), 200);
    EXPECT_EQ(refresh(t.refresh).errcode(), "M_UNKNOWN_TOKEN");
    tokens_of(refresh(second.refresh));
}

TEST_F(refreshing, tokens_end_with_their_device_and_with_a_new_login) {
    const auto t = log_in_for_a_while();
    const auto again = log_in_for_a_while();
    EXPECT_EQ(refresh(t.refresh).errcode(), "M_UNKNOWN_TOKEN");
    ASSERT_EQ(api.ask_v3("POST", "/logout", again.access, json::object{}).status, 200);
    EXPECT_EQ(refresh(again.refresh).errcode(), "M_UNKNOWN_TOKEN");
    EXPECT_EQ(refresh("nonsense").errcode(), "M_UNKNOWN_TOKEN");
    EXPECT_EQ(api.ask_v3("POST", "/refresh", "", json::object{}).errcode(), "M_MISSING_PARAM");
}

TEST_F(refreshing, registering_gives_one_too_and_only_hashes_are_stored) {
    const auto t = tokens_of(api.ask_v3("POST", "/register", "",
                                        {{"username", "dave"},
                                         {"password", "secret"},
                                         {"refresh_token", true},
                                         {"auth", json::object{{"type", "m.login.dummy"}}}}));
    std::string stored;
    api.house.store->documents_of_kind("refresh_token",
                                       [&](ports::document_row&& row) { stored += row.json; });
    api.house.store->devices([&](ports::device_row&& row) { stored += row.token_hash; });
    EXPECT_FALSE(stored.empty());
    EXPECT_EQ(stored.find(t.refresh), std::string::npos);
    EXPECT_EQ(stored.find(t.access), std::string::npos);
    // 40 characters of 62 are more than 230 bits.
    EXPECT_EQ(t.refresh.size(), 44U);
    EXPECT_EQ(t.access.size(), 44U);
}

// --- attempts ---

TEST_F(devices, passwords_are_guessed_slowly_from_many_addresses_too) {
    const std::string wrong = json::serialize(password_of("alice", "wrong"));
    const std::string nobody = json::serialize(password_of("nobody", "wrong"));
    const auto attempt = [&](const std::string& body, int i) {
        return api
            .take(api.start("POST", "/_matrix/client/v3/login", body, "",
                            "192.0.2." + std::to_string(i)))
            .value();
    };
    for (const auto& body : {wrong, nobody}) {
        for (int i = 0; i < 20; ++i) {
            ASSERT_EQ(attempt(body, i).status, 403) << i;
        }
        const auto refused = attempt(body, 20);
        EXPECT_EQ(refused.status, 429);
        EXPECT_GT(refused.json().at("retry_after_ms").as_int64(), 0);
    }
    EXPECT_EQ(attempt(json::serialize(password_of("alice")), 21).status, 429)
        << "the right password, too: the limit must not tell";
    api.house.advance(21s);
    EXPECT_EQ(attempt(json::serialize(password_of("alice")), 22).status, 200);
    EXPECT_EQ(attempt(json::serialize(password_of("bob")), 23).status, 200) << "another account";
}

}  // namespace
}  // namespace porchlight::client_api
