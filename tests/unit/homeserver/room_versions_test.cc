#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "matrix/room_version.h"
#include "unit/homeserver/room_bench.h"

// What differs between the room versions, in rooms that are made, used and read again.
namespace porchlight::homeserver {
namespace {

using matrix::errc;
using test::code_of;
using test::room_bench;

class versions : public testing::TestWithParam<int> {
  protected:
    room_key create(int version, std::string preset = "private_chat") {
        create_room wish;
        wish.room_version = std::to_string(version);
        wish.preset = std::move(preset);
        return house.create(alice, wish);
    }
    bool joins(caller who, room_key room) { return house.join(who, room).has_value(); }
    bool rule(const char* name) {
        return house.set(alice, r, "m.room.join_rules", {{"join_rule", name}}).has_value();
    }
    json::object power() { return house.state_content(r, "m.room.power_levels"); }

    room_bench house;
    caller alice = house.person("alice"), bob = house.person("bob");
    int v = GetParam();
    room_key r = create(v);
};

INSTANTIATE_TEST_SUITE_P(all, versions, testing::Range(1, 12),
                         [](const auto& p) { return "v" + std::to_string(p.param); });

TEST_P(versions, the_create_event_says_what_the_version_wants) {
    const auto create = house.state_content(r, "m.room.create");
    EXPECT_EQ(create.at("room_version").as_string(), std::to_string(v));
    EXPECT_EQ(create.contains("creator"), v <= 10);
    EXPECT_EQ(house.rooms.version(r), std::to_string(v));
    room_bench again(house.store);
    EXPECT_EQ(again.rooms.version(r), std::to_string(v));
    EXPECT_TRUE(again.send(alice, r, "after a restart"));
}

TEST_P(versions, event_ids_look_as_they_should_and_are_unique) {
    const std::regex form(v <= 2   ? R"(\$[A-Za-z0-9]{24}:porch\.test)"
                          : v == 3 ? R"(\$[A-Za-z0-9+/]{43})"
                                   : R"(\$[A-Za-z0-9_-]{43})");
    std::set<std::string> ids;
    bool only_unsafe = false;
    for (int i = 0; i < 40; ++i) {
        const auto id = house.send(alice, r, std::to_string(i)).value();
        EXPECT_TRUE(std::regex_match(id, form)) << id;
        EXPECT_EQ(house.store->event(id).value().event_id, id);
        only_unsafe = only_unsafe || id.find_first_of("+/") != std::string::npos;
        ids.insert(id);
    }
    EXPECT_EQ(ids.size(), 40U);
    EXPECT_EQ(only_unsafe, v == 3);
}

TEST_P(versions, a_redaction_names_its_event_where_the_version_wants_it) {
    const auto said = house.send(alice, r, "oops").value();
    const auto redaction = house.stored(house.redact(alice, r, said).value());
    EXPECT_EQ(redaction.contains("redacts"), v <= 10);
    EXPECT_EQ(redaction.at("content").as_object().contains("redacts"), v >= 11);
    const auto left = house.stored(said);
    EXPECT_TRUE(left.at("content").as_object().empty());
}

TEST_P(versions, a_redaction_keeps_what_the_version_keeps) {
    const auto id_of = [&](std::string_view type) {
        return house.store->state_event_at(r, type, "", newest_position).value().event_id;
    };
    ASSERT_TRUE(house.redact(alice, r, id_of("m.room.power_levels")));
    EXPECT_EQ(power().contains("invite"), v >= 11);
    EXPECT_EQ(power().at("ban"), 50);
    ASSERT_TRUE(house.redact(alice, r, id_of("m.room.create")));
    EXPECT_EQ(house.state_content(r, "m.room.create").contains("room_version"), v >= 11);
    ASSERT_TRUE(house.set(alice, r, "m.room.join_rules",
                          {{"join_rule", "invite"}, {"allow", json::array{}}, {"other", 1}}));
    ASSERT_TRUE(house.redact(alice, r, id_of("m.room.join_rules")));
    EXPECT_EQ(house.state_content(r, "m.room.join_rules").contains("allow"), v >= 8);
    EXPECT_FALSE(house.state_content(r, "m.room.join_rules").contains("other"));
}

TEST_P(versions, knocking_came_with_version_7) {
    ASSERT_TRUE(rule("knock"));
    EXPECT_EQ(house.give(bob, r, bob, membership::knock).has_value(), v >= 7);
    ASSERT_TRUE(house.give(alice, r, bob, membership::invite));
    EXPECT_EQ(joins(bob, r), v >= 7) << "before, an unknown join rule lets nobody in";
}

TEST_P(versions, knocking_in_restricted_rooms_came_with_version_10) {
    ASSERT_TRUE(rule("knock_restricted"));
    EXPECT_EQ(house.give(bob, r, bob, membership::knock).has_value(), v >= 10);
}

TEST_P(versions, restricted_joins_came_with_version_8) {
    const auto club = create(v, "public_chat");
    ASSERT_TRUE(joins(bob, club));
    const json::array allow{
        {{"type", "m.room_membership"}, {"room_id", house.rooms.room_id(club)}}};
    ASSERT_TRUE(
        house.set(alice, r, "m.room.join_rules", {{"join_rule", "restricted"}, {"allow", allow}}));
    EXPECT_EQ(joins(bob, r), v >= 8);
}

TEST_P(versions, levels_that_are_spelled_ended_with_version_10) {
    auto levels = power();
    levels["users"].as_object()[house.accounts.user_id(bob.user)] = " +50 ";
    levels["ban"] = "60";
    EXPECT_EQ(house.set(alice, r, "m.room.power_levels", levels).has_value(), v <= 9);
    ASSERT_TRUE(house.give(alice, r, bob, membership::invite));
    ASSERT_TRUE(joins(bob, r));
    EXPECT_EQ(house.set(bob, r, "m.room.topic", {{"topic", "bob's"}}).has_value(), v <= 9);
    levels["ban"] = "many";
    EXPECT_EQ(code_of(house.set(alice, r, "m.room.power_levels", levels)), errc::forbidden);
}

TEST_P(versions, notification_levels_are_guarded_from_version_6_on) {
    auto levels = power();
    levels["users"].as_object()[house.accounts.user_id(bob.user)] = 50;
    levels["events"].as_object()["m.room.power_levels"] = 50;
    levels["notifications"] = {{"room", 100}};
    ASSERT_TRUE(house.set(alice, r, "m.room.power_levels", levels));
    ASSERT_TRUE(house.give(alice, r, bob, membership::invite));
    ASSERT_TRUE(joins(bob, r));
    levels["notifications"] = {{"room", 0}};
    EXPECT_EQ(house.set(bob, r, "m.room.power_levels", levels).has_value(), v <= 5);
}

TEST_P(versions, alias_events_had_a_rule_of_their_own_before_version_6) {
    const json::object content{{"aliases", json::array{}}};
    ASSERT_TRUE(house.give(alice, r, bob, membership::invite));
    ASSERT_TRUE(joins(bob, r));
    EXPECT_EQ(house.set(bob, r, "m.room.aliases", content, "porch.test").has_value(), v <= 5);
    EXPECT_EQ(house.set(alice, r, "m.room.aliases", content, "other.test").has_value(), v >= 6);
}

// --- restricted joins ---

class restricted_rooms : public testing::Test {
  protected:
    outcome<std::string> allow(room_key room, json::array rooms) {
        return house.set(alice, room, "m.room.join_rules",
                         {{"join_rule", "restricted"}, {"allow", std::move(rooms)}});
    }
    json::object condition(room_key room, const char* type = "m.room_membership") {
        return {{"type", type}, {"room_id", house.rooms.room_id(room)}};
    }
    json::object member(caller who) {
        return house.state_content(r, "m.room.member", house.accounts.user_id(who.user));
    }

