#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "client_api/sliding/connection.h"
#include "unit/client_api/keys_bench.h"

// Sliding sync (MSC4186) over the API.
namespace porchlight::client_api {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using test::answer;
using test::bodies;
using test::sync_api;
using test::types;

constexpr auto path = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync";
constexpr auto list_all =
    R"({"lists":{"all":{"ranges":[[0,9]],"timeline_limit":10,"required_state":[]}}})";

class sliding_sync : public testing::Test {
  protected:
    static std::string target(const std::string& pos, int timeout = 0) {
        std::string t = std::string{path} + "?timeout=" + std::to_string(timeout);
        return pos.empty() ? t : t + "&pos=" + pos;
    }
    answer ask(const std::string& body, const std::string& pos = {}) {
        return api.ask("POST", target(pos), body, api.bob);
    }
    json::value slide(const std::string& body, const std::string& pos = {}) {
        const auto a = ask(body, pos);
        EXPECT_EQ(a.status, 200) << a.text;
        return a.json();
    }
    ports::http_handle poll(const std::string& body, const std::string& pos) {
        return api.start("POST", target(pos, 30000), body, api.bob);
    }
    json::value taken(ports::http_handle h) {
        const auto a = api.take(h);
        EXPECT_TRUE(a);
        return a ? a->json() : json::value{};
    }
    static std::string pos_of(const json::value& v) { return std::string(v.at("pos").as_string()); }
    static const json::value* room_of(const json::value& v, const std::string& id) {
        return v.at("rooms").as_object().if_contains(id);
    }
    std::string shared_room() {
        const auto room = api.create_open(api.alice);
        api.join(api.bob, room);
        return room;
    }
    static std::string presence_in(const json::value& v, const std::string& who) {
        std::string found = "absent";
        for (const auto& e :
             v.at("extensions").at("io.porchlight.presence").at("events").as_array()) {
            if (e.at("sender").as_string() == sync_api::id(who)) {
                EXPECT_EQ(found, "absent") << "one event per subject";
                found = std::string(e.at("content").at("presence").as_string());
            }
        }
        return found;
    }

