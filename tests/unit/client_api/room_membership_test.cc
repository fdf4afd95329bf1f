#include <gtest/gtest.h>

#include "unit/client_api/room_bench.h"

// Creating rooms and who is in them.
namespace porchlight::client_api {
namespace {

using test::room_api;

class room_membership : public testing::Test {
  protected:
    room_api api;
    const std::string &alice = api.alice, &bob = api.bob;
};

TEST_F(room_membership, a_room_with_an_alias_is_joined_by_it_under_every_prefix) {
    const auto made = api.ask_v3("POST", "/createRoom", alice,
                                 {{"room_alias_name", "porch"}, {"preset", "public_chat"}});
    ASSERT_EQ(made.status, 200);
    EXPECT_EQ(made.json().at("room_alias"), "#porch:porch.test");
    const auto joined = api.ask("POST", "/_matrix/client/r0/join/%23porch:porch.test", "{}", bob);
    EXPECT_EQ(joined.status, 200);
    EXPECT_EQ(joined.json(), (json::value{{"room_id", made.json().at("room_id")}}));
    EXPECT_EQ(api.ask("POST", "/_matrix/client/api/v1/join/%23porch:porch.test", "", bob).status,
              200);
    EXPECT_EQ(api.ask_v3("GET", "/joined_rooms", bob).json(),
              (json::value{{"joined_rooms", {made.json().at("room_id")}}}));
}

TEST_F(room_membership, wishes_of_the_wrong_shape_are_bad_json) {
    for (const json::value& wish :
         {json::value{{"name", 1}}, json::value{{"invite", "@bob"}},
          json::value{{"invite", json::array{1}}}, json::value{{"initial_state", json::object{}}},
          json::value{{"creation_content", "x"}}, json::value{{"is_direct", "yes"}}}) {
        const auto a = api.ask_v3("POST", "/createRoom", alice, wish);
        EXPECT_EQ(a.status, 400) << json::serialize(wish);
        EXPECT_EQ(a.errcode(), "M_BAD_JSON") << json::serialize(wish);
    }
    EXPECT_EQ(api.ask_v3("POST", "/createRoom", alice, {{"room_version", "12"}}).errcode(),
              "M_UNSUPPORTED_ROOM_VERSION");
}

TEST_F(room_membership, joining_what_is_not_there) {
    EXPECT_EQ(api.ask_v3("POST", "/join/%21none:porch.test", bob, json::object()).errcode(),
              "M_NOT_FOUND");
    EXPECT_EQ(api.ask_v3("POST", "/join/%23none:porch.test", bob, json::object()).errcode(),
              "M_NOT_FOUND");
    EXPECT_EQ(api.ask_v3("POST", "/join/nonsense", bob, json::object()).errcode(),
              "M_INVALID_PARAM");
}

TEST_F(room_membership, invite_join_kick_ban_unban_forget) {
    const auto room = api.create(alice);
    const auto with_bob = [&](const std::string& verb, const std::string& token) {
        return api.in("POST", room, "/" + verb, token, {{"user_id", "@bob:porch.test"}}).status;
    };
    EXPECT_EQ(with_bob("invite", bob), 403);
    EXPECT_EQ(with_bob("invite", alice), 200);
    EXPECT_EQ(with_bob("unban", alice), 403);
    EXPECT_EQ(api.in("POST", room, "/join", bob, json::object()).status, 200);
    EXPECT_EQ(with_bob("kick", alice), 200);
    EXPECT_EQ(with_bob("kick", alice), 403);
    EXPECT_EQ(with_bob("ban", alice), 200);
    EXPECT_EQ(with_bob("kick", alice), 403);
    EXPECT_EQ(api.in("POST", room, "/join", bob, json::object()).status, 403);
    EXPECT_EQ(with_bob("unban", alice), 200);
    EXPECT_EQ(api.in("POST", room, "/forget", bob, json::object()).status, 200);
    EXPECT_EQ(api.in("POST", room, "/forget", alice, json::object()).status, 400);
    EXPECT_EQ(api.in("POST", room, "/leave", alice, json::object()).status, 200);
    EXPECT_EQ(api.in("POST", room, "/invite", alice, {{"user_id", "@bob:porch.test"}}).status, 403);
}

TEST_F(room_membership, a_reason_is_told) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    ASSERT_EQ(
        api.in("POST", room, "/kick", alice, {{"user_id", "@bob:porch.test"}, {"reason", "noise"}})
            .status,
        200);
    const auto content = api.in("GET", room, "/state/m.room.member/@bob:porch.test", alice);
    EXPECT_EQ(content.json(), (json::value{{"membership", "leave"}, {"reason", "noise"}}));
}

TEST_F(room_membership, knocking_where_it_is_taken) {
    const auto room = api.create(alice);
    const std::string path = "/knock/" + room_api::escape(room);
    EXPECT_EQ(api.ask_v3("POST", path, bob, json::object()).status, 403);
    ASSERT_EQ(
        api.in("PUT", room, "/state/m.room.join_rules", alice, {{"join_rule", "knock"}}).status,
        200);
    EXPECT_EQ(api.ask_v3("POST", path, bob, {{"reason", "let me in"}}).status, 200);
    EXPECT_EQ(api.in("POST", room, "/join", bob, json::object()).status, 403);
    EXPECT_EQ(api.in("POST", room, "/invite", alice, {{"user_id", "@bob:porch.test"}}).status, 200);
    EXPECT_EQ(api.in("POST", room, "/join", bob, json::object()).status, 200);
}

TEST_F(room_membership, members_are_listed_by_membership) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    ASSERT_EQ(api.in("POST", room, "/leave", bob, json::object()).status, 200);
    api.join(api.carol, room);
    const auto count = [&](const std::string& query, const std::string& token) {
        return api.in("GET", room, "/members" + query, token).json().at("chunk").as_array().size();
    };
    EXPECT_EQ(count("", alice), 3U);
    EXPECT_EQ(count("?membership=join", alice), 2U);
    EXPECT_EQ(count("?not_membership=join", alice), 1U);
    EXPECT_EQ(api.in("GET", room, "/members?membership=in", alice).errcode(), "M_INVALID_PARAM");
    EXPECT_EQ(count("", bob), 2U) << "who left sees the members of then";
    const auto joined = api.in("GET", room, "/joined_members", alice).json().at("joined");
    EXPECT_EQ(joined.as_object().size(), 2U);
    EXPECT_TRUE(joined.as_object().contains("@carol:porch.test"));
    EXPECT_EQ(api.in("GET", room, "/joined_members", bob).status, 403);
}