    room_bench house;
    caller alice = house.person("alice"), bob = house.person("bob"), carol = house.person("carol");
    room_key club = house.create_open(alice), r = house.create(alice);
};

TEST_F(restricted_rooms, members_of_an_allowed_room_are_vouched_for) {
    ASSERT_TRUE(allow(r, {condition(club)}));
    EXPECT_EQ(code_of(house.join(bob, r)), errc::forbidden);
    ASSERT_TRUE(house.join(bob, club));
    ASSERT_TRUE(house.join(bob, r));
    EXPECT_EQ(member(bob).at("join_authorised_via_users_server"), "@alice:porch.test");
    const auto row =
        house.store->state_event_at(r, "m.room.member", "@bob:porch.test", newest_position);
    const auto voucher =
        house.store->state_event_at(r, "m.room.member", "@alice:porch.test", newest_position);
    const auto event = house.stored(row->event_id);
    const auto& used = event.at("auth_events").as_array();
    EXPECT_NE(std::ranges::find(used, json::value(voucher->event_id)), used.end());
    ASSERT_TRUE(house.give(bob, club, bob, membership::leave));
    EXPECT_EQ(house.is(bob, r), membership::join) << "who is in stays in";
    ASSERT_TRUE(house.give(bob, r, bob, membership::leave));
    EXPECT_EQ(code_of(house.join(bob, r)), errc::forbidden);
}

TEST_F(restricted_rooms, an_invite_needs_no_voucher_and_a_ban_has_none) {
    ASSERT_TRUE(allow(r, {condition(club)}));
    ASSERT_TRUE(house.give(alice, r, bob, membership::invite));
    ASSERT_TRUE(house.join(bob, r));
    EXPECT_FALSE(member(bob).contains("join_authorised_via_users_server"));
    ASSERT_TRUE(house.join(carol, club));
    ASSERT_TRUE(house.give(alice, r, carol, membership::ban));
    EXPECT_EQ(code_of(house.join(carol, r)), errc::forbidden);
}

TEST_F(restricted_rooms, nobody_can_vouch_without_the_power_to_invite) {
    ASSERT_TRUE(house.join(bob, club));
    auto levels = house.state_content(r, "m.room.power_levels");
    levels["invite"] = 50;
    ASSERT_TRUE(house.set(alice, r, "m.room.power_levels", levels));
    ASSERT_TRUE(allow(r, {condition(club)}));
    ASSERT_TRUE(house.give(alice, r, carol, membership::invite));
    ASSERT_TRUE(house.join(carol, r));
    ASSERT_TRUE(house.give(alice, r, alice, membership::leave));
    EXPECT_EQ(code_of(house.join(bob, r)), errc::forbidden);
}

TEST_F(restricted_rooms, any_member_vouches_where_all_may_invite) {
    ASSERT_TRUE(house.join(bob, club));
    ASSERT_TRUE(allow(r, {condition(club)}));  // a private_chat: invite needs 0
    ASSERT_TRUE(house.give(alice, r, carol, membership::invite));
    ASSERT_TRUE(house.join(carol, r));
    ASSERT_TRUE(house.give(alice, r, alice, membership::leave));
    ASSERT_TRUE(house.join(bob, r));
    EXPECT_EQ(member(bob).at("join_authorised_via_users_server"), "@carol:porch.test");
}

TEST_F(restricted_rooms, conditions_that_are_not_understood_let_nobody_in) {
    ASSERT_TRUE(house.join(bob, club));
    ASSERT_TRUE(allow(r, {condition(club, "org.example.other"), "text", nullptr,
                          json::object{{"type", "m.room_membership"}, {"room_id", 5}},
                          json::object{{"type", "m.room_membership"}, {"room_id", "!no:where"}}}));
    EXPECT_EQ(code_of(house.join(bob, r)), errc::forbidden);
    ASSERT_TRUE(house.set(alice, r, "m.room.join_rules",
                          {{"join_rule", "restricted"}, {"allow", "everybody"}}));
    EXPECT_EQ(code_of(house.join(bob, r)), errc::forbidden);
}

TEST_F(restricted_rooms, a_user_cannot_say_who_vouched) {
    ASSERT_TRUE(allow(r, {condition(club)}));
    EXPECT_EQ(code_of(house.set(bob, r, "m.room.member",
                                {{"membership", "join"},
                                 {"join_authorised_via_users_server", "@alice:porch.test"}},
                                "@bob:porch.test")),
              errc::forbidden);
    ASSERT_TRUE(house.set(
        alice, r, "m.room.member",
        {{"membership", "join"}, {"join_authorised_via_users_server", "@alice:porch.test"}},
        "@alice:porch.test"));
    EXPECT_FALSE(member(alice).contains("join_authorised_via_users_server"));
}

TEST_F(restricted_rooms, invites_by_third_parties_are_refused) {
    EXPECT_EQ(code_of(house.set(alice, r, "m.room.member",
                                {{"membership", "invite"}, {"third_party_invite", json::object{}}},
                                "@bob:porch.test")),
              errc::forbidden);
}

TEST(room_power, is_not_reset_by_redacting_the_create_event) {
    room_bench house;
    const auto alice = house.person("alice"), bob = house.person("bob");
    const auto r = house.create_open(alice);
    ASSERT_TRUE(house.join(bob, r));
    auto levels = house.state_content(r, "m.room.power_levels");
    levels["users"] = {{"@bob:porch.test", 100}};
    ASSERT_TRUE(house.set(alice, r, "m.room.power_levels", levels));
    const auto create = house.store->state_event_at(r, "m.room.create", "", newest_position);
    ASSERT_TRUE(house.redact(bob, r, create->event_id));
    EXPECT_EQ(code_of(house.set(alice, r, "m.room.topic", {{"topic", "mine again"}})),
              errc::forbidden);
    EXPECT_TRUE(house.set(bob, r, "m.room.topic", {{"topic", "bob's"}}));
}

}  // namespace
}  // namespace porchlight::homeserver
