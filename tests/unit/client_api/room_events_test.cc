#include <gtest/gtest.h>

#include "unit/client_api/room_bench.h"

// Sending and reading events.
namespace porchlight::client_api {
namespace {

using test::bodies;
using test::room_api;

class room_events : public testing::Test {
  protected:
    room_api api;
    const std::string &alice = api.alice, &bob = api.bob;
    std::string room = api.create_open(alice);

    json::value page(const std::string& token, const std::string& query) {
        const auto a = api.in("GET", room, "/messages?" + query, token);
        EXPECT_EQ(a.status, 200) << a.text;
        return a.json();
    }
    std::string end_of(const json::value& page) {
        return "&from=" + std::string(page.at("end").as_string());
    }
};

TEST_F(room_events, one_transaction_one_event_and_only_its_device_sees_the_id) {
    const auto send = [&] {
        return api.in("PUT", room, "/send/m.room.message/t1", alice, {{"body", "hi"}}).json();
    };
    const auto first = send();
    EXPECT_EQ(send(), first);
    api.join(bob, room);
    const std::string path = "/event/" + room_api::escape(first.at("event_id").as_string().c_str());
    const auto own = api.in("GET", room, path, alice).json();
    EXPECT_EQ(own.at("unsigned").at("transaction_id"), "t1");
    EXPECT_EQ(own.at("content").at("body"), "hi");
    EXPECT_EQ(own.at("room_id").as_string(), room);
    EXPECT_FALSE(own.as_object().contains("auth_events"));
    const auto other = api.in("GET", room, path, bob).json();
    EXPECT_FALSE(other.at("unsigned").as_object().contains("transaction_id"));
    EXPECT_EQ(other.at("unsigned").as_object().size(), 1U) << "nothing but the age";
}

TEST_F(room_events, the_age_is_measured_when_read) {
    const auto id = api.say(alice, room, "hi");
    api.house.clock.at.wall += base::milliseconds{1234};
    EXPECT_EQ(api.in("GET", room, "/event/" + room_api::escape(id), alice)
                  .json()
                  .at("unsigned")
                  .at("age"),
              1234);
}

TEST_F(room_events, an_event_too_large_is_413) {
    const auto a =
        api.in("PUT", room, "/send/m.room.message/t1", alice, {{"body", std::string(65'536, 'x')}});
    EXPECT_EQ(a.status, 413);
    EXPECT_EQ(a.errcode(), "M_TOO_LARGE");
}

TEST_F(room_events, strangers_learn_nothing_not_even_that_the_room_exists) {
    const auto unknown = std::string("!unknown:porch.test");
    const auto id = api.say(alice, room, "secret");
    for (const std::string path : {"/state", "/members", "/messages", "/state/m.room.name"}) {
        const auto there = api.in("GET", room, path, bob);
        const auto not_there = api.in("GET", unknown, path, bob);
        EXPECT_EQ(there.status, 403) << path;
        EXPECT_EQ(there.text, not_there.text) << path;
    }
    EXPECT_EQ(api.in("GET", room, "/event/" + room_api::escape(id), bob).status, 403);
    EXPECT_EQ(
        api.ask("GET", "/_matrix/client/api/v1/events/" + room_api::escape(id), "", bob).status,
        404);
    EXPECT_EQ(api.in("PUT", room, "/send/m.room.message/t1", bob, json::object()).status, 403);
    EXPECT_EQ(api.in("GET", "nonsense", "/state", bob).errcode(), "M_INVALID_PARAM");
}

TEST_F(room_events, state_is_set_and_read_with_and_without_key) {
    for (const std::string path : {"/state/m.room.topic", "/state/m.room.topic/"}) {
        EXPECT_EQ(api.in("PUT", room, path, alice, {{"topic", path}}).status, 200);
        EXPECT_EQ(api.in("GET", room, path, alice).json(), (json::value{{"topic", path}}));
    }
    EXPECT_EQ(api.in("PUT", room, "/state/org.example/key", alice, {{"a", 1}}).status, 200);
    EXPECT_EQ(api.in("GET", room, "/state/org.example/key", alice).json(), (json::value{{"a", 1}}));
    EXPECT_EQ(api.in("GET", room, "/state/org.example", alice).errcode(), "M_NOT_FOUND");
    const auto whole = api.in("GET", room, "/state/m.room.topic?format=event", alice).json();
    EXPECT_EQ(whole.at("unsigned").at("prev_content"),
              (json::value{{"topic", "/state/m.room.topic"}}));
    EXPECT_EQ(whole.at("unsigned").at("prev_sender"), "@alice:porch.test");
    EXPECT_EQ(api.in("GET", room, "/state", alice).json().as_array().size(), 8U);
}

TEST_F(room_events, own_membership_is_set_as_state_too) {
    api.join(bob, room);
    const std::string path = "/state/m.room.member/@bob:porch.test";
    EXPECT_EQ(
        api.in("PUT", room, path, bob, {{"membership", "join"}, {"displayname", "B."}}).status,
        200);
    EXPECT_EQ(api.in("GET", room, path, bob).json().at("displayname"), "B.");
    EXPECT_EQ(api.in("PUT", room, path, bob, {{"membership", "away"}}).errcode(), "M_BAD_JSON");
}

TEST_F(room_events, messages_page_backwards_to_the_beginning) {
    for (int i = 1; i <= 5; ++i) {
        api.say(alice, room, std::to_string(i));
    }
    auto p = page(alice, "dir=b&limit=2");
    EXPECT_EQ(bodies(p.at("chunk")), "5 4 ");
    p = page(alice, "dir=b&limit=2" + end_of(p));
    EXPECT_EQ(bodies(p.at("chunk")), "3 2 ");
    p = page(alice, "dir=b&limit=100" + end_of(p));
    EXPECT_EQ(bodies(p.at("chunk")), "1 ");
    EXPECT_EQ(p.at("chunk").as_array().back().at("type"), "m.room.create");
    EXPECT_FALSE(p.as_object().contains("end"));
}

TEST_F(room_events, messages_page_forwards_and_stop_at_to) {
    for (int i = 1; i <= 3; ++i) {
        api.say(alice, room, std::to_string(i));
    }
    const auto newest = page(alice, "dir=b&limit=1");
    const auto forward = page(alice, "dir=f&limit=100");
    EXPECT_EQ(bodies(forward.at("chunk")), "1 2 3 ");
    EXPECT_FALSE(forward.as_object().contains("end"));
    const std::string before_newest(newest.at("end").as_string());
    EXPECT_EQ(bodies(page(alice, "dir=f&limit=100&to=" + before_newest).at("chunk")), "1 2 ");
    EXPECT_EQ(bodies(page(alice, "dir=b&limit=100&to=" + before_newest).at("chunk")), "3 ");
    EXPECT_EQ(bodies(page(alice, "dir=f&limit=100&from=" + before_newest).at("chunk")), "3 ");
    EXPECT_EQ(bodies(page(alice, "dir=b&limit=100&from=").at("chunk")), "3 2 1 ");
}

TEST_F(room_events, messages_are_filtered_before_they_are_counted) {
    for (int i = 1; i <= 4; ++i) {
        api.say(alice, room, std::to_string(i));
        api.in("POST", room, "/send/org.example.noise", alice, json::object());
    }
    const std::string filter =
        "&filter=" + room_api::escape(R"({"types":["m.room.message"],"lazy_load_members":true})");
    auto p = page(alice, "dir=b&limit=3" + filter);
    EXPECT_EQ(bodies(p.at("chunk")), "4 3 2 ");
    EXPECT_EQ(p.at("state").as_array().size(), 1U);
    p = page(alice, "dir=b&limit=3" + filter + end_of(p));
    EXPECT_EQ(bodies(p.at("chunk")), "1 ");
}

TEST_F(room_events, malformed_parameters_of_messages_are_400) {
    for (const std::string query :
         {"dir=x", "limit=-1", "limit=x", "from=nonsense", "to=1.2", "filter=x", "filter=%5B%5D"}) {
        const auto a = api.in("GET", room, "/messages?" + query, alice);
        EXPECT_EQ(a.status, 400) << query;
        EXPECT_EQ(a.errcode(), "M_INVALID_PARAM") << query;
    }
}

TEST_F(room_events, who_left_reads_up_to_leaving) {
    api.say(alice, room, "before");
    api.join(bob, room);
    api.say(alice, room, "inside");
    ASSERT_EQ(api.in("POST", room, "/leave", bob, json::object()).status, 200);
    const auto after = api.say(alice, room, "after");
    ASSERT_EQ(api.in("PUT", room, "/state/m.room.topic", alice, {{"topic", "x"}}).status, 200);
    EXPECT_EQ(bodies(page(bob, "dir=b&limit=100").at("chunk")), "inside before ");
    EXPECT_EQ(api.in("GET", room, "/event/" + room_api::escape(after), bob).status, 404);
    EXPECT_EQ(api.in("GET", room, "/state/m.room.topic", bob).status, 404);
    ASSERT_EQ(api.in("POST", room, "/forget", bob, json::object()).status, 200);
    EXPECT_EQ(api.in("GET", room, "/messages", bob).status, 403);
}

TEST_F(room_events, a_world_readable_room_is_read_by_strangers) {
    ASSERT_EQ(api.in("PUT", room, "/state/m.room.history_visibility", alice,
                     {{"history_visibility", "world_readable"}})
                  .status,
              200);
    api.say(alice, room, "open");
    EXPECT_EQ(bodies(page(bob, "dir=b").at("chunk")), "open ");
    EXPECT_EQ(api.in("GET", room, "/state", bob).status, 200);
}

TEST_F(room_events, a_redaction_takes_the_content_and_shows_why) {
    const auto id = api.say(alice, room, "regret");
    const std::string path = "/redact/" + room_api::escape(id) + "/t1";
    const auto done = api.in("PUT", room, path, alice, {{"reason", "typo"}});
    ASSERT_EQ(done.status, 200);
    EXPECT_EQ(api.in("PUT", room, path, alice, {{"reason", "typo"}}).text, done.text);
    const auto event = api.in("GET", room, "/event/" + room_api::escape(id), alice).json();
    EXPECT_TRUE(event.at("content").as_object().empty());
    EXPECT_EQ(event.at("unsigned").at("redacted_because").at("content").at("reason"), "typo");
}

TEST_F(room_events, the_context_of_an_event) {
    api.say(alice, room, "1");
    const auto id = api.say(alice, room, "2");
    api.say(alice, room, "3");
    const auto c =
        api.in("GET", room, "/context/" + room_api::escape(id) + "?limit=2", alice).json();
    EXPECT_EQ(c.at("event").at("event_id").as_string(), id);
    EXPECT_EQ(bodies(c.at("events_before")), "1 ");
    EXPECT_EQ(bodies(c.at("events_after")), "3 ");
    EXPECT_EQ(c.at("state").as_array().size(), 6U);
}

TEST_F(room_events, a_context_is_filtered_and_loads_members_lazily) {
    api.join(api.carol, room);
    api.join(bob, room);
    const auto said = api.say(alice, room, "one");
    ASSERT_EQ(api.in("PUT", room, "/state/m.room.topic", alice, {{"topic", "t"}}).status, 200);
    api.say(bob, room, "two");
    const auto context = [&](const std::string& filter) {
        const auto a = api.in(
            "GET", room,
            "/context/" + room_api::escape(said) + "?limit=8&filter=" + room_api::escape(filter),
            alice);
        EXPECT_EQ(a.status, 200) << a.text;
        return a.json();
    };
    const auto count = [](const json::value& events, std::string_view type) {
        return std::ranges::count_if(
            events.as_array(), [type](const auto& e) { return e.at("type").as_string() == type; });
    };
    auto v = context("{}");
    EXPECT_EQ(count(v.at("state"), "m.room.member"), 3);
    EXPECT_EQ(count(v.at("events_after"), "m.room.topic"), 1);
    v = context(R"({"lazy_load_members":true,"types":["m.room.message"]})");
    EXPECT_EQ(count(v.at("state"), "m.room.member"), 2) << "alice and bob spoke";
    EXPECT_EQ(v.at("state").as_array().size(), 2U) << "the rest of the state is filtered out";
    EXPECT_EQ(count(v.at("events_after"), "m.room.topic"), 0);
    EXPECT_EQ(bodies(v.at("events_after")), "two ");
    EXPECT_EQ(api.in("GET", room, "/context/" + room_api::escape(said) + "?filter=x", alice).status,
              400);
}

TEST_F(room_events, the_old_event_call_names_the_user) {
    const auto id = api.say(alice, room, "hi");
    const auto a =
        api.ask("GET", "/_matrix/client/api/v1/events/" + room_api::escape(id), "", alice);
    ASSERT_EQ(a.status, 200);
    EXPECT_EQ(a.json().at("user_id"), "@alice:porch.test");
    EXPECT_EQ(a.json().at("room_id").as_string(), room);
}

TEST_F(room_events, reads_are_refused_when_the_cold_pool_is_full) {
    api.house.cold.full = true;
    const auto a = api.in("GET", room, "/messages", alice);
    EXPECT_EQ(a.status, 503);
    EXPECT_FALSE(a.headers.empty()) << "Retry-After";
}

TEST_F(room_events, typing_receipts_and_markers_need_membership) {
    const auto id = api.say(alice, room, "hi");
    const std::string receipt = "/receipt/m.read/" + room_api::escape(id);
    const std::string typing = "/typing/@bob:porch.test";
    EXPECT_EQ(api.in("POST", room, receipt, bob, json::object()).status, 403);
    EXPECT_EQ(api.in("PUT", room, typing, bob, {{"typing", true}}).status, 403);
    api.join(bob, room);
    EXPECT_EQ(api.in("POST", room, receipt, bob, json::object()).status, 200);
    EXPECT_EQ(api.in("PUT", room, typing, bob, {{"typing", true}, {"timeout", 1000}}).status, 200);
    EXPECT_EQ(api.in("PUT", room, typing, alice, {{"typing", true}}).status, 403);
    EXPECT_EQ(api.in("PUT", room, typing, bob, json::object()).errcode(), "M_BAD_JSON");
    EXPECT_EQ(api.in("POST", room, "/receipt/m.liked/%24x", bob, json::object()).errcode(),
              "M_INVALID_PARAM");
    EXPECT_EQ(
        api.in("POST", room, "/read_markers", bob, {{"m.fully_read", id}, {"m.read", id}}).status,
        200);
    EXPECT_EQ(api.in("POST", room, "/read_markers", bob, {{"m.read", 1}}).errcode(), "M_BAD_JSON");
}

}  // namespace
}  // namespace porchlight::client_api