TEST_F(room_membership, the_directory_shows_listed_rooms) {
    api.create(alice, {{"visibility", "public"}, {"name", "Porch"}, {"topic", "home"}});
    api.create_open(alice);  // joinable, but not listed
    const auto all = api.ask_v3("GET", "/publicRooms", "").json();
    ASSERT_EQ(all.at("chunk").as_array().size(), 1U);
    EXPECT_EQ(all.at("chunk").at(0).at("name"), "Porch");
    EXPECT_EQ(all.at("chunk").at(0).at("num_joined_members"), 1);
    EXPECT_EQ(all.at("total_room_count_estimate"), 1);
    const auto found = [&](const char* term) {
        return api
            .ask_v3("POST", "/publicRooms", alice, {{"filter", {{"generic_search_term", term}}}})
            .json()
            .at("chunk")
            .as_array()
            .size();
    };
    EXPECT_EQ(found("HOME"), 1U);
    EXPECT_EQ(found("nowhere"), 0U);
    EXPECT_EQ(api.ask_v3("GET", "/publicRooms?since=x", "").errcode(), "M_INVALID_PARAM");
}

TEST_F(room_membership, the_directory_is_filtered_by_type_and_paged) {
    for (int n = 0; n < 5; ++n) {
        json::object wish{{"preset", "public_chat"},
                          {"visibility", "public"},
                          {"name", "room " + std::to_string(n)}};
        if (n >= 3) {
            wish["creation_content"] = {{"type", "m.space"}};
        }
        api.create(alice, wish);
    }
    const auto names = [&](const json::value& body) {
        const auto v = api.ask_v3("POST", "/publicRooms", alice, body).json();
        std::string text;
        for (const auto& r : v.at("chunk").as_array()) {
            text += std::string(r.at("name").as_string()) + ", ";
        }
        const auto* next = v.as_object().if_contains("next_batch");
        return text + (next == nullptr ? "end" : std::string(next->as_string()));
    };
    const json::object rooms{{"room_types", {nullptr}}}, spaces{{"room_types", {"m.space"}}};
    EXPECT_EQ(names({{"filter", spaces}}), "room 3, room 4, end");
    EXPECT_EQ(names({{"filter", rooms}, {"limit", 2}}), "room 0, room 1, 2");
    EXPECT_EQ(names({{"filter", rooms}, {"limit", 2}, {"since", "2"}}), "room 2, end");
    EXPECT_EQ(names({{"filter", {{"room_types", json::array()}}}}), "end");
    EXPECT_EQ(names({{"filter", {{"room_types", nullptr}, {"generic_search_term", "ROOM 4"}}}}),
              "room 4, end");
    EXPECT_EQ(
        api.ask_v3("POST", "/publicRooms", alice, {{"filter", {{"room_types", "x"}}}}).errcode(),
        "M_BAD_JSON");
    const auto v = api.ask_v3("POST", "/publicRooms", alice, {{"filter", spaces}}).json();
    EXPECT_EQ(v.at("chunk").at(0).at("room_type"), "m.space");
}

