#include "homeserver/rooms/authorization.h"

#include <gtest/gtest.h>

// The authorisation rules of room version 10, as tables: who, from what to what, allowed or not.
namespace porchlight::homeserver {
namespace {

using enum membership;

constexpr std::string_view creator = "@creator:porch.test";
constexpr std::string_view moderator = "@moderator:porch.test";
constexpr std::string_view alice = "@alice:porch.test";
constexpr std::string_view bob = "@bob:porch.test";

power_levels levels(const json::object& content) {
    return power_levels::parse(content, matrix::room_version::ten()).value();
}

room_rules rules(join_rule joining = join_rule::invite) {
    room_rules r;
    r.creator = creator;
    r.joining = joining;
    r.power = levels({{"users", {{creator, 100}, {moderator, 50}}},
                      {"events", {{"m.room.name", 50}, {"m.room.power_levels", 100}}},
                      {"invite", 0}});
    return r;
}

struct member_case {
    const char* what;
    std::string_view sender;
    membership sender_now;
    std::string_view target;
    membership target_now, to;
    join_rule joining;
    bool allowed;
};

class member_rules : public testing::TestWithParam<member_case> {};

TEST_P(member_rules, decide) {
    const auto& c = GetParam();
    const auto reason = refuses_member(
        rules(c.joining), {c.sender, c.target, c.sender_now, c.target_now, c.to, false});
    EXPECT_EQ(!reason, c.allowed) << c.what << ": " << reason.value_or("allowed");
}

constexpr auto open = join_rule::open;
constexpr auto by_invite = join_rule::invite;
constexpr auto by_knock = join_rule::knock;
constexpr auto restricted = join_rule::restricted;

INSTANTIATE_TEST_SUITE_P(
    joining, member_rules,
    testing::Values(
        member_case{"anybody joins an open room", alice, none, alice, none, join, open, true},
        member_case{"nobody joins for another", alice, join, bob, none, join, open, false},
        member_case{"the banned stay out", alice, ban, alice, ban, join, open, false},
        member_case{"no invite, no join", alice, none, alice, none, join, by_invite, false},
        member_case{"who left needs a new invite", alice, leave, alice, leave, join, by_invite,
                    false},
        member_case{"the invited join", alice, invite, alice, invite, join, by_invite, true},
        member_case{"members join again (a new name)", alice, join, alice, join, join, by_invite,
                    true},
        member_case{"a knock is no join", alice, knock, alice, knock, join, by_knock, false},
        member_case{"the invited join a knock room", alice, invite, alice, invite, join, by_knock,
                    true},
        member_case{"a restricted room takes the invited", alice, invite, alice, invite, join,
                    restricted, true},
        member_case{"a restricted room refuses others", alice, none, alice, none, join, restricted,
                    false},
        member_case{"an unknown rule lets nobody in", alice, invite, alice, invite, join,
                    join_rule::closed, false}));

INSTANTIATE_TEST_SUITE_P(
    inviting, member_rules,
    testing::Values(
        member_case{"members invite", alice, join, bob, none, invite, by_invite, true},
        member_case{"members invite who left", alice, join, bob, leave, invite, by_invite, true},
        member_case{"strangers do not", alice, none, bob, none, invite, open, false},
        member_case{"the invited do not", alice, invite, bob, none, invite, open, false},
        member_case{"members are not invited", alice, join, bob, join, invite, open, false},
        member_case{"the banned are not invited", moderator, join, bob, ban, invite, open, false}));

INSTANTIATE_TEST_SUITE_P(
    leaving, member_rules,
    testing::Values(
        member_case{"members leave", alice, join, alice, join, leave, open, true},
        member_case{"an invite is refused", alice, invite, alice, invite, leave, open, true},
        member_case{"a knock is withdrawn", alice, knock, alice, knock, leave, open, true},
        member_case{"a ban is not left", alice, ban, alice, ban, leave, open, false},
        member_case{"strangers do not leave", alice, none, alice, none, leave, open, false},
        member_case{"moderators kick", moderator, join, bob, join, leave, open, true},
        member_case{"members do not kick", alice, join, bob, join, leave, open, false},
        member_case{"moderators do not kick the creator", moderator, join, creator, join, leave,
                    open, false},
        member_case{"who left does not kick", moderator, leave, bob, join, leave, open, false},
        member_case{"a knock is refused by a kick", moderator, join, bob, knock, leave, by_knock,
                    true},
        member_case{"moderators unban", moderator, join, bob, ban, leave, open, true},
        member_case{"members do not unban", alice, join, bob, ban, leave, open, false}));

INSTANTIATE_TEST_SUITE_P(
    banning, member_rules,
    testing::Values(
        member_case{"moderators ban", moderator, join, bob, join, ban, open, true},
        member_case{"also strangers", moderator, join, bob, none, ban, open, true},
        member_case{"not their equals", moderator, join, moderator, join, ban, open, false},
        member_case{"not the creator", moderator, join, creator, join, ban, open, false},
        member_case{"members do not ban", alice, join, bob, join, ban, open, false},
        member_case{"who left does not ban", creator, leave, bob, join, ban, open, false}));

INSTANTIATE_TEST_SUITE_P(
    knocking, member_rules,
    testing::Values(
        member_case{"strangers knock", alice, none, alice, none, knock, by_knock, true},
        member_case{"where the rule says so", alice, none, alice, none, knock, by_invite, false},
        member_case{"for themselves", alice, none, bob, none, knock, by_knock, false},
        member_case{"not when banned", alice, ban, alice, ban, knock, by_knock, false},
        member_case{"not when invited", alice, invite, alice, invite, knock, by_knock, false},
        member_case{"not when in", alice, join, alice, join, knock, by_knock, false}));

TEST(room_rules, only_the_creator_joins_first) {
    const room_rules fresh{std::string(creator), by_invite,
                           power_levels::of_creator(std::string(creator))};
    EXPECT_FALSE(refuses_member(fresh, {creator, creator, none, none, join, true}));
    EXPECT_TRUE(refuses_member(fresh, {alice, alice, none, none, join, true}));
    EXPECT_TRUE(refuses_member(fresh, {creator, creator, none, none, join, false}));
}

bool may_send(std::string_view sender, membership now, std::string_view type,
              std::optional<std::string_view> key, const json::object& content = {}) {
    return !refuses_event(rules(), {sender, now, type, key, content});
}

TEST(room_rules, events_need_a_joined_sender_of_enough_power) {
    EXPECT_TRUE(may_send(alice, join, "m.room.message", std::nullopt));
    EXPECT_FALSE(may_send(alice, invite, "m.room.message", std::nullopt));
    EXPECT_FALSE(may_send(alice, leave, "m.room.message", std::nullopt));
    EXPECT_FALSE(may_send(alice, join, "m.room.name", ""));
    EXPECT_TRUE(may_send(moderator, join, "m.room.name", ""));
    EXPECT_FALSE(may_send(alice, join, "org.example.state", ""));  // state_default 50
    EXPECT_TRUE(may_send(moderator, join, "org.example.state", ""));
    EXPECT_FALSE(may_send(creator, join, "m.room.create", ""));
}

TEST(room_rules, state_under_a_user_id_is_that_users) {
    EXPECT_TRUE(may_send(creator, join, "org.example.state", creator));
    EXPECT_FALSE(may_send(creator, join, "org.example.state", alice));
}

TEST(room_rules, own_events_are_redacted_by_anyone_and_others_by_power) {
    EXPECT_FALSE(refuses_redaction(rules(), alice, alice));
    EXPECT_TRUE(refuses_redaction(rules(), alice, bob));
    EXPECT_FALSE(refuses_redaction(rules(), moderator, creator));
}

// --- power levels ---

TEST(power_levels, defaults_with_and_without_the_event) {
    const auto none_yet = power_levels::of_creator(std::string(creator));
    EXPECT_EQ(none_yet.of(creator), 100);
    EXPECT_EQ(none_yet.of(alice), 0);
    EXPECT_EQ(none_yet.needed_for("m.room.topic", true), 0);
    const auto empty = levels({});
    EXPECT_EQ(empty.of(creator), 0);
    EXPECT_EQ(empty.needed_for("m.room.topic", true), 50);
    EXPECT_EQ(empty.needed_for("m.room.message", false), 0);
    EXPECT_EQ(empty.invite(), 0);
    EXPECT_EQ(empty.kick(), 50);
    EXPECT_EQ(empty.ban(), 50);
    EXPECT_EQ(empty.redact(), 50);
}

TEST(power_levels, version_10_takes_integers_only) {
    EXPECT_FALSE(power_levels::parse({{"ban", "50"}}, matrix::room_version::ten()));
    EXPECT_FALSE(power_levels::parse({{"users", {{alice, "50"}}}}, matrix::room_version::ten()));
    EXPECT_FALSE(power_levels::parse({{"users", {{"alice", 50}}}}, matrix::room_version::ten()));
    EXPECT_FALSE(power_levels::parse({{"events", json::array{}}}, matrix::room_version::ten()));
    EXPECT_FALSE(
        power_levels::parse({{"notifications", {{"room", 1.5}}}}, matrix::room_version::ten()));
    EXPECT_TRUE(power_levels::parse({{"users", {{alice, -5}}}, {"unknown", "x"}},
                                    matrix::room_version::ten()));
}

struct change_case {
    const char* what;
    std::string_view sender;
    json::object before, after;
    bool allowed;
};

class power_changes : public testing::TestWithParam<change_case> {};

TEST_P(power_changes, decide) {
    const auto& c = GetParam();
    const auto reason =
        levels(c.before).refuses_change(c.sender, levels(c.after), matrix::room_version::ten());
    EXPECT_EQ(!reason, c.allowed) << c.what << ": " << reason.value_or("allowed");
}

const json::object mods{{"users", {{moderator, 50}, {"@other:porch.test", 50}, {creator, 100}}}};
json::object mods_with(std::string_view user, int level) {
    json::object content = mods;
    content["users"].as_object()[user] = level;
    return content;
}
json::object with(json::object content, std::string_view key, json::value v) {
    content[key] = std::move(v);
    return content;
}

INSTANTIATE_TEST_SUITE_P(
    rule_9, power_changes,
    testing::Values(
        change_case{"nothing changes", moderator, mods, mods, true},
        change_case{"a level up to one's own", moderator, mods, mods_with(alice, 50), true},
        change_case{"not above one's own", moderator, mods, mods_with(alice, 51), false},
        change_case{"not one's own up", moderator, mods, mods_with(moderator, 51), false},
        change_case{"one's own down", moderator, mods, mods_with(moderator, 10), true},
        change_case{"not an equal's down", moderator, mods, mods_with("@other:porch.test", 10),
                    false},
        change_case{"not a higher one's", moderator, mods, mods_with(creator, 10), false},
        change_case{"a lower one's down", creator, mods, mods_with(moderator, 0), true},
        change_case{"a limit above one's own is kept", moderator, with(mods, "ban", 60),
                    with(mods, "ban", 40), false},
        change_case{"a limit is not set above one's own", moderator, mods, with(mods, "kick", 60),
                    false},
        change_case{"a limit up to one's own", moderator, mods, with(mods, "kick", 50), true},
        change_case{"an event's level above one's own is kept", moderator,
                    with(mods, "events", {{"m.room.name", 60}}), mods, false},
        change_case{"an event's level below is removed", moderator,
                    with(mods, "events", {{"m.room.name", 50}}), mods, true},
        change_case{"notifications count too", moderator, mods,
                    with(mods, "notifications", {{"room", 60}}), false}));

}  // namespace
}  // namespace porchlight::homeserver
