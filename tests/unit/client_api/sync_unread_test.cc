#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/client_api/sync_bench.h"

// GET /sync: what is unread, who is in a room, knocks.
namespace porchlight::client_api {
namespace {

using test::room_in;
using test::sync_api;
namespace json = boost::json;

class sync_unread : public testing::Test {
  protected:
    sync_unread() { api.join(bob, room); }

    // "notifications/highlights" of the room; "absent": it is not in the answer.
    std::string counts(const json::value& v) const {
        const auto* r = room_in(v, "join", room);
        if (r == nullptr) {
            return "absent";
        }
        const auto& unread = r->at("unread_notifications");
        return std::to_string(unread.at("notification_count").as_int64()) + "/" +
               std::to_string(unread.at("highlight_count").as_int64());
    }
    std::string unread(const std::string& token) { return counts(api.sync(token)); }
    void receipt(const std::string& token, const std::string& event, const char* type = "m.read",
                 const json::value& body = json::object()) {
        const auto a =
            api.in("POST", room, std::string("/receipt/") + type + "/" + sync_api::escape(event),
                   token, body);
        ASSERT_EQ(a.status, 200) << a.text;
    }

    sync_api api;
    const std::string &alice = api.alice, &bob = api.bob, &carol = api.carol;
    const std::string room = api.create_open(api.alice);
};

TEST_F(sync_unread, messages_of_others_count_since_one_joined) {
    EXPECT_EQ(unread(alice), "0/0");
    api.say(alice, room, "hello");
    api.say(alice, room, "hello bob");
    EXPECT_EQ(unread(bob), "2/1");
    EXPECT_EQ(unread(alice), "0/0");
    api.join(carol, room);
    EXPECT_EQ(unread(carol), "0/0") << "what was said before is not unread";
}

TEST_F(sync_unread, a_receipt_reads_up_to_its_event_and_never_back) {
    const auto first = api.say(alice, room, "bob: one");
    const auto second = api.say(alice, room, "two");
    api.say(alice, room, "three");
    EXPECT_EQ(unread(bob), "3/1");
    receipt(bob, second);
    EXPECT_EQ(unread(bob), "1/0");
    receipt(bob, first);
    EXPECT_EQ(unread(bob), "1/0");
    const auto shown = api.sync(alice);
    const auto& event = room_in(shown, "join", room)->at("ephemeral").at("events").at(0);
    EXPECT_TRUE(event.at("content").as_object().contains(second)) << "nor does it for others";
    receipt(bob, "$unknown");
    EXPECT_EQ(unread(bob), "1/0");
}

TEST_F(sync_unread, a_private_receipt_counts_as_well) {
    const auto said = api.say(alice, room, "one");
    receipt(bob, said, "m.read.private");
    EXPECT_EQ(unread(bob), "0/0");
}

TEST_F(sync_unread, read_markers_read_and_are_account_data) {
    const auto said = api.say(alice, room, "one");
    const auto a =
        api.in("POST", room, "/read_markers", bob, {{"m.fully_read", said}, {"m.read", said}});
    ASSERT_EQ(a.status, 200);
    const auto v = api.sync(bob);
    EXPECT_EQ(counts(v), "0/0");
    const auto& data = room_in(v, "join", room)->at("account_data").at("events");
    ASSERT_EQ(data.as_array().size(), 1U);
    EXPECT_EQ(data.at(0).at("type"), "m.fully_read");
    EXPECT_EQ(data.at(0).at("content").at("event_id").as_string(), said);
}

TEST_F(sync_unread, a_room_marked_unread_tells_the_users_other_devices) {
    const auto since = api.caught_up(bob);
    const auto a = api.ask_v3("PUT",
                              "/user/" + sync_api::escape("@bob:porch.test") + "/rooms/" +
                                  sync_api::escape(room) + "/account_data/m.marked_unread",
                              bob, {{"unread", true}});
    ASSERT_EQ(a.status, 200);
    const auto v = api.sync(bob, "since=" + since);
    EXPECT_EQ(room_in(v, "join", room)->at("account_data").at("events").at(0).at("type"),
              "m.marked_unread");
}

TEST_F(sync_unread, streams_go_on_counting_where_they_were) {
    auto since = api.caught_up(bob);
    for (int i = 1; i <= 5; ++i) {
        const auto h = api.poll(bob, since);
        const auto said = api.say(alice, room, i == 3 ? "bob" : "hello");
        const auto v = api.take(h)->json();
        EXPECT_EQ(counts(v), std::to_string(i) + (i < 3 ? "/0" : "/1"));
        since = sync_api::next(v);
        if (i == 5) {
            const auto again = api.poll(bob, since);
            receipt(bob, said);
            EXPECT_EQ(counts(api.take(again)->json()), "0/0") << "reading is news of its own";
        }
    }
}

TEST_F(sync_unread, counts_end_at_the_limit) {
    for (std::size_t i = 0; i < base::limits::unread_scan_max + 150; ++i) {
        api.say(alice, room, "hello");
    }
    EXPECT_EQ(unread(bob), std::to_string(base::limits::unread_scan_max) + "/0");
}

TEST_F(sync_unread, a_message_to_more_streams_than_the_pool_takes_reaches_them_all_in_order) {
    std::vector<std::string> tokens;
    for (std::size_t i = 0; i < 300; ++i) {
        tokens.push_back(api.house.sign_up("guest" + std::to_string(i)).access_token);
        api.join(tokens.back(), room);
    }
    const auto since = api.caught_up(bob);
    std::vector<ports::http_handle> parked;
    for (const auto& token : tokens) {
        parked.push_back(
            api.poll(token, since,
                     "&set_presence=offline" + sync_api::filter(R"({"presence":{"types":[]}})")));
    }
    api.house.settle();
    api.house.cold.most_waiting = 0;
    api.say(alice, room, "hello all");
    for (const auto& h : parked) {
        const auto a = api.take(h);
        ASSERT_TRUE(a);
        ASSERT_EQ(a->status, 200) << a->text;
        EXPECT_EQ(counts(a->json()), "1/0");
    }
    EXPECT_LE(api.house.cold.most_waiting, base::limits::cold_queue_max / 8);
}

TEST_F(sync_unread, the_summary_names_the_first_five_others) {
    std::vector<std::string> tokens;
    for (int i = 0; i < 7; ++i) {
        tokens.push_back(api.sign_up("guest" + std::to_string(i)));
        api.join(tokens.back(), room);
    }
    const auto heroes = [&](const std::string& token) {
        const auto v = api.sync(token);
        const auto& summary = room_in(v, "join", room)->at("summary");
        std::string names;
        for (const auto& id : summary.at("m.heroes").as_array()) {
            names += std::string(id.as_string().subview(1, 6)) + " ";
        }
        return names + std::to_string(summary.at("m.joined_member_count").as_int64()) + "+" +
               std::to_string(summary.at("m.invited_member_count").as_int64());
    };
    EXPECT_EQ(heroes(alice), "bob:po guest0 guest1 guest2 guest3 9+0");
    EXPECT_EQ(heroes(tokens[0]), "alice: bob:po guest1 guest2 guest3 9+0");
    ASSERT_EQ(api.in("POST", room, "/leave", tokens[1], json::object()).status, 200);
    EXPECT_EQ(heroes(alice), "bob:po guest0 guest2 guest3 guest4 8+0");
    const auto since = api.caught_up(bob);
    api.say(alice, room, "nothing about members");
    EXPECT_FALSE(
        room_in(api.sync(bob, "since=" + since), "join", room)->as_object().contains("summary"));
    ASSERT_EQ(api.in("POST", room, "/invite", alice, {{"user_id", "@carol:porch.test"}}).status,
              200);
    EXPECT_EQ(heroes(bob), "alice: guest0 guest2 guest3 guest4 8+1");
}

TEST_F(sync_unread, who_is_alone_is_told_who_was_there) {
    ASSERT_EQ(api.in("POST", room, "/leave", bob, json::object()).status, 200);
    const auto v = api.sync(alice);
    const auto& summary = room_in(v, "join", room)->at("summary");
    EXPECT_EQ(summary.at("m.heroes"), (json::array{"@bob:porch.test"}));
    EXPECT_EQ(summary.at("m.joined_member_count"), 1);
}

TEST_F(sync_unread, a_knock_shows_what_the_room_is_until_it_is_answered) {
    ASSERT_EQ(
        api.in("PUT", room, "/state/m.room.join_rules", alice, {{"join_rule", "knock"}}).status,
        200);
    ASSERT_EQ(api.in("PUT", room, "/state/m.room.name", alice, {{"name", "Den"}}).status, 200);
    auto since = api.caught_up(carol);
    const auto h = api.poll(carol, since);
    const auto knocked =
        api.ask_v3("POST", "/knock/" + sync_api::escape(room), carol, {{"reason", "let me in"}});
    ASSERT_EQ(knocked.status, 200) << knocked.text;
    auto v = api.take(h)->json();
    const auto* shown = room_in(v, "knock", room);
    ASSERT_NE(shown, nullptr);
    const auto& events = shown->at("knock_state").at("events").as_array();
    EXPECT_EQ(test::types(shown->at("knock_state").at("events")),
              "m.room.create m.room.join_rules m.room.name m.room.member ");
    EXPECT_EQ(events.back().at("content").at("membership"), "knock");
    EXPECT_EQ(events.back().at("content").at("reason"), "let me in");
    EXPECT_NE(room_in(api.sync(carol), "knock", room), nullptr) << "a first sync has it too";
    since = sync_api::next(v);
    v = api.sync(carol, "since=" + since);
    EXPECT_FALSE(v.at("rooms").as_object().contains("knock")) << "told once";
    ASSERT_EQ(api.in("POST", room, "/kick", alice, {{"user_id", "@carol:porch.test"}}).status, 200);
    v = api.sync(carol, "since=" + since);
    EXPECT_NE(room_in(v, "leave", room), nullptr);
}

TEST_F(sync_unread, a_first_sync_with_lazy_members_reads_those_alone) {
    for (int i = 0; i < 12; ++i) {
        const auto token = api.sign_up("guest" + std::to_string(i));
        api.join(token, room);
    }
    api.say(bob, room, "hello");
    const auto v = api.sync(
        alice,
        "x=y" + sync_api::filter(
                    R"({"room":{"timeline":{"limit":1},"state":{"lazy_load_members":true}}})"));
    std::string members;
    for (const auto& e : room_in(v, "join", room)->at("state").at("events").as_array()) {
        if (e.at("type") == "m.room.member") {
            members += std::string(e.at("state_key").as_string()) + " ";
        }
    }
    EXPECT_EQ(members,
              "@alice:porch.test @bob:porch.test @guest0:porch.test @guest1:porch.test "
              "@guest2:porch.test @guest3:porch.test ");
}

}  // namespace
}  // namespace porchlight::client_api
