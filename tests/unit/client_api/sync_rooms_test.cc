#include <gtest/gtest.h>

#include "unit/client_api/sync_bench.h"

// GET /sync: the sections of rooms and account data.
namespace porchlight::client_api {
namespace {

using namespace std::chrono_literals;
using test::bodies;
using test::room_in;
using test::sync_api;
using test::types;
namespace json = boost::json;

class sync_rooms : public testing::Test {
  protected:
    sync_api api;
    const std::string &alice = api.alice, &bob = api.bob, &carol = api.carol;

    void set_state(const std::string& token, const std::string& room, const std::string& type,
                   const json::value& content) {
        const auto a = api.in("PUT", room, "/state/" + type, token, content);
        ASSERT_EQ(a.status, 200) << a.text;
    }
    json::value joined(const json::value& v, const std::string& room) {
        const auto* r = room_in(v, "join", room);
        EXPECT_NE(r, nullptr);
        return r == nullptr ? json::value{} : *r;
    }
    static const json::value* event_of(const json::value& events, std::string_view type,
                                       std::string_view state_key) {
        for (const auto& e : events.as_array()) {
            const auto* key = e.as_object().if_contains("state_key");
            if (e.at("type").as_string() == type && key != nullptr &&
                key->as_string() == state_key) {
                return &e;
            }
        }
        return nullptr;
    }
};

TEST_F(sync_rooms, a_first_sync_of_a_short_room_has_all_in_the_timeline) {
    const auto room = api.create_open(alice);
    api.say(alice, room, "hi");
    const auto r =
        joined(api.sync(alice, api.filter(R"({"room":{"timeline":{"limit":50}}})")), room);
    EXPECT_EQ(r.at("timeline").at("limited"), false);
    EXPECT_TRUE(r.at("state").at("events").as_array().empty());
    EXPECT_EQ(r.at("timeline").at("events").at(0).at("type"), "m.room.create");
    EXPECT_EQ(bodies(r.at("timeline").at("events")), "hi ");
    EXPECT_FALSE(r.at("timeline").at("events").at(0).as_object().contains("room_id"));
    for (const char* key : {"ephemeral", "account_data"}) {
        EXPECT_TRUE(r.at(key).at("events").is_array()) << key;
    }
    EXPECT_EQ(r.at("summary").at("m.joined_member_count"), 1);
    EXPECT_EQ(r.at("summary").at("m.invited_member_count"), 0);
    EXPECT_TRUE(r.at("summary").at("m.heroes").as_array().empty());
    EXPECT_EQ(r.at("unread_notifications").at("highlight_count"), 0);
    EXPECT_EQ(r.at("unread_notifications").at("notification_count"), 0);
}

TEST_F(sync_rooms, a_limited_timeline_starts_where_the_state_ends_and_messages_go_on_before) {
    const auto room = api.create_open(alice);
    set_state(alice, room, "m.room.topic", {{"topic", "old"}});
    for (const char* text : {"1", "2", "3", "4"}) {
        api.say(alice, room, text);
    }
    const auto v = api.sync(alice, api.filter(R"({"room":{"timeline":{"limit":2}}})"));
    const auto r = joined(v, room);
    EXPECT_EQ(r.at("timeline").at("limited"), true);
    EXPECT_EQ(bodies(r.at("timeline").at("events")), "3 4 ");
    EXPECT_NE(event_of(r.at("state").at("events"), "m.room.create", ""), nullptr);
    EXPECT_EQ(event_of(r.at("state").at("events"), "m.room.topic", "")->at("content").at("topic"),
              "old");
    const auto before = api.in("GET", room,
                               "/messages?dir=b&limit=2&from=" +
                                   std::string(r.at("timeline").at("prev_batch").as_string()),
                               alice);
    EXPECT_EQ(bodies(before.json().at("chunk")), "2 1 ");
}

TEST_F(sync_rooms, after_a_token_come_the_new_events_alone) {
    const auto room = api.create_open(alice);
    const auto since = api.caught_up(alice);
    api.say(alice, room, "new");
    const auto v = api.sync(alice, "since=" + since);
    const auto r = joined(v, room);
    EXPECT_EQ(types(r.at("timeline").at("events")), "m.room.message ");
    EXPECT_TRUE(r.at("state").at("events").as_array().empty());
    EXPECT_EQ(r.at("timeline").at("limited"), false);
    EXPECT_FALSE(r.as_object().contains("summary")) << "no member changed";
    EXPECT_EQ(room_in(api.sync(alice, "since=" + api.next(v)), "join", room), nullptr);
    EXPECT_EQ(r.at("timeline").at("events").at(0).at("unsigned").at("transaction_id"), "t1");
}

TEST_F(sync_rooms, state_of_a_gap_is_what_changed_in_it) {
    const auto room = api.create_open(alice);
    const auto since = api.caught_up(alice);
    set_state(alice, room, "m.room.topic", {{"topic", "one"}});
    set_state(alice, room, "m.room.topic", {{"topic", "two"}});
    api.say(alice, room, "1");
    api.say(alice, room, "2");
    const auto r = joined(
        api.sync(alice, "since=" + since + api.filter(R"({"room":{"timeline":{"limit":1}}})")),
        room);
    EXPECT_EQ(bodies(r.at("timeline").at("events")), "2 ");
    EXPECT_EQ(types(r.at("state").at("events")), "m.room.topic ");
    EXPECT_EQ(r.at("state").at("events").at(0).at("content").at("topic"), "two");
}

TEST_F(sync_rooms, state_that_the_timeline_filter_withholds_comes_as_state) {
    const auto room = api.create_open(alice);
    const auto since = api.caught_up(alice);
    set_state(alice, room, "m.room.topic", {{"topic", "new"}});
    const auto r = joined(
        api.sync(alice, "since=" + since +
                            api.filter(R"({"room":{"timeline":{"types":["m.room.message"]}}})")),
        room);
    EXPECT_TRUE(r.at("timeline").at("events").as_array().empty());
    EXPECT_EQ(types(r.at("state").at("events")), "m.room.topic ");
}

TEST_F(sync_rooms, news_that_the_filter_drops_leave_the_poll_parked) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    const auto h =
        api.poll(bob, api.caught_up(bob),
                 api.filter(R"({"room":{"timeline":{"not_types":["m.room.message"]}}})"));
    EXPECT_FALSE(api.take(h));
    api.say(alice, room, "unseen");
    EXPECT_FALSE(api.take(h));
    api.house.advance(10s);
    api.say(alice, room, "unseen");
    api.house.advance(19'999ms);
    EXPECT_FALSE(api.take(h));
    api.house.advance(1ms);
    const auto a = api.take(h);
    ASSERT_TRUE(a) << "its time is that of the request";
    EXPECT_EQ(room_in(a->json(), "join", room), nullptr);
}

TEST_F(sync_rooms, a_parked_poll_that_saw_filtered_news_still_wakes_for_others) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    const auto h = api.poll(
        bob, api.caught_up(bob),
        api.filter(R"({"room":{"timeline":{"types":["m.room.topic"]},"state":{"types":[]}}})"));
    api.say(alice, room, "unseen");
    EXPECT_FALSE(api.take(h));
    set_state(alice, room, "m.room.topic", {{"topic", "t"}});
    const auto a = api.take(h);
    ASSERT_TRUE(a);
    EXPECT_EQ(types(joined(a->json(), room).at("timeline").at("events")), "m.room.topic ");
}

TEST_F(sync_rooms, a_newly_joined_room_comes_whole) {
    const auto room = api.create_open(alice);
    for (int i = 0; i < 15; ++i) {
        api.say(alice, room, "m");
    }
    const auto since = api.caught_up(bob);
    api.join(bob, room);
    const auto r = joined(api.sync(bob, "since=" + since), room);
    EXPECT_EQ(r.at("timeline").at("limited"), true);
    EXPECT_EQ(r.at("timeline").at("events").as_array().size(), 10U);
    EXPECT_NE(event_of(r.at("state").at("events"), "m.room.create", ""), nullptr);
    EXPECT_EQ(r.at("summary").at("m.joined_member_count"), 2);
    EXPECT_EQ(r.at("summary").at("m.heroes").at(0).as_string(), api.id("alice"));
}

TEST_F(sync_rooms, history_before_joining_is_hidden_where_the_room_says_so_but_not_its_state) {
    const auto room = api.create_open(alice);
    set_state(alice, room, "m.room.history_visibility", {{"history_visibility", "joined"}});
    api.say(alice, room, "secret");
    set_state(alice, room, "m.room.topic", {{"topic", "set before"}});
    const auto since = api.caught_up(bob);
    api.join(bob, room);
    api.say(alice, room, "open");
    const auto r = joined(api.sync(bob, "since=" + since), room);
    EXPECT_EQ(bodies(r.at("timeline").at("events")), "open ");
    EXPECT_NE(event_of(r.at("timeline").at("events"), "m.room.member", api.id("bob")), nullptr);
    EXPECT_EQ(event_of(r.at("timeline").at("events"), "m.room.topic", ""), nullptr);
    EXPECT_NE(event_of(r.at("state").at("events"), "m.room.topic", ""), nullptr);
}

TEST_F(sync_rooms, an_invite_shows_the_stripped_state) {
    const auto h = api.poll(bob, api.caught_up(bob));
    const auto room =
        api.create(alice, {{"preset", "private_chat"}, {"name", "Den"}, {"topic", "t"}});
    EXPECT_EQ(api.in("POST", room, "/invite", alice, {{"user_id", api.id("bob")}}).status, 200);
    const auto a = api.take(h);
    ASSERT_TRUE(a);
    const auto v = a->json();
    const auto* r = room_in(v, "invite", room);
    ASSERT_NE(r, nullptr);
    const auto& events = r->at("invite_state").at("events");
    EXPECT_EQ(event_of(events, "m.room.name", "")->at("content").at("name"), "Den");
    EXPECT_NE(event_of(events, "m.room.create", ""), nullptr);
    EXPECT_NE(event_of(events, "m.room.join_rules", ""), nullptr);
    EXPECT_NE(event_of(events, "m.room.member", api.id("alice")), nullptr);
    const auto* own = event_of(events, "m.room.member", api.id("bob"));
    ASSERT_NE(own, nullptr);
    EXPECT_EQ(own->at("content").at("membership"), "invite");
    for (const auto& e : events.as_array()) {
        EXPECT_FALSE(e.as_object().contains("event_id"));
    }
    EXPECT_EQ(room_in(v, "join", room), nullptr);
    EXPECT_EQ(room_in(api.sync(bob, "since=" + api.next(v)), "invite", room), nullptr);
    EXPECT_NE(room_in(api.sync(bob), "invite", room), nullptr) << "a first sync tells it again";
}

TEST_F(sync_rooms, a_rejected_invite_is_a_leave_without_the_rooms_state) {
    const auto room = api.create(alice, {{"preset", "private_chat"}});
    EXPECT_EQ(api.in("POST", room, "/invite", alice, {{"user_id", api.id("bob")}}).status, 200);
    const auto since = api.caught_up(bob);
    EXPECT_EQ(api.in("POST", room, "/leave", bob, json::object()).status, 200);
    const auto v = api.sync(bob, "since=" + since);
    const auto* r = room_in(v, "leave", room);
    ASSERT_NE(r, nullptr);
    EXPECT_TRUE(r->at("state").at("events").as_array().empty());
    const auto& events = r->at("timeline").at("events").as_array();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events.at(0).at("content").at("membership"), "leave");
}