    test::keys_api api;
};

TEST_F(sliding_sync, is_advertised) {
    const auto v = api.ask("GET", "/_matrix/client/versions").json();
    EXPECT_TRUE(v.at("unstable_features").at("org.matrix.simplified_msc3575").as_bool());
}

TEST_F(sliding_sync, shows_a_room_once_and_then_only_what_is_new) {
    const auto room = shared_room();
    api.say(api.alice, room, "one");
    const auto first = slide(list_all);
    EXPECT_EQ(first.at("lists").at("all").at("count"), 1);
    const auto* r = room_of(first, room);
    ASSERT_NE(r, nullptr);
    EXPECT_TRUE(r->at("initial").as_bool());
    EXPECT_EQ(r->at("membership"), "join");
    EXPECT_EQ(r->at("joined_count"), 2);
    EXPECT_EQ(r->at("num_live"), 0);
    EXPECT_EQ(bodies(r->at("timeline")), "one ");
    EXPECT_EQ(r->at("heroes").as_array().size(), 1U);

    const auto second = slide(list_all, pos_of(first));
    EXPECT_TRUE(second.at("rooms").as_object().empty());
    api.say(api.alice, room, "two");
    const auto third = slide(list_all, pos_of(second));
    r = room_of(third, room);
    ASSERT_NE(r, nullptr);
    EXPECT_FALSE(r->as_object().contains("initial"));
    EXPECT_EQ(bodies(r->at("timeline")), "two ");
    EXPECT_EQ(r->at("num_live"), 1);
    EXPECT_FALSE(r->at("limited").as_bool());
}

TEST_F(sliding_sync, counts_what_is_unread) {
    const auto room = shared_room();
    const auto event = api.say(api.alice, room, "one");
    const auto first = slide(list_all);
    EXPECT_EQ(room_of(first, room)->at("notification_count"), 1);
    EXPECT_EQ(room_of(first, room)->at("highlight_count"), 0);
    ASSERT_EQ(api.in("POST", room, "/receipt/m.read/" + event, api.bob, json::object{}).status,
              200);
    api.say(api.alice, room, "bob: two");
    const auto second = slide(list_all, pos_of(first));
    EXPECT_EQ(room_of(second, room)->at("notification_count"), 1);
    EXPECT_EQ(room_of(second, room)->at("highlight_count"), 1);
}

TEST_F(sliding_sync, a_repeated_request_is_answered_alike_and_an_older_one_not) {
    const auto room = shared_room();
    const auto first = slide(list_all);
    api.say(api.alice, room, "one");
    const auto lost = slide(list_all, pos_of(first));
    const auto again = slide(list_all, pos_of(first));
    EXPECT_EQ(bodies(room_of(lost, room)->at("timeline")), "one ");
    EXPECT_EQ(bodies(room_of(again, room)->at("timeline")), "one ");
    const auto next = slide(list_all, pos_of(again));
    EXPECT_TRUE(next.at("rooms").as_object().empty());
    const auto old = ask(list_all, pos_of(first));
    EXPECT_EQ(old.status, 400);
    EXPECT_EQ(old.errcode(), "M_UNKNOWN_POS");
}

TEST_F(sliding_sync, unknown_positions_are_refused) {
    for (const auto* pos : {"nonsense", "1.2.0", "1.2.0~7", "1.2.0~"}) {
        const auto a = ask(list_all, pos);
        EXPECT_EQ(a.status, 400);
        EXPECT_EQ(a.errcode(), "M_UNKNOWN_POS") << pos;
    }
}

TEST_F(sliding_sync, a_window_holds_the_rooms_with_the_newest_events) {
    const auto a = shared_room(), b = shared_room(), c = shared_room();
    api.say(api.alice, a, "newest");
    const std::string two =
        R"({"lists":{"top":{"ranges":[[0,1]],"timeline_limit":1,"required_state":[]}}})";
    const auto first = slide(two);
    EXPECT_EQ(first.at("lists").at("top").at("count"), 3);
    EXPECT_NE(room_of(first, a), nullptr);
    EXPECT_NE(room_of(first, c), nullptr);
    EXPECT_EQ(room_of(first, b), nullptr);
    const auto h = poll(two, pos_of(first));
    ASSERT_FALSE(api.take(h));
    api.say(api.alice, b, "rises");
    const auto v = taken(h);
    ASSERT_NE(room_of(v, b), nullptr);
    EXPECT_TRUE(room_of(v, b)->at("initial").as_bool());
    EXPECT_EQ(room_of(v, b)->at("num_live"), 1);
    EXPECT_EQ(room_of(v, c), nullptr);
}

TEST_F(sliding_sync, only_what_is_asked_for_wakes_a_request) {
    const auto watched = shared_room(), other = shared_room();
    const std::string body =
        R"({"room_subscriptions":{")" + watched + R"(":{"timeline_limit":5,"required_state":[]}}})";
    const auto first = slide(body);
    EXPECT_EQ(room_of(first, other), nullptr);
    const auto h = poll(body, pos_of(first));
    api.say(api.alice, other, "elsewhere");
    api.put_presence("alice", api.alice, {{"presence", "unavailable"}});
    EXPECT_FALSE(api.take(h));
    api.say(api.alice, watched, "here");
    const auto v = taken(h);
    EXPECT_EQ(v.at("rooms").as_object().size(), 1U);
    EXPECT_EQ(bodies(room_of(v, watched)->at("timeline")), "here ");
}

TEST_F(sliding_sync, required_state_with_wildcards_me_and_lazy_members) {
    const auto room = shared_room();
    api.say(api.alice, room, "one");
    const auto state = [&](const std::string& required) {
        const auto v = slide(R"({"lists":{"all":{"ranges":[[0,9]],"timeline_limit":1,)"
                             R"("required_state":)" +
                             required + "}}}");
        return types(room_of(v, room)->at("required_state"));
    };
    EXPECT_EQ(state(R"([["m.room.create",""]])"), "m.room.create ");
    EXPECT_EQ(state(R"([["m.room.member","$ME"]])"), "m.room.member ");
    EXPECT_EQ(state(R"([["m.room.member","*"]])"), "m.room.member m.room.member ");
    EXPECT_EQ(state(R"([["m.room.member","$LAZY"]])"), "m.room.member ");
    EXPECT_EQ(state(R"({"include":[{"type":"m.room.create"},{"type":"m.room.member"}],)"
                    R"("exclude":[{"type":"m.room.create"}]})"),
              "m.room.member m.room.member ");
}

TEST_F(sliding_sync, more_timeline_or_state_asked_for_comes_at_once) {
    const auto room = shared_room();
    api.say(api.alice, room, "one");
    api.say(api.alice, room, "two");
    const auto first =
        slide(R"({"lists":{"all":{"ranges":[[0,9]],"timeline_limit":1,"required_state":[]}}})");
    EXPECT_EQ(bodies(room_of(first, room)->at("timeline")), "two ");
    const auto v = slide(R"({"lists":{"all":{"ranges":[[0,9]],"timeline_limit":2,)"
                         R"("required_state":[["m.room.create",""]]}}})",
                         pos_of(first));
    const auto* r = room_of(v, room);
    ASSERT_NE(r, nullptr);
    EXPECT_TRUE(r->at("expanded_timeline").as_bool());
    EXPECT_EQ(bodies(r->at("timeline")), "one two ");
    EXPECT_EQ(r->at("num_live"), 0);
    EXPECT_EQ(types(r->at("required_state")), "m.room.create ");
}

TEST_F(sliding_sync, filters_by_invite_name_type_and_direct_chat) {
    const auto invited = api.create(api.alice, {{"invite", {sync_api::id("bob")}}});
    const auto named = api.create(api.alice, {{"name", "Porch talk"}, {"preset", "public_chat"}});
    api.join(api.bob, named);
    const auto space = api.create(
        api.alice, {{"preset", "public_chat"}, {"creation_content", {{"type", "m.space"}}}});
    api.join(api.bob, space);
    const auto set = api.ask_v3(
        "PUT", "/user/" + sync_api::escape(sync_api::id("bob")) + "/account_data/m.direct", api.bob,
        {{sync_api::id("alice"), {named}}});
    ASSERT_EQ(set.status, 200);
    const auto only = [&](const std::string& filter) {
        const auto v = slide(R"({"lists":{"l":{"ranges":[[0,9]],"timeline_limit":1,)"
                             R"("required_state":[],"filters":)" +
                             filter + "}}}");
        std::vector<std::string> ids;
        for (const auto& m : v.at("rooms").as_object()) {
            ids.emplace_back(m.key());
        }
        EXPECT_EQ(v.at("lists").at("l").at("count"), ids.size());
        return ids;
    };
    using testing::ElementsAre;
    using testing::UnorderedElementsAre;
    EXPECT_THAT(only(R"({"is_invite":true})"), ElementsAre(invited));
    EXPECT_THAT(only(R"({"is_invited":false})"), UnorderedElementsAre(named, space));
    EXPECT_THAT(only(R"({"room_name_like":"TALK"})"), ElementsAre(named));
    EXPECT_THAT(only(R"({"room_types":["m.space"]})"), ElementsAre(space));
    EXPECT_THAT(only(R"({"room_types":[null]})"), UnorderedElementsAre(named, invited));
    EXPECT_THAT(only(R"({"not_room_types":["m.space"],"is_dm":true})"), ElementsAre(named));
    EXPECT_THAT(only(R"({"is_encrypted":true})"), testing::IsEmpty());
}

TEST_F(sliding_sync, an_invite_shows_stripped_state_and_joining_the_room) {
    const auto room = api.create(api.alice, {{"invite", {sync_api::id("bob")}}});
    const auto first = slide(list_all);
    const auto* r = room_of(first, room);
    ASSERT_NE(r, nullptr);
    EXPECT_EQ(r->at("membership"), "invite");
    EXPECT_FALSE(r->as_object().contains("timeline"));
    EXPECT_FALSE(r->at("stripped_state").as_array().empty());
    api.join(api.bob, room);
    const auto joined = slide(list_all, pos_of(first));
    EXPECT_TRUE(room_of(joined, room)->at("initial").as_bool());
    EXPECT_EQ(room_of(joined, room)->at("membership"), "join");
    api.in("POST", room, "/leave", api.bob, json::object());
    const auto left = slide(list_all, pos_of(joined));
    EXPECT_EQ(room_of(left, room)->at("membership"), "leave");
    EXPECT_EQ(room_of(slide(list_all, pos_of(left)), room), nullptr);
    EXPECT_EQ(room_of(slide(list_all), room), nullptr) << "left before this connection";
}

TEST_F(sliding_sync, presence_comes_whole_then_changes_then_the_loss) {
    const auto room = shared_room();
    api.put_presence("alice", api.alice, {{"presence", "online"}});
    const std::string body = R"({"extensions":{"io.porchlight.presence":{"enabled":true}}})";
    const auto first = slide(body);
    EXPECT_EQ(presence_in(first, "alice"), "online");
    EXPECT_EQ(presence_in(first, "bob"), "online");
    auto h = poll(body, pos_of(first));
    api.house.advance(1s);
    ASSERT_FALSE(api.take(h));
    api.put_presence("alice", api.alice, {{"presence", "unavailable"}});
    const auto second = taken(h);
    EXPECT_EQ(presence_in(second, "alice"), "unavailable");
    h = poll(body, pos_of(second));
    api.in("POST", room, "/leave", api.bob, json::object());
    api.house.advance(1s);
    EXPECT_EQ(presence_in(taken(h), "alice"), "offline");
}

TEST_F(sliding_sync, presence_asked_for_later_comes_whole) {
    shared_room();
    api.put_presence("alice", api.alice, {{"presence", "online"}});
    const auto first = slide(list_all);
    const std::string body = R"({"extensions":{"io.porchlight.presence":{"enabled":true}}})";
    EXPECT_EQ(presence_in(slide(body, pos_of(first)), "alice"), "online");
}

TEST_F(sliding_sync, messages_to_the_device_wait_until_their_batch_is_presented) {
    const auto body = [](const std::string& since) {
        return R"({"extensions":{"to_device":{"enabled":true)" +
               (since.empty() ? since : R"(,"since":")" + since + '"') + "}}}";
    };
    const auto first = slide(body({}));
    auto batch = [](const json::value& v) {
        return std::string(v.at("extensions").at("to_device").at("next_batch").as_string());
    };
    const auto h = poll(body(batch(first)), pos_of(first));
    const auto sent = api.ask_v3("PUT", "/sendToDevice/org.example.ring/1", api.alice,
                                 {{"messages", {{sync_api::id("bob"), {{"*", {{"n", 1}}}}}}}});
    ASSERT_EQ(sent.status, 200);
    const auto v = taken(h);
    EXPECT_EQ(v.at("extensions").at("to_device").at("events").as_array().size(), 1U);
    const auto again = slide(body(batch(first)), pos_of(first));
    EXPECT_EQ(again.at("extensions").at("to_device").at("events").as_array().size(), 1U);
    const auto done = slide(body(batch(again)), pos_of(again));
    EXPECT_TRUE(done.at("extensions").at("to_device").at("events").as_array().empty());
}

TEST_F(sliding_sync, keys_that_change_are_told_and_wake_the_request) {
    constexpr auto wish = R"({"extensions":{"e2ee":{"enabled":true}}})";
    shared_room();
    const auto first = slide(wish);
    const auto keys_in = [](const json::value& v) {
        return json::serialize(v.at("extensions").at("e2ee"));
    };
    EXPECT_EQ(keys_in(first), R"({"device_lists":{"changed":[],"left":[]},)"
                              R"("device_one_time_keys_count":{"signed_curve25519":0},)"
                              R"("device_unused_fallback_key_types":[]})");
    const auto h = poll(wish, pos_of(first));
    ASSERT_FALSE(api.take(h));
    api.upload_device(api.device_of("alice", api.alice));
    const auto told = taken(h);
    EXPECT_EQ(json::serialize(told.at("extensions").at("e2ee").at("device_lists")),
              R"({"changed":["@alice:porch.test"],"left":[]})");
    EXPECT_EQ(
        json::serialize(slide(wish, pos_of(told)).at("extensions").at("e2ee").at("device_lists")),
        R"({"changed":[],"left":[]})");
}

TEST_F(sliding_sync, account_data_receipts_and_typing_of_matched_rooms) {
    const auto room = shared_room(), other = shared_room();
    const auto event = api.say(api.alice, room, "one");
    const std::string body =
        R"({"room_subscriptions":{")" + room +
        R"(":{"timeline_limit":1,"required_state":[]}},"extensions":{"account_data":)"
        R"({"enabled":true},"receipts":{"enabled":true},"typing":{"enabled":true},)"
        R"("e2ee":{"enabled":true}}})";
    const auto first = slide(body);
    EXPECT_TRUE(first.at("extensions").at("e2ee").as_object().contains("device_lists"));
    const auto h = poll(body, pos_of(first));
    const auto alice = sync_api::escape(sync_api::id("alice"));
    const json::value typing = {{"typing", true}, {"timeout", 10000}};
    ASSERT_EQ(api.in("PUT", other, "/typing/" + alice, api.alice, typing).status, 200);
    EXPECT_FALSE(api.take(h)) << "typing in another room";
    ASSERT_EQ(api.in("PUT", room, "/typing/" + alice, api.alice, typing).status, 200);
    auto v = taken(h);
    EXPECT_TRUE(v.at("extensions").at("typing").at("rooms").as_object().contains(room));
    ASSERT_EQ(api.in("POST", room, "/receipt/m.read/" + sync_api::escape(event), api.alice,
                     json::object())
                  .status,
              200);
    v = slide(body, pos_of(v));
    EXPECT_TRUE(v.at("extensions").at("receipts").at("rooms").as_object().contains(room));
    ASSERT_EQ(api.ask_v3("PUT",
                         "/user/" + sync_api::escape(sync_api::id("bob")) +
                             "/account_data/org.example.colour",
                         api.bob, {{"is", "green"}})
                  .status,
              200);
    v = slide(body, pos_of(v));
    EXPECT_EQ(v.at("extensions").at("account_data").at("global").as_array().size(), 1U);
    v = slide(body, pos_of(v));
    EXPECT_TRUE(v.at("extensions").at("account_data").at("global").as_array().empty());
    EXPECT_TRUE(v.at("extensions").at("receipts").at("rooms").as_object().empty());
}

