#include <gtest/gtest.h>

#include <set>

#include "matrix/event.h"
#include "unit/homeserver/room_bench.h"

// Rooms from creation to leaving, over a whole house.
namespace porchlight::homeserver {
namespace {

using matrix::errc;
using test::code_of;
using test::room_bench;

class rooms_life : public testing::Test {
  protected:
    room_bench house;
    caller alice = house.person("alice"), bob = house.person("bob"), carol = house.person("carol");
};

std::vector<std::string> types_of(const std::vector<ports::event_row>& rows) {
    std::vector<std::string> types;
    for (const auto& row : rows) {
        types.push_back(row.type);
    }
    return types;
}

TEST_F(rooms_life, a_new_room_begins_with_its_events_in_order) {
    create_room wish;
    wish.name = "Porch";
    wish.topic = "Who is home";
    wish.room_alias_name = "porch";
    wish.invite = {"@bob:porch.test"};
    wish.is_direct = true;
    wish.initial_state = {{{"type", "m.room.encryption"}, {"content", {{"algorithm", "x"}}}}};
    const auto r = house.create(alice, wish);
    EXPECT_EQ(types_of(house.events(r)),
              (std::vector<std::string>{
                  "m.room.create", "m.room.member", "m.room.power_levels", "m.room.canonical_alias",
                  "m.room.join_rules", "m.room.history_visibility", "m.room.guest_access",
                  "m.room.encryption", "m.room.name", "m.room.topic", "m.room.member"}));
    EXPECT_EQ(house.is(alice, r), membership::join);
    EXPECT_EQ(house.is(bob, r), membership::invite);
    EXPECT_EQ(house.rooms.by_alias("#porch:porch.test"), r);
    EXPECT_EQ(house.state_content(r, "m.room.create").at("room_version"), "10");
    EXPECT_EQ(house.state_content(r, "m.room.create").at("creator"), "@alice:porch.test");
    EXPECT_TRUE(
        house.state_content(r, "m.room.member", "@bob:porch.test").at("is_direct").as_bool());
    EXPECT_FALSE(house.rooms.is_public(r));
    const auto id = house.rooms.room_id(r);
    EXPECT_TRUE(id.starts_with('!') && id.ends_with(":porch.test") && id.size() == 1 + 18 + 11);
}

TEST_F(rooms_life, events_are_chained_hashed_and_named_after_their_hash) {
    const auto r = house.create(alice);
    house.send(alice, r, "one").value();
    house.send(alice, r, "two").value();
    std::string before;
    std::uint64_t depth = 0;
    for (const auto& row : house.events(r)) {
        const auto event = house.stored(row.event_id);
        EXPECT_EQ(matrix::event_id(event).value(), row.event_id);
        EXPECT_EQ(row.depth, ++depth);
        EXPECT_EQ(event.at("depth").as_int64(), static_cast<std::int64_t>(depth));
        const auto& previous = event.at("prev_events").as_array();
        if (before.empty()) {
            EXPECT_TRUE(previous.empty());
        } else {
            ASSERT_EQ(previous.size(), 1U);
            EXPECT_EQ(previous[0].as_string(), before);
        }
        before = row.event_id;
    }
}

TEST_F(rooms_life, messages_are_authorised_by_create_power_levels_and_own_membership) {
    const auto r = house.create(alice);
    const auto id = house.send(alice, r, "hello").value();
    std::set<std::string> types;
    const auto event = house.stored(id);
    for (const auto& auth : event.at("auth_events").as_array()) {
        types.insert(house.store->event(auth.as_string().c_str()).value().type);
    }
    EXPECT_EQ(types,
              (std::set<std::string>{"m.room.create", "m.room.power_levels", "m.room.member"}));
}

TEST_F(rooms_life, presets_decide_who_may_join) {
    create_room wish;
    wish.preset = "trusted_private_chat";
    wish.invite = {"@bob:porch.test"};
    const auto trusted = house.create(alice, wish);
    EXPECT_EQ(house.state_content(trusted, "m.room.power_levels").at("users").at("@bob:porch.test"),
              100);
    EXPECT_EQ(code_of(house.join(carol, trusted)), errc::forbidden);
    EXPECT_TRUE(house.join(bob, trusted));
    const auto open = house.create_open(alice);
    EXPECT_TRUE(house.rooms.is_public(open));
    EXPECT_TRUE(house.join(carol, open));
}

TEST_F(rooms_life, a_wish_that_cannot_be_met_makes_no_room) {
    const auto refused = [&](auto change) {
        create_room wish;
        change(wish);
        const auto positions = house.store->last_position();
        const auto code = code_of(house.try_create(alice, wish));
        EXPECT_EQ(house.store->last_position(), positions);
        EXPECT_TRUE(house.rooms.rooms_of(alice.user).empty());
        return code;
    };
    EXPECT_EQ(refused([](auto& w) { w.preset = "secret"; }), errc::invalid_param);
    EXPECT_EQ(refused([](auto& w) { w.visibility = "half"; }), errc::invalid_param);
    EXPECT_EQ(refused([](auto& w) { w.room_version = "12"; }), errc::unsupported_room_version);
    EXPECT_EQ(refused([](auto& w) { w.invite = {"bob"}; }), errc::invalid_param);
    EXPECT_EQ(refused([](auto& w) { w.invite = {"@nobody:porch.test"}; }), errc::not_found);
    EXPECT_EQ(refused([](auto& w) { w.room_alias_name = "a:b"; }), errc::invalid_param);
    EXPECT_EQ(refused([](auto& w) { w.initial_state = {1}; }), errc::bad_json);
    EXPECT_EQ(refused([](auto& w) {
                  w.power_level_content_override = {{"ban", "x"}};
              }),
              errc::forbidden);
    EXPECT_EQ(refused([](auto& w) { w.topic = std::string(70'000, 'x'); }), errc::too_large);
    EXPECT_EQ(refused([](auto& w) { w.invite.assign(101, "@bob:porch.test"); }),
              errc::invalid_param);
}

TEST_F(rooms_life, an_alias_is_given_once) {
    create_room wish;
    wish.room_alias_name = "porch";
    house.create(alice, wish);
    EXPECT_EQ(code_of(house.try_create(bob, wish)), errc::room_in_use);
}

TEST_F(rooms_life, invite_join_leave_kick_ban_unban) {
    const auto r = house.create(alice);
    EXPECT_EQ(code_of(house.join(bob, r)), errc::forbidden);
    EXPECT_TRUE(house.give(alice, r, bob, membership::invite));
    EXPECT_TRUE(house.join(bob, r));
    EXPECT_TRUE(house.engine.shares_room(alice.user, bob.user));
    EXPECT_TRUE(house.give(bob, r, bob, membership::leave));
    EXPECT_FALSE(house.engine.shares_room(alice.user, bob.user));
    EXPECT_TRUE(house.give(alice, r, bob, membership::invite));
    EXPECT_TRUE(house.join(bob, r));
    EXPECT_EQ(code_of(house.give(bob, r, alice, membership::leave)), errc::forbidden);
    EXPECT_TRUE(house.give(alice, r, bob, membership::leave));  // kicked
    EXPECT_EQ(house.is(bob, r), membership::leave);
    EXPECT_TRUE(house.give(alice, r, bob, membership::ban));
    EXPECT_EQ(code_of(house.give(alice, r, bob, membership::invite)), errc::forbidden);
    EXPECT_TRUE(house.give(alice, r, bob, membership::leave));  // unbanned
    EXPECT_TRUE(house.give(alice, r, bob, membership::invite));
    EXPECT_EQ(house.is(bob, r), membership::invite);
}

TEST_F(rooms_life, joining_and_leaving_twice_changes_nothing) {
    const auto r = house.create_open(alice);
    ASSERT_TRUE(house.join(bob, r));
    const auto count = house.events(r).size();
    EXPECT_TRUE(house.join(bob, r));
    EXPECT_EQ(house.events(r).size(), count);
    EXPECT_TRUE(house.give(bob, r, bob, membership::leave));
    EXPECT_TRUE(house.give(bob, r, bob, membership::leave));
    EXPECT_EQ(house.events(r).size(), count + 1);
}

TEST_F(rooms_life, state_replaces_what_was_and_says_so) {
    const auto r = house.create(alice);
    const auto first = house.set(alice, r, "m.room.topic", {{"topic", "one"}}).value();
    const auto second = house.set(alice, r, "m.room.topic", {{"topic", "two"}}).value();
    EXPECT_EQ(house.stored(second).at("unsigned").at("replaces_state").as_string(), first);
    EXPECT_FALSE(house.stored(first).contains("unsigned"));
}

TEST_F(rooms_life, limits_of_events_are_kept) {
    const auto r = house.create(alice);
    const auto count = house.events(r).size();
    EXPECT_EQ(code_of(house.send(alice, r, std::string(65'536, 'x'))), errc::too_large);
    EXPECT_EQ(code_of(house.set(alice, r, std::string(256, 't'), {})), errc::bad_json);
    EXPECT_EQ(code_of(house.set(alice, r, "t", {}, std::string(256, 'k'))), errc::bad_json);
    EXPECT_EQ(code_of(house.set(alice, r, "t", {{"level", 1.5}})), errc::bad_json);
    EXPECT_EQ(code_of(house.set(alice, r, "m.room.create", {})), errc::forbidden);
    EXPECT_EQ(house.events(r).size(), count);
    EXPECT_TRUE(house.send(alice, r, std::string(60'000, 'x')));
}

TEST_F(rooms_life, an_event_of_just_65536_bytes_is_taken) {
    const auto r = house.create(alice);
    const auto size = [&](const std::string& id) {
        return matrix::canonical_json(house.stored(id)).value().size();
    };
    const auto overhead = size(house.send(alice, r, "").value());
    EXPECT_EQ(size(house.send(alice, r, std::string(65'536 - overhead, 'x')).value()), 65'536U);
    EXPECT_EQ(code_of(house.send(alice, r, std::string(65'537 - overhead, 'x'))), errc::too_large);
}

TEST_F(rooms_life, a_canonical_alias_must_lead_to_the_room) {
    const auto r = house.create(alice);
    EXPECT_EQ(code_of(house.set(alice, r, "m.room.canonical_alias", {{"alias", "#a:porch.test"}})),
              errc::bad_alias);
    EXPECT_TRUE(house.wait<void>(
        [&](auto done) { house.rooms.add_alias(alice, "#a:porch.test", r, std::move(done)); }));
    EXPECT_TRUE(house.set(alice, r, "m.room.canonical_alias", {{"alias", "#a:porch.test"}}));
    EXPECT_EQ(code_of(house.set(alice, r, "m.room.canonical_alias", {{"alias", "nonsense"}})),
              errc::invalid_param);
}

TEST_F(rooms_life, aliases_come_and_go) {
    const auto r = house.create_open(alice);
    ASSERT_TRUE(house.join(bob, r));
    const auto add = [&](caller who, std::string alias) {
        return code_of(house.wait<void>(
            [&](auto done) { house.rooms.add_alias(who, std::move(alias), r, std::move(done)); }));
    };
    const auto remove = [&](caller who, std::string alias) {
        return house.wait<void>(
            [&](auto done) { house.rooms.remove_alias(who, std::move(alias), std::move(done)); });
    };
    EXPECT_EQ(add(carol, "#x:porch.test"), errc::forbidden);
    EXPECT_EQ(add(alice, "#x:elsewhere.test"), errc::invalid_param);
    add(alice, "#x:porch.test");
    EXPECT_EQ(add(bob, "#x:porch.test"), errc::room_in_use);
    EXPECT_EQ(house.rooms.aliases(r), std::vector<std::string>{"#x:porch.test"});
    EXPECT_EQ(code_of(remove(bob, "#x:porch.test")), errc::forbidden);
    EXPECT_TRUE(remove(alice, "#x:porch.test"));
    EXPECT_EQ(code_of(remove(alice, "#x:porch.test")), errc::not_found);
    EXPECT_FALSE(house.rooms.by_alias("#x:porch.test"));
}

TEST_F(rooms_life, forgetting_needs_to_have_left) {
    const auto r = house.create_open(alice);
    ASSERT_TRUE(house.join(bob, r));
    const auto forget = [&] {
        return house.wait<void>([&](auto done) { house.rooms.forget(bob, r, std::move(done)); });
    };
    EXPECT_EQ(code_of(forget()), errc::bad_state);
    ASSERT_TRUE(house.give(bob, r, bob, membership::leave));
    EXPECT_TRUE(forget());
    EXPECT_TRUE(house.rooms.rooms_of(bob.user).empty());
    EXPECT_TRUE(house.join(bob, r));
    EXPECT_EQ(house.rooms.rooms_of(bob.user).size(), 1U);
}

TEST_F(rooms_life, a_redaction_empties_the_event_and_stays_beside_it) {
    const auto r = house.create_open(alice);
    ASSERT_TRUE(house.join(bob, r));
    const auto said = house.send(alice, r, "regret").value();
    EXPECT_EQ(code_of(house.redact(bob, r, said)), errc::forbidden);
    EXPECT_EQ(code_of(house.redact(alice, r, "$unknown")), errc::not_found);
    const auto redaction = house.redact(alice, r, said).value();
    const auto left = house.stored(said);
    EXPECT_TRUE(left.at("content").as_object().empty());
    EXPECT_EQ(left.at("unsigned").at("redacted_because").at("event_id").as_string(), redaction);
    EXPECT_EQ(matrix::event_id(left).value(), said);
    EXPECT_EQ(house.stored(redaction).at("redacts").as_string(), said);
}

TEST_F(rooms_life, a_new_profile_reaches_every_joined_room_and_keeps_the_membership) {
    std::vector<room_key> joined;
    for (int i = 0; i < 40; ++i) {
        joined.push_back(house.create(alice));
    }
    const auto before = house.rooms.membership_of(joined[0], alice.user).position;
    ASSERT_TRUE(house.wait<void>([&](auto done) {
        house.accounts.set_profile(alice.user, "Alice", std::nullopt, std::move(done));
    }));
    for (const auto r : joined) {
        EXPECT_EQ(house.state_content(r, "m.room.member", "@alice:porch.test").at("displayname"),
                  "Alice");
    }
    EXPECT_EQ(house.rooms.membership_of(joined[0], alice.user).position, before);
}

TEST_F(rooms_life, who_is_deactivated_leaves_everywhere) {
    const auto r = house.create_open(alice);
    ASSERT_TRUE(house.join(bob, r));
    ASSERT_TRUE(
        house.wait<void>([&](auto done) { house.accounts.deactivate(bob.user, std::move(done)); }));
    EXPECT_EQ(house.is(bob, r), membership::leave);
}

TEST_F(rooms_life, a_restart_finds_rooms_members_aliases_and_levels) {
    create_room wish;
    wish.preset = "public_chat";
    wish.room_alias_name = "porch";
    const auto r = house.create(alice, wish);
    ASSERT_TRUE(house.join(bob, r));
    const auto news = house.rooms.news_position(bob.user);
    room_bench again(house.store);
    EXPECT_EQ(again.rooms.by_alias("#porch:porch.test"), r);
    EXPECT_EQ(again.rooms.news_position(bob.user), news);
    EXPECT_EQ(again.is(bob, r), membership::join);
    EXPECT_TRUE(again.engine.shares_room(alice.user, bob.user));
    EXPECT_EQ(code_of(again.set(bob, r, "m.room.topic", {})), errc::forbidden);
    EXPECT_TRUE(again.set(alice, r, "m.room.topic", {}));
    const auto next = again.create(alice);
    EXPECT_NE(next, r);
}

TEST_F(rooms_life, reading_depends_on_membership_and_visibility) {
    const auto r = house.create(alice);
    EXPECT_TRUE(house.rooms.may_read(r, alice.user));
    EXPECT_FALSE(house.rooms.may_read(r, bob.user));
    ASSERT_TRUE(house.give(alice, r, bob, membership::invite));
    EXPECT_FALSE(house.rooms.may_read(r, bob.user));
    ASSERT_TRUE(
        house.set(alice, r, "m.room.history_visibility", {{"history_visibility", "invited"}}));
    EXPECT_TRUE(house.rooms.may_read(r, bob.user));
    EXPECT_FALSE(house.rooms.may_read(r, carol.user));
    ASSERT_TRUE(house.set(alice, r, "m.room.history_visibility",
                          {{"history_visibility", "world_readable"}}));
    EXPECT_TRUE(house.rooms.may_read(r, carol.user));
}

}  // namespace
}  // namespace porchlight::homeserver