TEST_F(sync_rooms, who_is_kicked_sees_the_room_up_to_the_kick) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    const auto since = api.caught_up(bob);
    api.say(alice, room, "before");
    EXPECT_EQ(api.in("POST", room, "/kick", alice, {{"user_id", api.id("bob")}}).status, 200);
    api.say(alice, room, "after");
    const auto v = api.sync(bob, "since=" + since);
    EXPECT_EQ(room_in(v, "join", room), nullptr);
    const auto* r = room_in(v, "leave", room);
    ASSERT_NE(r, nullptr);
    EXPECT_EQ(bodies(r->at("timeline").at("events")), "before ");
    EXPECT_EQ(types(r->at("timeline").at("events")), "m.room.message m.room.member ");
    EXPECT_EQ(room_in(api.sync(bob, "since=" + api.next(v)), "leave", room), nullptr);
    EXPECT_EQ(room_in(api.sync(bob), "leave", room), nullptr);
    const auto with_left = api.sync(bob, api.filter(R"({"room":{"include_leave":true}})"));
    const auto* again = room_in(with_left, "leave", room);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(bodies(again->at("timeline").at("events")), "before ");
}

TEST_F(sync_rooms, joining_and_leaving_between_two_syncs_is_a_leave) {
    const auto room = api.create_open(alice);
    const auto since = api.caught_up(bob);
    api.join(bob, room);
    EXPECT_EQ(api.in("POST", room, "/leave", bob, json::object()).status, 200);
    const auto v = api.sync(bob, "since=" + since);
    EXPECT_EQ(room_in(v, "join", room), nullptr);
    EXPECT_NE(room_in(v, "leave", room), nullptr);
}