TEST_F(room_membership, capabilities_name_all_versions_and_rooms_of_each_are_made) {
    const auto v = api.ask_v3("GET", "/capabilities", alice).json();
    const auto& versions = v.at("capabilities").at("m.room_versions");
    EXPECT_EQ(versions.at("default"), "10");
    ASSERT_EQ(versions.at("available").as_object().size(), 11U);
    for (const auto& each : versions.at("available").as_object()) {
        EXPECT_EQ(each.value(), "stable");
        const auto room = api.create(alice, {{"room_version", each.key()}});
        const auto said = api.say(alice, room, "oops");
        const auto a = api.in("GET", room, "/context/" + room_api::escape(said), alice);
        EXPECT_EQ(a.status, 200) << "an id of version " << each.key() << " is found";
        ASSERT_EQ(
            api.in("PUT", room, "/redact/" + room_api::escape(said) + "/t", alice, json::object())
                .status,
            200);
        const auto last =
            api.in("GET", room, "/messages?dir=b&limit=1", alice).json().at("chunk").at(0);
        EXPECT_EQ(last.at("type"), "m.room.redaction");
        EXPECT_EQ(last.at("redacts").as_string(), said) << "old clients look here";
        EXPECT_EQ(last.at("content").at("redacts").as_string(), said) << "and new ones here";
    }
}

TEST_F(room_membership, aliases_over_the_api) {
    const auto room = api.create(alice);
    const std::string path = "/directory/room/%23a:porch.test";
    EXPECT_EQ(api.ask_v3("GET", path, "").errcode(), "M_NOT_FOUND");
    EXPECT_EQ(api.ask_v3("PUT", path, bob, {{"room_id", room}}).status, 403);
    EXPECT_EQ(api.ask_v3("PUT", path, alice, {{"room_id", room}}).status, 200);
    const auto taken = api.ask_v3("PUT", path, alice, {{"room_id", room}});
    EXPECT_EQ(taken.status, 409);
    EXPECT_EQ(taken.errcode(), "M_UNKNOWN");
    EXPECT_EQ(api.ask_v3("GET", path, "").json(),
              (json::value{{"room_id", room}, {"servers", {"porch.test"}}}));
    EXPECT_EQ(api.in("GET", room, "/aliases", alice).json(),
              (json::value{{"aliases", {"#a:porch.test"}}}));
    EXPECT_EQ(api.in("GET", room, "/aliases", bob).status, 403);
    EXPECT_EQ(api.ask_v3("DELETE", path, bob).status, 403);
    EXPECT_EQ(api.ask_v3("DELETE", path, alice).status, 200);
    EXPECT_EQ(api.ask_v3("DELETE", path, alice).status, 404);
}

}  // namespace
}  // namespace porchlight::client_api