TEST_F(sliding_sync, a_newer_request_takes_the_place_of_the_one_that_waits) {
    shared_room();
    const auto first = slide(list_all);
    const auto old = poll(list_all, pos_of(first));
    ASSERT_FALSE(api.take(old));
    const auto newer = poll(list_all, pos_of(first));
    const auto v = taken(old);
    EXPECT_EQ(pos_of(v), pos_of(first));
    EXPECT_FALSE(api.take(newer));
    api.house.advance(31s);
    EXPECT_TRUE(taken(newer).at("rooms").as_object().empty());
}

TEST_F(sliding_sync, bad_input_names_the_member) {
    const auto refused = [&](const std::string& body, const std::string& code) {
        const auto a = ask(body);
        EXPECT_EQ(a.status, 400) << body;
        EXPECT_EQ(a.errcode(), code) << a.text;
    };
    refused(R"({"lists":[]})", "M_BAD_JSON");
    refused(R"({"lists":{"a":{"ranges":[[3,1]]}}})", "M_INVALID_PARAM");
    refused(R"({"lists":{"a":{"timeline_limit":-1}}})", "M_BAD_JSON");
    refused(R"({"lists":{"a":{"required_state":["x"]}}})", "M_BAD_JSON");
    refused(R"({"lists":{"a":{"filters":{"is_dm":1}}}})", "M_BAD_JSON");
    refused(R"({"set_presence":"asleep"})", "M_INVALID_PARAM");
    refused(R"({"extensions":{"to_device":{"enabled":true,"since":"x"}}})", "M_INVALID_PARAM");
    std::string lists;
    for (std::size_t i = 0; i <= base::limits::sliding_lists_max; ++i) {
        lists += (i == 0 ? "\"l" : ",\"l") + std::to_string(i) + "\":{}";
    }
    refused(R"({"lists":{)" + lists + "}}", "M_INVALID_PARAM");
    std::string state;
    for (std::size_t i = 0; i <= base::limits::sliding_required_state_max; ++i) {
        state += (i == 0 ? "[\"t" : ",[\"t") + std::to_string(i) + "\",\"\"]";
    }
    refused(R"({"lists":{"a":{"required_state":[)" + state + "]}}}", "M_INVALID_PARAM");
}