TEST_F(sync_rooms, full_state_repeats_the_state_but_not_the_timeline) {
    const auto room = api.create_open(alice);
    api.say(alice, room, "old");
    const auto r = joined(api.sync(alice, "full_state=true&since=" + api.caught_up(alice)), room);
    EXPECT_TRUE(r.at("timeline").at("events").as_array().empty());
    EXPECT_NE(event_of(r.at("state").at("events"), "m.room.create", ""), nullptr);
    EXPECT_NE(event_of(r.at("state").at("events"), "m.room.member", api.id("alice")), nullptr);
}

TEST_F(sync_rooms, lazy_loading_sends_the_members_that_are_needed) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    api.join(carol, room);
    for (int i = 0; i < 3; ++i) {
        api.say(bob, room, "m");
    }
    const std::string lazy =
        R"({"room":{"timeline":{"limit":1},"state":{"lazy_load_members":true,"types":["m.room.member"]}}})";
    const auto r = joined(api.sync(alice, api.filter(lazy)), room);
    const auto& state = r.at("state").at("events");
    EXPECT_NE(event_of(state, "m.room.member", api.id("bob")), nullptr) << "spoke";
    EXPECT_NE(event_of(state, "m.room.member", api.id("alice")), nullptr) << "oneself";
    EXPECT_NE(event_of(state, "m.room.member", api.id("carol")), nullptr) << "a hero";
    const auto since = api.caught_up(alice);
    api.say(carol, room, "later");
    const auto later = joined(api.sync(alice, "since=" + since + api.filter(lazy)), room);
    EXPECT_NE(event_of(later.at("state").at("events"), "m.room.member", api.id("carol")), nullptr);
    EXPECT_EQ(event_of(later.at("state").at("events"), "m.room.member", api.id("bob")), nullptr);
}

