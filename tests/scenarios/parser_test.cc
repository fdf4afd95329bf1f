#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/scenario.h"

namespace porchlight::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::string error_of(std::string_view text) {
    try {
        parse(text, "x.scn");
    } catch (const scenario_error& e) {
        return e.what();
    }
    return "no error";
}

template <class Step>
Step only_step(const std::string& text) {
    const scenario s = parse(text, "x.scn");
    EXPECT_EQ(s.lines.size(), 1U);
    return std::get<Step>(s.lines.at(0).what);
}

TEST(scenario_parser, reads_what_is_given) {
    const scenario s = parse(
        "# a \"comment\n"
        "only pure, engine\n"
        "given idle timeout 2m\ngiven grace 10s\ngiven active window 250ms\n"
        "given rooms policy not_public\ngiven room members max 3\n"
        "given alice, bob and carol share a public room called park\n"
        "given alice and bob share 2 rooms\n"
        "given dora exists\n\n"
        "at 1m30s the server restarts\n",
        "x.scn");
    EXPECT_THAT(s.only, ElementsAre("pure", "engine"));
    EXPECT_EQ(s.given.idle_timeout, 2min);
    EXPECT_EQ(s.given.grace, 10s);
    EXPECT_EQ(s.given.active_window, 250ms);
    EXPECT_EQ(s.given.rooms_policy, "not_public");
    EXPECT_EQ(s.given.room_members_max, 3U);
    EXPECT_THAT(s.given.users, ElementsAre("alice", "bob", "carol", "dora"));
    ASSERT_EQ(s.given.rooms.size(), 3U);
    EXPECT_EQ(s.given.rooms[0].name, "park");
    EXPECT_TRUE(s.given.rooms[0].is_public);
    EXPECT_THAT(s.given.rooms[0].members, ElementsAre("alice", "bob", "carol"));
    EXPECT_EQ(s.given.rooms[1].name, "room");
    EXPECT_EQ(s.given.rooms[2].name, "room2");
    EXPECT_FALSE(s.given.rooms[2].is_public);
    EXPECT_EQ(s.lines.at(0).at, 90s);
    EXPECT_EQ(s.lines.at(0).number, 12U);
}

TEST(scenario_parser, reads_a_put) {
    const auto p =
        only_step<step::puts>("at 0s alice/phone puts busy expiring in 60s \"at lunch\"");
    EXPECT_EQ(p.who, (actor{"alice", "phone"}));
    EXPECT_EQ(p.state, "busy");
    EXPECT_EQ(p.text, "at lunch");
    EXPECT_EQ(p.expires_in, 60s);
    EXPECT_FALSE(p.unhide);
    EXPECT_EQ(only_step<step::puts>("at 0s alice/phone puts online text \"\"").text, "");
    EXPECT_EQ(only_step<step::puts>("at 0s alice/phone puts online").text, std::nullopt);
    EXPECT_TRUE(only_step<step::puts>("at 0s alice/phone unhides as unavailable").unhide);
}

TEST(scenario_parser, reads_what_is_seen) {
    const auto s = only_step<step::sees>(
        "at 5m bob sees alice online \"lunch\", currently active, active 30s ago");
    EXPECT_EQ(s.observer, "bob");
    EXPECT_EQ(s.subject, "alice");
    EXPECT_EQ(s.state, "online");
    EXPECT_EQ(s.text, "lunch");
    EXPECT_EQ(s.currently_active, true);
    EXPECT_EQ(s.active_ago, 30s);
    const auto none = only_step<step::sees>("at 5m bob sees no one called alice");
    EXPECT_EQ(none.state, std::nullopt);
    EXPECT_EQ(only_step<step::sees>("at 5m bob sees himself hidden with no text").text, "");
}

TEST(scenario_parser, reads_what_was_heard) {
    const auto h = only_step<step::heard>("at 5m bob/tablet last heard of alice busy \"no\"");
    EXPECT_EQ(h.observer, (actor{"bob", "tablet"}));
    EXPECT_EQ(h.what.subject, "alice");
    EXPECT_EQ(h.what.state, "busy");
    EXPECT_EQ(h.what.text, "no");
    EXPECT_EQ(only_step<step::heard>("at 5m bob heard nothing about alice").what.state,
              std::nullopt);
}

TEST(scenario_parser, reads_a_change_of_settings) {
    const auto p = only_step<step::settings_change>("at 5m the rooms policy becomes none");
    EXPECT_EQ(p.rooms_policy, "none");
    EXPECT_EQ(p.presence, std::nullopt);
    EXPECT_EQ(only_step<step::settings_change>("at 5m presence is switched off").presence, false);
    EXPECT_THAT(error_of("at 5m the rooms policy becomes some"), testing::HasSubstr("not_public"));
}

TEST(scenario_parser, reads_how_often_somebody_is_woken) {
    EXPECT_EQ(only_step<step::gets_events>("at 0s bob is not woken").count, 0U);
    EXPECT_EQ(only_step<step::gets_events>("at 0s bob is woken twice").count, 2U);
    EXPECT_EQ(only_step<step::gets_events>("at 0s bob is woken 3 times").count, 3U);
    const auto g = only_step<step::gets_events>("at 0s bob/tablet gets 1 event about bob");
    EXPECT_EQ(g.observer, (actor{"bob", "tablet"}));
    EXPECT_EQ(g.subject, "bob");
    EXPECT_EQ(g.count, 1U);
}

