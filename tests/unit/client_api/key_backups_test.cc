#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/client_api/keys_bench.h"

// /room_keys: encrypted backups of room keys.
namespace porchlight::client_api {
namespace {

namespace json = boost::json;
using test::answer;
using test::keys_api;

class key_backups : public testing::Test {
  protected:
    answer ask(std::string_view method, const std::string& path, const json::value& body = nullptr,
               const std::string& token = {}) {
        return api.ask_v3(method, path, token.empty() ? api.alice : token, body);
    }
    static json::object wish(const std::string& public_key = "p") {
        return {{"algorithm", "m.megolm_backup.v1.curve25519-aes-sha2"},
                {"auth_data", json::object{{"public_key", public_key}}}};
    }
    std::string make() {
        const auto a = ask("POST", "/room_keys/version", wish());
        EXPECT_EQ(a.status, 200) << a.text;
        return std::string(a.json().at("version").as_string());
    }
    static json::object session(int index, const std::string& data = "d", bool verified = false,
                                int forwarded = 0) {
        return {{"first_message_index", index},
                {"forwarded_count", forwarded},
                {"is_verified", verified},
                {"session_data", json::object{{"ciphertext", data}}}};
    }
    std::string data_of(const std::string& path) {
        const auto a = ask("GET", "/room_keys/keys/" + path);
        return a.status == 200
                   ? std::string(a.json().at("session_data").at("ciphertext").as_string())
                   : a.errcode();
    }

