#include <gtest/gtest.h>

#include "unit/client_api/sync_bench.h"

// GET /sync: parameters, tokens and presence.
namespace porchlight::client_api {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using test::presence_of;
using test::presence_state;
using test::sync_api;

class sync_presence : public testing::Test {
  protected:
    sync_api api;
    const std::string &alice = api.alice, &bob = api.bob, &carol = api.carol;
    std::string share(const std::string& owner) {
        const std::string room = api.create_open(owner);
        api.join(alice, room);
        api.join(bob, room);
        return room;
    }
};

TEST_F(sync_presence, malformed_parameters_are_refused) {
    for (const std::string query :
         {"since=abc", "since=", "since=1.2", "since=1.2.3x", "timeout=-1", "timeout=abc",
          "timeout=1.5", "timeout=", "full_state=yes", "set_presence=away",
          "set_presence=", "set_presence=hidden", "filter=99", "filter=abc", "filter=%7B",
          "filter=%7B%22room%22:1%7D", "filter=-1"}) {
        const auto a = api.ask("GET", sync_api::path(query), {}, alice);
        EXPECT_EQ(a.status, 400) << query << " " << a.text;
        EXPECT_EQ(a.errcode(), "M_INVALID_PARAM") << query;
    }
    EXPECT_EQ(api.ask("GET", sync_api::path("")).status, 401);
}

TEST_F(sync_presence, every_stated_presence_is_taken_and_unknown_parameters_are_ignored) {
    for (const auto& [asked, shown] : std::initializer_list<std::pair<std::string, std::string>>{
             {"online", "online"},
             {"unavailable", "unavailable"},
             {"free_for_chat", "free_for_chat"},
             {"busy", "busy"},
             {"org.matrix.msc3026.busy", "busy"}}) {
        const auto v = api.sync(alice, "_cacheBuster=1&timeout=0&set_presence=" + asked);
        EXPECT_EQ(presence_state(v, api.id("alice")), shown);
    }
}

TEST_F(sync_presence, set_presence_offline_marks_nothing) {
    EXPECT_EQ(presence_state(api.sync(alice, "set_presence=offline"), api.id("alice")), "offline");
    EXPECT_EQ(presence_state(api.sync(alice), api.id("alice")), "online");
}

TEST_F(sync_presence, an_answer_has_every_section) {
    const auto v = api.sync(alice);
    for (const char* key :
         {"next_batch", "account_data", "rooms", "presence", "to_device", "device_lists",
          "device_one_time_keys_count", "device_unused_fallback_key_types"}) {
        EXPECT_TRUE(v.as_object().contains(key)) << key;
    }
    for (const char* key : {"join", "invite", "leave"}) {
        EXPECT_TRUE(v.at("rooms").as_object().contains(key)) << key;
    }
}

TEST_F(sync_presence, the_composed_skeleton_is_that_of_presence_alone) {
    const auto composed = api.sync(alice);
    const auto h = api.poll(alice, api.next(composed));
    EXPECT_FALSE(api.take(h)) << "nothing new";
    api.put_presence("alice", alice, {{"presence", "unavailable"}});
    const auto alone = api.take(h);
    ASSERT_TRUE(alone);
    std::vector<std::string> first, second;
    for (const auto& m : composed.as_object()) {
        first.emplace_back(m.key());
    }
    const auto parsed = alone->json();
    for (const auto& m : parsed.as_object()) {
        second.emplace_back(m.key());
    }
    EXPECT_EQ(first, second);
    EXPECT_EQ(presence_state(parsed, api.id("alice")), "unavailable");
}

TEST_F(sync_presence, a_change_reaches_a_waiting_observer_once) {
    share(carol);
    const auto since = api.caught_up(bob);
    api.caught_up(alice);
    const auto h = api.poll(bob, api.caught_up(bob));
    api.put_presence("alice", alice, {{"presence", "free_for_chat"}, {"status_msg", "here"}});
    api.house.advance(200ms);
    const auto a = api.take(h);
    ASSERT_TRUE(a);
    const auto v = a->json();
    const auto* e = presence_of(v, api.id("alice"));
    ASSERT_NE(e, nullptr);
    EXPECT_EQ(e->at("content").at("presence"), "free_for_chat");
    EXPECT_EQ(e->at("content").at("status_msg"), "here");
    EXPECT_FALSE(test::holds_null(v));
    EXPECT_FALSE(api.take(api.poll(bob, api.next(v)))) << "the token covers what was shown";
    EXPECT_EQ(presence_state(api.sync(bob, "since=" + since), api.id("alice")), "free_for_chat");
}

TEST_F(sync_presence, a_poll_ends_with_an_empty_answer_when_its_time_is_over_and_not_before) {
    const auto h = api.poll(alice, api.caught_up(alice));
    api.house.advance(29'999ms);
    EXPECT_FALSE(api.take(h));
    api.house.advance(1ms);
    const auto a = api.take(h);
    ASSERT_TRUE(a);
    EXPECT_TRUE(a->json().at("presence").at("events").as_array().empty());
    EXPECT_EQ(api.streams.waiting(), 0U);
}

TEST_F(sync_presence, longer_timeouts_are_capped) {
    const auto since = api.caught_up(alice);
    const auto h = api.start(
        "GET", sync_api::path("timeout=99999999999999999999999&since=" + since), {}, alice);
    api.house.advance(59s);
    EXPECT_FALSE(api.take(h));
    api.house.advance(1s);
    EXPECT_TRUE(api.take(h));
}

TEST_F(sync_presence, filtered_presence_does_not_wake) {
    share(carol);
    api.caught_up(alice);
    const auto since = api.caught_up(bob);
    const auto filtered = api.poll(bob, since, api.filter(R"({"presence":{"not_types":["*"]}})"));
    const auto plain = api.poll(bob, since);
    api.put_presence("alice", alice, {{"presence", "unavailable"}});
    api.house.advance(1s);
    EXPECT_TRUE(api.take(plain));
    EXPECT_FALSE(api.take(filtered));
    api.house.advance(29s);
    const auto a = api.take(filtered);
    ASSERT_TRUE(a);
    EXPECT_TRUE(a->json().at("presence").at("events").as_array().empty());
}

TEST_F(sync_presence, what_the_limit_left_out_comes_next) {
    const auto room = share(carol);
    api.caught_up(carol);
    const auto since = api.caught_up(bob);
    api.caught_up(alice);
    api.put_presence("carol", carol, {{"presence", "unavailable"}});
    const std::string one = api.filter(R"({"presence":{"limit":1,"not_senders":["@bob:*"]}})");
    const auto first = api.sync(bob, "since=" + since + one);
    ASSERT_EQ(first.at("presence").at("events").as_array().size(), 1U);
    const auto second = api.sync(bob, "timeout=30000&since=" + api.next(first) + one);
    ASSERT_EQ(second.at("presence").at("events").as_array().size(), 1U);
    EXPECT_NE(first.at("presence").at("events").at(0).at("sender"),
              second.at("presence").at("events").at(0).at("sender"));
}

TEST_F(sync_presence, a_stored_filter_is_used_by_its_id) {
    share(carol);
    api.caught_up(alice);
    const auto made = api.ask_v3("POST", "/user/" + api.escape(api.id("bob")) + "/filter", bob,
                                 {{"presence", {{"senders", {"@carol:*"}}}}});
    ASSERT_EQ(made.status, 200);
    const std::string id{made.json().at("filter_id").as_string()};
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(presence_state(api.sync(bob, "filter=" + id), api.id("alice")), "absent");
    }
    EXPECT_EQ(presence_state(api.sync(bob), api.id("alice")), "online");
}

TEST_F(sync_presence, full_state_is_answered_at_once_with_everything) {
    share(carol);
    api.caught_up(alice);
    const auto v = api.sync(bob, "timeout=30000&full_state=true&since=" + api.caught_up(bob));
    EXPECT_EQ(presence_state(v, api.id("alice")), "online");
    EXPECT_EQ(presence_state(v, api.id("bob")), "online");
}

TEST_F(sync_presence, a_new_member_and_their_presence_come_in_one_answer) {
    const auto room = api.create_open(bob);
    api.caught_up(alice);
    const auto h = api.poll(bob, api.caught_up(bob));
    EXPECT_FALSE(api.take(h));
    api.join(alice, room);
    const auto a = api.take(h);
    ASSERT_TRUE(a);
    EXPECT_EQ(presence_state(a->json(), api.id("alice")), "online");
    ASSERT_NE(test::room_in(a->json(), "join", room), nullptr);
}

TEST_F(sync_presence, the_name_is_that_of_the_profile_whatever_a_room_calls_the_user) {
    const auto room = share(carol);
    api.ask_v3("PUT", "/profile/" + sync_api::id("alice") + "/displayname", alice,
               {{"displayname", "Alice"}});
    const auto set = api.in("PUT", room, "/state/m.room.member/" + sync_api::id("alice"), alice,
                            {{"membership", "join"}, {"displayname", "Queen of Hearts"}});
    ASSERT_EQ(set.status, 200);
    api.caught_up(alice);
    const auto v = api.sync(bob);
    const auto* seen = presence_of(v, sync_api::id("alice"));
    ASSERT_NE(seen, nullptr);
    EXPECT_EQ(seen->at("content").at("displayname"), "Alice");
}

TEST_F(sync_presence, a_client_that_went_away_leaves_nothing_behind) {
    const auto h = api.poll(alice, api.caught_up(alice));
    EXPECT_FALSE(api.take(h));
    EXPECT_EQ(api.streams.waiting(), 1U);
    api.dispatcher.on_gone(h);
    api.house.settle();
    EXPECT_EQ(api.streams.waiting(), 0U);
    api.house.advance(60s);
    EXPECT_FALSE(api.take(h));
}

TEST_F(sync_presence, who_goes_away_while_an_answer_is_composed_gets_none) {
    api.house.cold.held = true;
    const auto h = api.start("GET", sync_api::path(""), {}, alice);
    EXPECT_FALSE(api.take(h));
    api.dispatcher.on_gone(h);
    api.house.cold.held = false;
    EXPECT_FALSE(api.take(h));
    EXPECT_EQ(api.streams.waiting(), 0U);
}

TEST_F(sync_presence, who_goes_away_while_the_filter_loads_gets_no_poll) {
    api.house.cold.held = true;
    const auto h = api.start("GET", sync_api::path("filter=7"), {}, alice);
    api.house.settle();
    EXPECT_EQ(api.streams.waiting(), 1U);
    api.dispatcher.on_gone(h);
    api.house.cold.held = false;
    EXPECT_FALSE(api.take(h));
    EXPECT_EQ(api.streams.waiting(), 0U);
}

TEST_F(sync_presence, a_logout_while_an_answer_is_composed_ends_the_poll) {
    const auto room = share(carol);
    const auto h =
        api.poll(bob, api.caught_up(bob), api.filter(R"({"room":{"ephemeral":{"types":[]}}})"));
    EXPECT_FALSE(api.take(h));
    api.house.cold.held = true;
    const auto typing = api.in("PUT", room, "/typing/" + api.escape(api.id("alice")), alice,
                               {{"typing", true}, {"timeout", 30'000}});
    EXPECT_EQ(typing.status, 200);
    EXPECT_FALSE(api.take(h)) << "being composed";
    EXPECT_EQ(api.ask_v3("POST", "/logout", bob).status, 200);
    EXPECT_FALSE(api.take(h));
    api.house.cold.held = false;
    EXPECT_TRUE(api.take(h));
    EXPECT_EQ(presence_state(api.sync(alice), api.id("bob")), "absent") << "offline";
}

TEST_F(sync_presence, a_token_from_the_future_gets_a_full_answer) {
    const auto room = share(carol);
    const auto v = api.sync(bob, "timeout=30000&since=9000000000000000000.9000000000000000000.0");
    EXPECT_NE(test::room_in(v, "join", room), nullptr);
    EXPECT_EQ(presence_state(v, api.id("bob")), "online");
    EXPECT_FALSE(api.take(api.poll(bob, api.next(v))));
    const auto events = api.start(
        "GET", "/_matrix/client/v3/events?from=9000000000000000000.9000000000000000000.0", {}, bob);
    EXPECT_TRUE(api.take(events));
}

TEST_F(sync_presence, a_full_cold_pool_is_503_with_retry_after) {
    api.house.cold.full = true;
    const auto a = api.ask("GET", sync_api::path(""), {}, alice);
    EXPECT_EQ(a.status, 503);
    EXPECT_TRUE(
        std::ranges::any_of(a.headers, [](const auto& h) { return h.first == "Retry-After"; }));
    EXPECT_EQ(api.streams.waiting(), 0U);
}

TEST_F(sync_presence, presence_alone_needs_no_store) {
    share(carol);
    const auto h = api.poll(bob, api.caught_up(bob));
    EXPECT_FALSE(api.take(h));
    api.house.cold.full = true;
    api.put_presence("bob", bob, {{"presence", "unavailable"}});
    const auto a = api.take(h);
    ASSERT_TRUE(a);
    EXPECT_EQ(a->status, 200);
}

TEST_F(sync_presence, following_tokens_never_returns_early_and_empty) {
    const auto room = share(carol);
    std::string since = api.caught_up(bob);
    for (int round = 0; round < 5; ++round) {
        api.say(alice, room, "hi");
        const auto a = api.sync(bob, "timeout=30000&since=" + since);
        EXPECT_NE(test::room_in(a, "join", room), nullptr);
        since = api.next(a);
        const auto h = api.poll(bob, since);
        api.house.advance(1s);
        if (const auto early = api.take(h)) {
            EXPECT_FALSE(early->json().at("presence").at("events").as_array().empty());
            since = api.next(early->json());
        }
    }
}

}  // namespace
}  // namespace porchlight::client_api