TEST_F(sync_rooms, rooms_that_the_filter_excludes_are_absent) {
    const auto room = api.create_open(alice);
    const auto other = api.create_open(alice);
    const auto v = api.sync(alice, api.filter(R"({"room":{"not_rooms":[")" + room + R"("]}})"));
    EXPECT_EQ(room_in(v, "join", room), nullptr);
    EXPECT_NE(room_in(v, "join", other), nullptr);
}

TEST_F(sync_rooms, contains_url_and_event_fields) {
    const auto room = api.create_open(alice);
    const auto since = api.caught_up(alice);
    api.say(alice, room, "plain");
    EXPECT_EQ(api.in("PUT", room, "/send/m.room.message/u1", alice,
                     {{"body", "picture"}, {"url", "mxc://a/b"}})
                  .status,
              200);
    const auto with =
        joined(api.sync(alice, "since=" + since +
                                   api.filter(R"({"room":{"timeline":{"contains_url":true}}})")),
               room);
    EXPECT_EQ(bodies(with.at("timeline").at("events")), "picture ");
    const auto fields = joined(
        api.sync(alice, "since=" + since + api.filter(R"({"event_fields":["content.body"]})")),
        room);
    EXPECT_EQ(json::serialize(fields.at("timeline").at("events").at(0)),
              R"({"content":{"body":"plain"}})");
}