TEST(scenario_parser, reads_what_is_done_with_lists) {
    using enum step::list_verb;
    const auto i = only_step<step::changes_lists>("at 0s alice/desk invites bob");
    EXPECT_EQ(i.who, (actor{"alice", "desk"}));
    EXPECT_EQ(i.whom, "bob");
    const std::pair<const char*, step::list_verb> verbs[] = {
        {"invites", invite}, {"drops", drop},   {"accepts", accept},  {"denies", deny},
        {"revokes", revoke}, {"blocks", block}, {"unblocks", unblock}};
    for (const auto& [word, verb] : verbs) {
        EXPECT_EQ(only_step<step::changes_lists>(std::string("at 0s a ") + word + " b").verb, verb);
    }
    const auto p = [](const std::string& rest) {
        return only_step<step::sets_policy>("at 0s bob " + rest);
    };
    EXPECT_EQ(p("shows himself to everyone").visibility, "everyone");
    EXPECT_EQ(p("shows herself to lists only").visibility, "lists_only");
    EXPECT_EQ(p("shows themself to nobody").visibility, "nobody");
    EXPECT_EQ(p("shows himself to nobody").auto_accept, std::nullopt);
    EXPECT_EQ(p("accepts no one without being asked").auto_accept, "never");
    EXPECT_EQ(p("accepts contacts without being asked").auto_accept, "contacts");
    EXPECT_EQ(p("accepts everyone here without being asked").auto_accept, "same_server");
    EXPECT_EQ(p("accepts everyone without being asked").auto_accept, "everyone");
    EXPECT_THAT(error_of("at 0s bob shows himself to friends"), testing::HasSubstr("lists only"));
}

TEST(scenario_parser, reads_what_is_found_on_lists) {
    const auto f = only_step<step::finds_listed>(
        "at 0s alice has bob on her list, accepted, offline \"lunch\", active 30s ago");
    EXPECT_EQ(f.shown.observer, "alice");
    EXPECT_EQ(f.shown.subject, "bob");
    EXPECT_EQ(f.accepted, true);
    EXPECT_EQ(f.shown.state, "offline");
    EXPECT_EQ(f.shown.text, "lunch");
    EXPECT_EQ(f.shown.active_ago, 30s);
    EXPECT_EQ(only_step<step::finds_listed>("at 0s a has b on his list, pending").accepted, false);
    EXPECT_EQ(only_step<step::finds_listed>("at 0s a doesn't have b on their list").accepted,
              std::nullopt);
    const auto a = only_step<step::finds_answer>("at 0s bob has an invite of alice");
    EXPECT_EQ(a.who, "bob");
    EXPECT_EQ(a.whom, "alice");
    EXPECT_EQ(a.what, step::answer::invited);
    EXPECT_TRUE(a.there);
    const auto d =
        only_step<step::finds_answer>("at 0s bob doesn't have alice among the preapproved");
    EXPECT_EQ(d.what, step::answer::preapproved);
    EXPECT_FALSE(d.there);
    EXPECT_THAT(error_of("at 0s bob has alice among the friends"), testing::HasSubstr("observers"));
    EXPECT_THAT(error_of("at 0s bob has alice on his list, maybe"), testing::HasSubstr("pending"));
}

TEST(scenario_parser, reads_what_somebody_is_told) {
    const auto t = only_step<step::is_told>("at 0s bob/phone is told of alice's invite twice");
    EXPECT_EQ(t.who, (actor{"bob", "phone"}));
    EXPECT_EQ(t.by, "alice");
    EXPECT_EQ(t.what, step::notice::invite);
    EXPECT_EQ(t.count, 2U);
    const auto n = only_step<step::is_told>("at 0s alice is not told of bob's acceptance");
    EXPECT_EQ(n.what, step::notice::acceptance);
    EXPECT_EQ(n.count, 0U);
    EXPECT_THAT(error_of("at 0s bob is told of alice invite once"), testing::HasSubstr("'s"));
}

TEST(scenario_parser, says_where_and_what_is_allowed) {
    EXPECT_EQ(error_of("given alice exists\nat 5x alice syncs"),
              "x.scn:2: at the end of \"at 5x\": a time is like 30s, 4m59s, 250ms, 2h or 1d");
    EXPECT_THAT(error_of("at 0s alice puts away"), testing::HasSubstr("a state is one of offline"));
    EXPECT_THAT(error_of("at 0s alice dances"), testing::HasSubstr("a verb should come here"));
    EXPECT_THAT(error_of("at 0s alice puts online \"x"), testing::HasSubstr("doesn't end"));
    EXPECT_THAT(error_of("at 0s alice syncs twice"), testing::HasSubstr("nothing more"));
    EXPECT_THAT(error_of("at 9s alice syncs\nat 8s alice syncs"),
                testing::HasSubstr("time doesn't go back"));
    EXPECT_THAT(error_of("given a, b share a room\ngiven a, c share a room\nat 0s a syncs"),
                testing::HasSubstr("give this one a name"));
    EXPECT_THAT(error_of("given alice exists"), testing::HasSubstr("begins with \"at\""));
}

}  // namespace
}  // namespace porchlight::scenarios