TEST_F(sliding_sync, the_oldest_connection_of_a_device_is_forgotten) {
    const auto with = [](std::size_t n) { return R"({"conn_id":"c)" + std::to_string(n) + "\"}"; };
    const auto first = slide(with(0));
    for (std::size_t i = 1; i < base::limits::sliding_connections_per_device_max; ++i) {
        slide(with(i));
    }
    const auto still = slide(with(0), pos_of(first));
    slide(with(100));
    slide(with(0), pos_of(still));
    EXPECT_EQ(ask(with(1), "1.1.0~1").errcode(), "M_UNKNOWN_POS");
}

TEST(sliding_connections, rooms_in_all_are_limited) {
    sliding::connection_table table{{.per_device = 8, .all = 8, .rooms = 3}};
    const auto fill = [&](const char* name, std::uint32_t rooms) {
        auto c = table.create(base::device_key{1}, name);
        std::vector<std::pair<base::room_key, sliding::sent_room>> changes;
        for (std::uint32_t r = 0; r < rooms; ++r) {
            changes.emplace_back(base::room_key{r}, sliding::sent_room{});
        }
        c->issue({.pos = {{1, 1}, 5}}, std::move(changes));
        table.keep_limits(c);
    };
    fill("a", 2);
    fill("b", 1);
    EXPECT_EQ(table.size(), 2U);
    fill("c", 2);
    EXPECT_EQ(table.find(base::device_key{1}, "a"), nullptr);
    EXPECT_EQ(table.rooms(), 3U);
}

}  // namespace
}  // namespace porchlight::client_api