TEST_F(sync_rooms, the_federation_format_shows_the_event_as_servers_see_it) {
    const auto room = api.create_open(alice);
    const auto r = joined(api.sync(alice, api.filter(R"({"event_format":"federation"})")), room);
    const auto& last = r.at("timeline").at("events").as_array().back();
    EXPECT_TRUE(last.as_object().contains("prev_events"));
    EXPECT_TRUE(last.as_object().contains("hashes"));
}

TEST_F(sync_rooms, typing_wakes_and_its_end_too) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    const auto typing = [&](bool on) {
        EXPECT_EQ(api.in("PUT", room, "/typing/" + api.escape(api.id("alice")), alice,
                         {{"typing", on}, {"timeout", 20'000}})
                      .status,
                  200);
    };
    auto h = api.poll(bob, api.caught_up(bob));
    typing(true);
    auto a = api.take(h);
    ASSERT_TRUE(a);
    auto events = joined(a->json(), room).at("ephemeral").at("events");
    EXPECT_EQ(json::serialize(events),
              R"([{"type":"m.typing","content":{"user_ids":["@alice:porch.test"]}}])");
    h = api.poll(bob, api.next(a->json()));
    EXPECT_FALSE(api.take(h));
    typing(false);
    a = api.take(h);
    ASSERT_TRUE(a);
    EXPECT_EQ(json::serialize(joined(a->json(), room).at("ephemeral").at("events")),
              R"([{"type":"m.typing","content":{"user_ids":[]}}])");
}

TEST_F(sync_rooms, receipts_go_to_members_and_private_ones_to_oneself) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    const auto event = api.say(alice, room, "read me");
    const auto receipt = [&](const std::string& type) {
        EXPECT_EQ(
            api.in("POST", room, "/receipt/" + type + "/" + api.escape(event), bob, json::object())
                .status,
            200);
    };
    auto since = api.caught_up(alice);
    auto since_bob = api.caught_up(bob);
    const auto h = api.poll(alice, since);
    receipt("m.read.private");
    EXPECT_FALSE(api.take(h)) << "nobody else learns of a private receipt";
    const auto own = api.sync(bob, "since=" + since_bob);
    const auto shown = joined(own, room).at("ephemeral").at("events");
    EXPECT_EQ(types(shown), "m.receipt ");
    EXPECT_TRUE(shown.at(0)
                    .at("content")
                    .at(event)
                    .at("m.read.private")
                    .as_object()
                    .contains(api.id("bob")));
    receipt("m.read");
    const auto a = api.take(h);
    ASSERT_TRUE(a);
    const auto content = joined(a->json(), room).at("ephemeral").at("events").at(0).at("content");
    EXPECT_TRUE(content.at(event).at("m.read").at(api.id("bob")).at("ts").is_int64());
    EXPECT_FALSE(content.at(event).as_object().contains("m.read.private"));
}

TEST_F(sync_rooms, account_data_of_the_user_and_of_rooms) {
    const auto room = api.create_open(alice);
    const auto since = api.caught_up(alice);
    const std::string user = "/user/" + api.escape(api.id("alice"));
    EXPECT_EQ(
        api.ask_v3("PUT", user + "/account_data/m.direct", alice, {{"a", json::array{}}}).status,
        200);
    EXPECT_EQ(api.ask_v3("PUT", user + "/rooms/" + api.escape(room) + "/account_data/m.tag", alice,
                         {{"tags", json::object{}}})
                  .status,
              200);
    for (const auto& v : {api.sync(alice, "since=" + since), api.sync(alice)}) {
        EXPECT_EQ(json::serialize(v.at("account_data").at("events")),
                  R"([{"type":"m.direct","content":{"a":[]}}])");
        EXPECT_EQ(json::serialize(joined(v, room).at("account_data").at("events")),
                  R"([{"type":"m.tag","content":{"tags":{}}}])");
    }
    const auto filtered = api.sync(
        alice,
        "since=" + since +
            api.filter(
                R"({"account_data":{"not_types":["*"]},"room":{"account_data":{"types":[]}}})"));
    EXPECT_TRUE(filtered.at("account_data").at("events").as_array().empty());
    EXPECT_EQ(room_in(filtered, "join", room), nullptr);
}

}  // namespace
}  // namespace porchlight::client_api
