#include <gtest/gtest.h>

#include "unit/client_api/sync_bench.h"

// The older streams: /events, /initialSync and /rooms/{roomId}/initialSync.
namespace porchlight::client_api {
namespace {

using namespace std::chrono_literals;
using test::bodies;
using test::sync_api;
using test::types;
namespace json = boost::json;

class old_streams : public testing::Test {
  protected:
    explicit old_streams(settings wish = {}) : api(std::move(wish)) {}
    sync_api api;
    const std::string &alice = api.alice, &bob = api.bob, &carol = api.carol;

    ports::http_handle events(const std::string& token, const std::string& query) {
        return api.start("GET", "/_matrix/client/r0/events?" + query, {}, token);
    }
    json::value events_now(const std::string& token, const std::string& query) {
        const auto a = api.take(events(token, query));
        if (!a) {
            ADD_FAILURE() << "parked: " << query;
            return nullptr;
        }
        EXPECT_EQ(a->status, 200) << a->text;
        EXPECT_FALSE(test::holds_null(a->json())) << a->text;
        return a->json();
    }
    json::value initial(const std::string& token, const std::string& query = {}) {
        const auto a = api.ask("GET", "/_matrix/client/api/v1/initialSync?" + query, {}, token);
        EXPECT_EQ(a.status, 200) << a.text;
        EXPECT_FALSE(test::holds_null(a.json())) << a.text;
        return a.json();
    }
    static std::string text(const json::value& v) { return std::string(v.as_string()); }
    static std::string end_of(const json::value& v) { return text(v.at("end")); }
    // Presence events by user id.
    static std::map<std::string, std::string> states(const json::value& list) {
        std::map<std::string, std::string> found;
        for (const auto& e : list.as_array()) {
            if (e.at("type") == "m.presence") {
                const auto user = text(e.at("content").at("user_id"));
                EXPECT_FALSE(found.contains(user)) << "one event per subject";
                found[user] = text(e.at("content").at("presence"));
            }
        }
        return found;
    }
};

TEST_F(old_streams, malformed_parameters_are_refused) {
    for (const std::string path :
         {"events?from=x", "events?timeout=-1", "events?limit=0", "events?limit=x",
          "initialSync?limit=-1", "initialSync?archived=maybe"}) {
        const auto a = api.ask("GET", "/_matrix/client/r0/" + path, {}, alice);
        EXPECT_EQ(a.status, 400) << path;
        EXPECT_EQ(a.errcode(), "M_INVALID_PARAM") << path;
    }
}

TEST_F(old_streams, events_without_from_start_now_and_wait_30_seconds) {
    const auto room = api.create_open(alice);
    api.say(alice, room, "old");
    events_now(alice, "timeout=0");
    const auto h = events(alice, "");
    api.house.advance(29'999ms);
    EXPECT_FALSE(api.take(h));
    api.house.advance(1ms);
    const auto a = api.take(h);
    ASSERT_TRUE(a);
    EXPECT_TRUE(a->json().at("chunk").as_array().empty());
}

TEST_F(old_streams, events_show_presence_messages_typing_and_receipts) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    const auto from = end_of(initial(bob));
    const auto event = api.say(alice, room, "hi");
    EXPECT_EQ(
        api.in("POST", room, "/receipt/m.read/" + api.escape(event), alice, json::object()).status,
        200);
    EXPECT_EQ(api.in("PUT", room, "/typing/" + api.escape(api.id("alice")), alice,
                     {{"typing", true}, {"timeout", 20'000}})
                  .status,
              200);
    api.put_presence("alice", alice, {{"presence", "online"}});
    const auto v = events_now(bob, "from=" + from);
    EXPECT_EQ(text(v.at("start")), from);
    EXPECT_EQ(bodies(v.at("chunk")), "hi ");
    const auto all = types(v.at("chunk"));
    for (const char* type : {"m.room.message", "m.typing", "m.receipt", "m.presence"}) {
        EXPECT_NE(all.find(type), std::string::npos) << type;
    }
    EXPECT_EQ(states(v.at("chunk")).at(api.id("alice")), "online");
    const auto& message = v.at("chunk").at(0);
    EXPECT_EQ(text(message.at("room_id")), room);
    EXPECT_EQ(text(message.at("user_id")), api.id("alice"));
    for (const auto& e : v.at("chunk").as_array()) {
        if (e.at("type") != "m.presence") {
            EXPECT_EQ(text(e.at("room_id")), room);
        } else {
            EXPECT_FALSE(e.as_object().contains("event_id"));
        }
    }
    EXPECT_TRUE(events_now(bob, "timeout=0&from=" + end_of(v)).at("chunk").as_array().empty());
}

TEST_F(old_streams, events_mark_presence_and_the_initial_syncs_do_not) {
    initial(alice);
    const auto shown = [&] {
        return text(api.ask_v3("GET", "/presence/" + api.escape(api.id("alice")) + "/status", alice)
                        .json()
                        .at("presence"));
    };
    EXPECT_EQ(shown(), "offline");
    events(alice, "");
    api.house.settle();
    EXPECT_EQ(shown(), "online");
}

TEST_F(old_streams, a_limit_cuts_and_the_next_answer_goes_on) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    std::string from = end_of(events_now(bob, "timeout=0"));
    for (const char* text : {"1", "2", "3", "4", "5"}) {
        api.say(alice, room, text);
    }
    api.put_presence("alice", alice, {{"presence", "online"}});
    std::string all;
    std::map<std::string, std::string> presence;
    for (int round = 0; round < 5; ++round) {
        const auto v = events_now(bob, "timeout=0&limit=2&from=" + from);
        EXPECT_LE(v.at("chunk").as_array().size(), 2U);
        all += bodies(v.at("chunk"));
        presence.merge(states(v.at("chunk")));
        from = end_of(v);
    }
    EXPECT_EQ(all, "1 2 3 4 5 ");
    EXPECT_EQ(presence.at(api.id("alice")), "online");
}

TEST_F(old_streams, a_peek_shows_one_room_and_its_members) {
    const auto room =
        api.create(alice, {{"preset", "public_chat"},
                           {"initial_state",
                            {{{"type", "m.room.history_visibility"},
                              {"state_key", ""},
                              {"content", {{"history_visibility", "world_readable"}}}}}}});
    const auto own = api.create_open(carol);
    api.join(bob, own);
    const auto h = events(carol, "room_id=" + api.escape(room));
    EXPECT_FALSE(api.take(h));
    api.say(bob, own, "elsewhere");
    api.put_presence("bob", bob, {{"presence", "online"}});
    api.house.advance(1s);
    EXPECT_FALSE(api.take(h)) << "bob is not in the room";
    api.put_presence("alice", alice, {{"presence", "online"}});
    api.house.advance(1s);
    auto a = api.take(h);
    ASSERT_TRUE(a);
    EXPECT_EQ(states(a->json().at("chunk")),
              (std::map<std::string, std::string>{{api.id("alice"), "online"}}));
    const auto next = events(carol, "room_id=" + api.escape(room) + "&from=" + end_of(a->json()));
    EXPECT_FALSE(api.take(next));
    api.say(alice, room, "seen");
    a = api.take(next);
    ASSERT_TRUE(a);
    EXPECT_EQ(bodies(a->json().at("chunk")), "seen ");
}

TEST_F(old_streams, who_may_not_read_a_room_may_not_peek) {
    const auto room = api.create(alice, {{"preset", "private_chat"}});
    EXPECT_EQ(
        api.ask("GET", "/_matrix/client/r0/events?room_id=" + api.escape(room), {}, carol).status,
        403);
    EXPECT_EQ(
        api.ask("GET", "/_matrix/client/r0/events?room_id=%21no:porch.test", {}, carol).status,
        403);
    EXPECT_EQ(api.in("GET", room, "/initialSync", carol).status, 403);
}

TEST_F(old_streams, initial_sync_shows_everything_visible_and_every_room) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    api.say(alice, room, "1");
    const auto event = api.say(alice, room, "2");
    EXPECT_EQ(
        api.in("POST", room, "/receipt/m.read/" + api.escape(event), alice, json::object()).status,
        200);
    const auto invited =
        api.create(alice, {{"preset", "private_chat"}, {"invite", {api.id("bob")}}});
    const auto v = initial(bob, "limit=1");
    EXPECT_EQ(states(v.at("presence")),
              (std::map<std::string, std::string>{{api.id("alice"), "offline"},
                                                  {api.id("bob"), "offline"}}));
    ASSERT_EQ(v.at("rooms").as_array().size(), 2U);
    const auto& r = v.at("rooms").at(0);
    EXPECT_EQ(text(r.at("room_id")), room);
    EXPECT_EQ(r.at("membership"), "join");
    EXPECT_EQ(r.at("visibility"), "public");
    EXPECT_EQ(bodies(r.at("messages").at("chunk")), "2 ");
    EXPECT_NE(types(r.at("state")).find("m.room.create"), std::string::npos);
    const auto before = api.in(
        "GET", room, "/messages?dir=b&limit=1&from=" + text(r.at("messages").at("start")), bob);
    EXPECT_EQ(bodies(before.json().at("chunk")), "1 ");
    const auto& i = v.at("rooms").at(1);
    EXPECT_EQ(i.at("membership"), "invite");
    EXPECT_EQ(text(i.at("invite").at("state_key")), api.id("bob"));
    EXPECT_EQ(types(v.at("receipts")), "m.receipt ");
    EXPECT_TRUE(v.at("account_data").is_array());
}

TEST_F(old_streams, archived_rooms_come_when_asked_for) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    api.say(alice, room, "before");
    EXPECT_EQ(api.in("POST", room, "/leave", bob, json::object()).status, 200);
    api.say(alice, room, "after");
    EXPECT_TRUE(initial(bob).at("rooms").as_array().empty());
    const auto v = initial(bob, "archived=true");
    ASSERT_EQ(v.at("rooms").as_array().size(), 1U);
    EXPECT_EQ(v.at("rooms").at(0).at("membership"), "leave");
    EXPECT_EQ(bodies(v.at("rooms").at(0).at("messages").at("chunk")), "before ");
}

TEST_F(old_streams, a_rooms_initial_sync_has_the_presence_of_exactly_its_members) {
    const auto room = api.create_open(alice);
    api.join(bob, room);
    const auto other = api.create_open(bob);
    api.join(carol, other);
    const auto v = api.in("GET", room, "/initialSync", bob).json();
    EXPECT_EQ(states(v.at("presence")),
              (std::map<std::string, std::string>{{api.id("alice"), "offline"},
                                                  {api.id("bob"), "offline"}}));
    EXPECT_EQ(text(v.at("room_id")), room);
    EXPECT_EQ(v.at("membership"), "join");
    EXPECT_EQ(v.at("visibility"), "public");
    EXPECT_TRUE(v.at("state").is_array());
    EXPECT_TRUE(v.at("messages").at("chunk").is_array());
    EXPECT_TRUE(v.at("receipts").is_array());
    EXPECT_TRUE(v.at("account_data").is_array());
    EXPECT_FALSE(test::holds_null(v));
}

// More people than one task of the deciding thread looks at.
class large_snapshot : public old_streams {
  protected:
    static constexpr std::size_t people = 2 * base::limits::snapshot_subjects_per_task + 10;
    large_snapshot() : old_streams(without_rates()), room(api.create_open(alice)) {
        for (std::size_t i = 1; i < people; ++i) {
            tokens.push_back(api.sign_up("p" + std::to_string(i)));
            api.join(tokens.back(), room);
        }
        api.put_presence("p7", tokens[6], {{"presence", "unavailable"}});
    }
    static settings without_rates() {
        settings s;
        s.rate_limits_enabled = false;
        return s;
    }
    ports::http_handle begin(bool of_room) {
        return api.start("GET",
                         of_room ? "/_matrix/client/r0/rooms/" + api.escape(room) + "/initialSync"
                                 : std::string("/_matrix/client/r0/initialSync"),
                         {}, alice);
    }
    bool is_answered(ports::http_handle h) { return api.sender.answers.contains(h.slot); }
    std::vector<std::string> tokens;
    const std::string room;
};

TEST_F(large_snapshot, has_everyone_once) {
    for (const bool of_room : {false, true}) {
        const auto a = api.take(begin(of_room));
        ASSERT_TRUE(a);
        const auto found = states(a->json().at("presence"));
        EXPECT_EQ(found.size(), people);
        EXPECT_EQ(found.at(api.id("p7")), "unavailable");
        EXPECT_EQ(found.at(api.id("p8")), "offline");
        EXPECT_TRUE(found.contains(api.id("alice")));
    }
}

TEST_F(large_snapshot, leaves_turns_to_others) {
    for (const bool of_room : {false, true}) {
        const auto h = begin(of_room);
        ASSERT_TRUE(api.house.decider.step());  // the request, and the first of them
        EXPECT_EQ(api.streams.waiting(), 1U);
        // Whoever asks now comes in between.
        bool had_turn = false;
        api.house.decider.post([&] { had_turn = true; });
        while (!had_turn) {
            ASSERT_TRUE(api.house.decider.step());
        }
        EXPECT_EQ(api.streams.waiting(), 1U);
        EXPECT_FALSE(is_answered(h));
        EXPECT_TRUE(api.take(h));
        EXPECT_EQ(api.streams.waiting(), 0U);
    }
}

TEST_F(large_snapshot, ends_when_the_client_is_gone) {
    const auto h = begin(false);
    ASSERT_TRUE(api.house.decider.step());
    ASSERT_EQ(api.streams.waiting(), 1U);
    api.dispatcher.on_gone(h);
    EXPECT_FALSE(api.take(h));
    EXPECT_EQ(api.streams.waiting(), 0U);
}

TEST_F(large_snapshot, leaves_what_changes_meanwhile_to_the_stream) {
    const auto h = begin(false);
    ASSERT_TRUE(api.house.decider.step());
    api.put_presence("p1", tokens[0], {{"presence", "unavailable"}});
    const auto a = api.take(h);
    ASSERT_TRUE(a);
    const auto after = events_now(alice, "timeout=0&from=" + end_of(a->json()));
    EXPECT_EQ(states(after.at("chunk")).at(api.id("p1")), "unavailable");
}

TEST_F(old_streams, an_invite_and_a_leave_are_events_of_the_stream) {
    const auto room = api.create(alice, {{"preset", "private_chat"}});
    const auto from = end_of(events_now(bob, "timeout=0"));
    const auto h = events(bob, "from=" + from);
    EXPECT_FALSE(api.take(h));
    EXPECT_EQ(api.in("POST", room, "/invite", alice, {{"user_id", api.id("bob")}}).status, 200);
    const auto a = api.take(h);
    ASSERT_TRUE(a);
    ASSERT_EQ(a->json().at("chunk").as_array().size(), 1U);
    EXPECT_EQ(a->json().at("chunk").at(0).at("content").at("membership"), "invite");
    EXPECT_EQ(text(a->json().at("chunk").at(0).at("state_key")), api.id("bob"));
}

}  // namespace
}  // namespace porchlight::client_api
