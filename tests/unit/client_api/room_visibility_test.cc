#include <gtest/gtest.h>

#include "unit/client_api/sync_bench.h"

// History visibility on every path by which a room is read: the same messages on each.
namespace porchlight::client_api {
namespace {

using test::bodies;
using test::room_in;
using test::sync_api;
namespace json = boost::json;

struct visibility_case {
    const char* visibility;
    const char* joined;  // what bob sees while he is in
    const char* banned;  // when he left and was banned later
};

class room_visibility : public testing::TestWithParam<visibility_case> {
  protected:
    room_visibility() {
        topic("old");
        set("m.room.history_visibility", {{"history_visibility", GetParam().visibility}});
        say("before");
        change("invite");
        say("invited");
        EXPECT_EQ(api.in("POST", room, "/join", bob, json::object()).status, 200);
        say("in");
    }
    void set(const std::string& type, const json::value& content) {
        EXPECT_EQ(api.in("PUT", room, "/state/" + type, alice, content).status, 200);
    }
    void topic(const char* text) { set("m.room.topic", {{"topic", text}}); }
    void say(const std::string& text) { ids.emplace_back(text, api.say(alice, room, text)); }
    void change(const char* verb) {
        EXPECT_EQ(
            api.in("POST", room, std::string("/") + verb, alice, {{"user_id", "@bob:porch.test"}})
                .status,
            200);
    }
    json::value get(const std::string& path) {
        const auto a = api.in("GET", room, path, bob);
        EXPECT_EQ(a.status, 200) << path << a.text;
        return a.json();
    }
    static std::string backwards(std::string words) {
        std::string turned;
        while (!words.empty()) {
            words.pop_back();
            const auto at = words.rfind(' ') + 1;
            turned += words.substr(at) + " ";
            words.erase(at);
        }
        return turned;
    }

    void every_path_shows(const std::string& expected) {
        EXPECT_EQ(bodies(get("/messages?dir=b&limit=100").at("chunk")), backwards(expected));
        EXPECT_EQ(bodies(get("/messages?dir=f&limit=100").at("chunk")), expected);
        EXPECT_EQ(bodies(get("/initialSync?limit=100").at("messages").at("chunk")), expected);
        const auto all =
            api.ask("GET", "/_matrix/client/r0/initialSync?limit=100&archived=true", "", bob)
                .json();
        ASSERT_EQ(all.at("rooms").as_array().size(), 1U);
        // A room one has left ends there in /initialSync, world readable or not.
        EXPECT_EQ(bodies(all.at("rooms").at(0).at("messages").at("chunk")),
                  expected.substr(0, expected.find("left ")));
        std::string alone, old;
        for (const auto& [text, id] : ids) {
            const auto path = "/event/" + sync_api::escape(id);
            const bool seen = api.in("GET", room, path, bob).status == 200;
            alone += seen ? text + " " : "";
            old += api.ask("GET", "/_matrix/client/r0/events/" + sync_api::escape(id), "", bob)
                               .status == 200
                       ? text + " "
                       : "";
            const auto around =
                api.in("GET", room, "/context/" + sync_api::escape(id) + "?limit=100", bob);
            EXPECT_EQ(around.status, seen ? 200 : 404);
            if (seen) {
                EXPECT_EQ(backwards(bodies(around.json().at("events_before"))) + text + " " +
                              bodies(around.json().at("events_after")),
                          expected);
            }
        }
        EXPECT_EQ(alone, expected);
        EXPECT_EQ(old, expected);
        const auto v = api.sync(
            bob, "x=y" + sync_api::filter(
                             R"({"room":{"include_leave":true,"timeline":{"limit":100}}})"));
        const auto* shown = room_in(v, "join", room);
        shown = shown != nullptr ? shown : room_in(v, "leave", room);
        ASSERT_NE(shown, nullptr);
        // What came after the ban belongs to no section of /sync, world readable or not.
        auto synced = expected;
        if (const auto later = synced.find("banned "); later != std::string::npos) {
            synced.erase(later);
        }
        EXPECT_EQ(bodies(shown->at("timeline").at("events")), synced);
    }
    void every_state_shows(const std::string& topic, std::size_t members) {
        EXPECT_EQ(get("/state/m.room.topic").at("topic").as_string(), topic);
        std::string in_state;
        const auto state = get("/state"), members_now = get("/members"), old = get("/initialSync");
        for (const auto& e : state.as_array()) {
            in_state += e.at("type") == "m.room.topic"
                            ? std::string(e.at("content").at("topic").as_string())
                            : "";
        }
        EXPECT_EQ(in_state, topic);
        EXPECT_EQ(members_now.at("chunk").as_array().size(), members);
        for (const auto& e : old.at("state").as_array()) {
            if (e.at("type") == "m.room.topic") {
                EXPECT_EQ(e.at("content").at("topic").as_string(), topic);
            }
        }
    }

    sync_api api;
    const std::string &alice = api.alice, &bob = api.bob;
    const std::string room = api.create_open(api.alice);
    std::vector<std::pair<std::string, std::string>> ids;
};

INSTANTIATE_TEST_SUITE_P(every, room_visibility,
                         testing::Values(visibility_case{"joined", "in ", "in "},
                                         visibility_case{"invited", "invited in ", "invited in "},
                                         visibility_case{"shared", "before invited in ",
                                                         "before invited in "},
                                         visibility_case{"world_readable", "before invited in ",
                                                         "before invited in left banned "}),
                         [](const auto& p) { return std::string(p.param.visibility); });

TEST_P(room_visibility, holds_on_every_path) {
    every_path_shows(GetParam().joined);
    every_state_shows("old", 2);
    EXPECT_EQ(api.in("POST", room, "/leave", bob, json::object()).status, 200);
    say("left");
    change("ban");
    say("banned");
    topic("new");
    api.join(api.carol, room);
    every_path_shows(GetParam().banned);
    const bool readable = GetParam().visibility == std::string("world_readable");
    every_state_shows(readable ? "new" : "old", readable ? 3 : 2);
    change("unban");
    change("invite");
    if (!readable) {
        EXPECT_EQ(bodies(get("/messages?dir=f&limit=100").at("chunk")), GetParam().banned)
            << "invited again, what was seen is still seen";
    }
}

TEST_P(room_visibility, peeking_is_for_world_readable_rooms) {
    const auto from = api.caught_up(api.carol);
    const auto peek = [&] {
        return api.ask("GET",
                       "/_matrix/client/r0/events?timeout=0&from=" + from +
                           "&room_id=" + sync_api::escape(room),
                       "", api.carol);
    };
    const bool readable = GetParam().visibility == std::string("world_readable");
    say("later");
    const auto a = peek();
    EXPECT_EQ(a.status, readable ? 200 : 403);
    if (!readable) {
        return;
    }
    EXPECT_EQ(bodies(a.json().at("chunk")), "later ");
    set("m.room.history_visibility", {{"history_visibility", "joined"}});
    say("hidden");
    EXPECT_EQ(peek().status, 403) << "the room is closed now";
}

}  // namespace
}  // namespace porchlight::client_api