    keys_api api;
};

TEST_F(key_backups, are_numbered_and_the_newest_counts) {
    EXPECT_EQ(ask("GET", "/room_keys/version").errcode(), "M_NOT_FOUND");
    EXPECT_EQ(make(), "1");
    EXPECT_EQ(make(), "2");
    const auto newest = ask("GET", "/room_keys/version").json();
    EXPECT_EQ(newest.at("version"), "2");
    EXPECT_EQ(newest.at("algorithm"), "m.megolm_backup.v1.curve25519-aes-sha2");
    EXPECT_EQ(newest.at("auth_data").at("public_key"), "p");
    EXPECT_EQ(newest.at("count"), 0);
    EXPECT_TRUE(newest.at("etag").is_string());
    EXPECT_EQ(ask("GET", "/room_keys/version/1").json().at("version"), "1");
    EXPECT_EQ(ask("GET", "/room_keys/version/3").errcode(), "M_NOT_FOUND");
    EXPECT_EQ(ask("GET", "/room_keys/version/x").errcode(), "M_NOT_FOUND");
}

TEST_F(key_backups, are_each_users_own) {
    make();
    EXPECT_EQ(ask("GET", "/room_keys/version", nullptr, api.bob).errcode(), "M_NOT_FOUND");
    EXPECT_EQ(ask("GET", "/room_keys/keys?version=1", nullptr, api.bob).errcode(), "M_NOT_FOUND");
    EXPECT_EQ(ask("DELETE", "/room_keys/version/1", nullptr, api.bob).errcode(), "M_NOT_FOUND");
    EXPECT_EQ(ask("GET", "/room_keys/version").json().at("version"), "1");
}

TEST_F(key_backups, numbers_of_removed_ones_are_not_given_again) {
    make();
    ASSERT_EQ(ask("PUT", "/room_keys/keys/r/s?version=1", session(0)).status, 200);
    EXPECT_EQ(ask("DELETE", "/room_keys/version/1").text, "{}");
    EXPECT_EQ(ask("GET", "/room_keys/version").errcode(), "M_NOT_FOUND");
    EXPECT_EQ(ask("GET", "/room_keys/keys?version=1").errcode(), "M_NOT_FOUND");
    EXPECT_EQ(make(), "2");
    EXPECT_EQ(ask("GET", "/room_keys/keys?version=2").text, R"({"rooms":{}})");
}

TEST_F(key_backups, may_change_their_data_but_not_their_algorithm) {
    make();
    EXPECT_EQ(ask("PUT", "/room_keys/version/1", wish("q")).text, "{}");
    EXPECT_EQ(ask("GET", "/room_keys/version").json().at("auth_data").at("public_key"), "q");
    auto other = wish();
    other["algorithm"] = "org.example";
    EXPECT_EQ(ask("PUT", "/room_keys/version/1", other).errcode(), "M_INVALID_PARAM");
    other = wish();
    other["version"] = "2";
    EXPECT_EQ(ask("PUT", "/room_keys/version/1", other).errcode(), "M_INVALID_PARAM");
    EXPECT_EQ(ask("PUT", "/room_keys/version/9", wish()).errcode(), "M_NOT_FOUND");
    EXPECT_EQ(ask("POST", "/room_keys/version", json::object{}).errcode(), "M_MISSING_PARAM");
}

TEST_F(key_backups, take_and_give_sessions_one_by_one_by_room_and_all) {
    make();
    const auto one = ask("PUT", "/room_keys/keys/r/s?version=1", session(0, "a"));
    EXPECT_EQ(one.json().at("count"), 1);
    const auto room = ask("PUT", "/room_keys/keys/r?version=1",
                          {{"sessions", json::object{{"t", session(0, "b")}}}});
    EXPECT_EQ(room.json().at("count"), 2);
    EXPECT_NE(room.json().at("etag"), one.json().at("etag"));
    const auto all = ask(
        "PUT", "/room_keys/keys?version=1",
        {{"rooms",
          json::object{{"q", json::object{{"sessions", json::object{{"u", session(0, "c")}}}}}}}});
    EXPECT_EQ(all.json().at("count"), 3);
    EXPECT_EQ(data_of("r/s?version=1"), "a");
    EXPECT_EQ(ask("GET", "/room_keys/keys/r?version=1").json().at("sessions").as_object().size(),
              2U);
    EXPECT_EQ(ask("GET", "/room_keys/keys/none?version=1").text, R"({"sessions":{}})");
    const auto rooms = ask("GET", "/room_keys/keys?version=1").json().at("rooms").as_object();
    EXPECT_EQ(rooms.size(), 2U);
    EXPECT_EQ(rooms.at("q").at("sessions").at("u"), json::value(session(0, "c")));
    EXPECT_EQ(data_of("r/none?version=1"), "M_NOT_FOUND");
}

TEST_F(key_backups, keep_the_better_copy_of_a_session) {
    make();
    const auto put = [&](const json::object& s) {
        return ask("PUT", "/room_keys/keys/r/s?version=1", s).json();
    };
    put(session(5, "first", false, 5));
    const auto etag = put(session(6, "later index")).at("etag");
    EXPECT_EQ(data_of("r/s?version=1"), "first");
    EXPECT_EQ(ask("GET", "/room_keys/version").json().at("etag"), etag) << "nothing changed";
    put(session(5, "as good", false, 5));
    EXPECT_EQ(data_of("r/s?version=1"), "first");
    put(session(5, "forwarded less", false, 4));
    EXPECT_EQ(data_of("r/s?version=1"), "forwarded less");
    put(session(4, "earlier index", false, 9));
    EXPECT_EQ(data_of("r/s?version=1"), "earlier index");
    const auto last = put(session(9, "verified", true, 9));
    EXPECT_EQ(data_of("r/s?version=1"), "verified");
    put(session(0, "not verified"));
    EXPECT_EQ(data_of("r/s?version=1"), "verified");
    EXPECT_EQ(last.at("count"), 1);
}

TEST_F(key_backups, take_sessions_into_the_newest_version_alone) {
    make();
    make();
    const auto a = ask("PUT", "/room_keys/keys/r/s?version=1", session(0));
    EXPECT_EQ(a.status, 403);
    EXPECT_EQ(a.errcode(), "M_WRONG_ROOM_KEYS_VERSION");
    EXPECT_EQ(a.json().at("current_version"), "2");
    EXPECT_EQ(ask("PUT", "/room_keys/keys/r/s", session(0)).errcode(), "M_MISSING_PARAM");
    EXPECT_EQ(ask("GET", "/room_keys/keys?version=1").status, 200) << "old ones can still be read";
}

TEST_F(key_backups, forget_sessions) {
    make();
    for (const auto* path : {"/room_keys/keys/r/s", "/room_keys/keys/r/t", "/room_keys/keys/q/u"}) {
        ASSERT_EQ(ask("PUT", std::string{path} + "?version=1", session(0)).status, 200);
    }
    EXPECT_EQ(ask("DELETE", "/room_keys/keys/r/s?version=1").json().at("count"), 2);
    EXPECT_EQ(ask("DELETE", "/room_keys/keys/r/s?version=1").json().at("count"), 2);
    EXPECT_EQ(ask("DELETE", "/room_keys/keys/r?version=1").json().at("count"), 1);
    EXPECT_EQ(make(), "2");
    EXPECT_EQ(ask("DELETE", "/room_keys/keys?version=1").json().at("count"), 0)
        << "of older versions, too";
    EXPECT_EQ(ask("GET", "/room_keys/keys?version=1").text, R"({"rooms":{}})");
}

TEST_F(key_backups, refuse_odd_shapes_and_what_is_too_large_as_a_whole) {
    make();
    auto bad = session(0);
    bad["is_verified"] = "yes";
    EXPECT_EQ(ask("PUT", "/room_keys/keys/r/s?version=1", bad).errcode(), "M_BAD_JSON");
    EXPECT_EQ(ask("PUT", "/room_keys/keys/r?version=1", json::object{}).errcode(), "M_BAD_JSON");
    EXPECT_EQ(ask("PUT", "/room_keys/keys?version=1", json::object{}).errcode(), "M_MISSING_PARAM");
    const auto large = session(0, std::string(base::limits::backup_session_bytes_max, 'x'));
    const auto both = ask("PUT", "/room_keys/keys/r?version=1",
                          {{"sessions", json::object{{"s", session(0)}, {"t", large}}}});
    EXPECT_EQ(both.errcode(), "M_TOO_LARGE");
    EXPECT_EQ(ask("GET", "/room_keys/version").json().at("count"), 0);
}

TEST_F(key_backups, are_full_at_a_limit_of_bytes_and_of_versions) {
    make();
    const std::string data(15'000, 'x');
    int room = 0;
    answer last;
    do {
        json::object sessions;
        for (int i = 0; i < 60; ++i) {
            sessions["s" + std::to_string(i)] = session(0, data);
        }
        last = ask("PUT", "/room_keys/keys/r" + std::to_string(room++) + "?version=1",
                   {{"sessions", sessions}});
    } while (last.status == 200 && room < 20);
    EXPECT_EQ(last.errcode(), "M_RESOURCE_LIMIT_EXCEEDED");
    EXPECT_EQ(ask("GET", "/room_keys/version").json().at("count"), 60 * (room - 1));
    answer made;
    for (std::size_t i = 1; i <= base::limits::backup_versions_max; ++i) {
        made = ask("POST", "/room_keys/version", wish());
    }
    EXPECT_EQ(made.errcode(), "M_RESOURCE_LIMIT_EXCEEDED");
}

}  // namespace
}  // namespace porchlight::client_api
