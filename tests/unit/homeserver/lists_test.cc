#include "homeserver/lists.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "lists_bench.h"

namespace porchlight::homeserver {
namespace {

using matrix::errc;
using presence::auto_accept;
using presence::user_visibility;
using namespace std::chrono_literals;

struct lists_test : testing::Test {
    lists_bench b;
    caller alice = b.user("alice");
    caller bob = b.user("bob");
    const std::string invite = "m.presence_invite @alice:porch.test";
    const std::string acceptance = "m.presence_accept @bob:porch.test";
};

// --- asking and answering ---

TEST_F(lists_test, an_invite_waits_until_the_subject_accepts_and_then_it_is_a_reason) {
    ASSERT_TRUE(b.change(alice, {id("bob")}));
    EXPECT_EQ(b.list(alice), (ids{"@bob:porch.test pending"}));
    EXPECT_EQ(b.names(b.overview(bob).incoming), (ids{id("alice")}));
    EXPECT_EQ(b.overview(bob).incoming.front().since, b.house.clock.at.wall);
    EXPECT_EQ(b.mail(bob.device), (ids{invite}));
    EXPECT_FALSE(b.sees(alice, bob));
    ASSERT_TRUE(b.accept(bob, {id("alice")}));
    EXPECT_EQ(b.list(alice), (ids{"@bob:porch.test accepted"}));
    EXPECT_EQ(b.names(b.overview(bob).observers), (ids{id("alice")}));
    EXPECT_EQ(b.mail(alice.device), (ids{acceptance}));
    EXPECT_TRUE(b.sees(alice, bob));
    EXPECT_FALSE(b.sees(bob, alice)) << "consent is of one direction";
}

TEST_F(lists_test, a_deny_looks_like_no_answer) {
    b.change(alice, {id("bob")});
    const auto before = b.list(alice);
    const auto outgoing = b.overview(alice).outgoing.front().since;
    b.house.advance(1s);
    ASSERT_TRUE(b.deny(bob, {id("alice")}));
    EXPECT_EQ(b.list(alice), before);
    EXPECT_EQ(b.overview(alice).outgoing.front().since, outgoing);
    EXPECT_TRUE(b.mail(alice.device).empty());
    EXPECT_EQ(b.names(b.overview(bob).denied), (ids{id("alice")}));
    EXPECT_TRUE(b.overview(bob).incoming.empty());
    b.house.advance(48h);
    b.change(alice, {id("bob")});
    EXPECT_EQ(b.mail(bob.device), (ids{invite})) << "asking again stays silent";
    ASSERT_TRUE(b.accept(bob, {id("alice")}));
    EXPECT_TRUE(b.sees(alice, bob)) << "accepting undoes a deny";
}

TEST_F(lists_test, a_revocation_ends_the_view) {
    b.change(alice, {id("bob")});
    b.accept(bob, {id("alice")});
    ASSERT_TRUE(b.revoke(bob, {id("alice")}));
    EXPECT_FALSE(b.sees(alice, bob));
    EXPECT_EQ(b.list(alice), (ids{"@bob:porch.test pending"}));
}

TEST_F(lists_test, a_drop_ends_the_view_and_the_consent) {
    b.change(alice, {id("bob")});
    b.accept(bob, {id("alice")});
    ASSERT_TRUE(b.change(alice, {}, {id("bob")}));
    EXPECT_FALSE(b.sees(alice, bob));
    EXPECT_TRUE(b.list(alice).empty());
    EXPECT_TRUE(b.overview(bob).observers.empty());
    b.change(alice, {id("bob")});
    EXPECT_FALSE(b.sees(alice, bob)) << "a new invite is asked anew";
}

TEST_F(lists_test, accepting_without_an_invite_is_a_preapproval_that_revoke_removes) {
    b.accept(bob, {id("alice"), id("ghost"), "@x:elsewhere.test"});
    EXPECT_EQ(b.names(b.overview(bob).preapproved),
              (ids{id("alice"), id("ghost"), "@x:elsewhere.test"}));
    b.change(alice, {id("bob")});
    EXPECT_TRUE(b.sees(alice, bob));
    EXPECT_EQ(b.mail(alice.device), (ids{acceptance}));
    EXPECT_TRUE(b.mail(bob.device).empty());
    b.revoke(bob, {id("ghost"), "@x:elsewhere.test"});
    EXPECT_TRUE(b.overview(bob).preapproved.empty());
}

TEST_F(lists_test, every_call_is_idempotent) {
    b.change(alice, {id("bob"), id("bob")});
    b.accept(bob, {id("alice")});
    b.block(bob, {id("ghost")});
    b.policy(bob, user_visibility::lists_only, auto_accept::contacts);
    const auto rows = b.rows();
    const auto commits = b.house.log_device.durable_commits;
    b.change(alice, {id("bob")}, {id("stranger")});
    b.accept(bob, {id("alice")});
    b.block(bob, {id("ghost")});
    b.unblock(bob, {id("alice")});
    b.policy(bob, user_visibility::lists_only, auto_accept::contacts);
    b.policy(bob, {}, {});
    EXPECT_EQ(b.rows(), rows);
    EXPECT_EQ(b.house.log_device.durable_commits, commits) << "nothing to store";
    EXPECT_EQ(b.mail(alice.device).size(), 1u);
}

TEST_F(lists_test, a_wrong_call_changes_nothing) {
    const auto refused = [&](const outcome<void>& r) {
        return !r && r.error().code == errc::invalid_param;
    };
    EXPECT_TRUE(refused(b.change(alice, {id("bob"), id("alice")})));
    EXPECT_TRUE(refused(b.change(alice, {id("bob"), "bob"})));
    EXPECT_TRUE(refused(b.change(alice, {id("bob"), "@bob:"})));
    EXPECT_TRUE(refused(b.change(alice, {id("bob")}, {id("bob")})));
    EXPECT_TRUE(refused(b.answer(bob, {.accept = {id("alice")}, .block = {id("alice")}})));
    EXPECT_TRUE(refused(b.block(bob, {id("bob")})));
    EXPECT_TRUE(refused(b.change(alice, ids(base::limits::list_ids_per_call_max + 1, id("bob")))));
    EXPECT_EQ(b.rows(), "");
    EXPECT_FALSE(b.house.accounts.names().find("@x:elsewhere.test"));
}

// --- notices ---

TEST_F(lists_test, one_notice_a_day_whatever_lies_between) {
    for (int i = 0; i < 3; ++i) {
        b.change(alice, {id("bob")});
        b.deny(bob, {id("alice")});
        b.accept(bob, {id("alice")});
        b.change(alice, {}, {id("bob")});
    }
    b.change(alice, {id("bob")});
    EXPECT_EQ(b.mail(bob.device), (ids{invite}));
    EXPECT_EQ(b.names(b.overview(bob).incoming), (ids{id("alice")})) << "untold, but there";
    b.change(alice, {}, {id("bob")});
    lists_bench after(b.house.store);
    after.change(alice, {id("bob")});
    EXPECT_EQ(after.mail(bob.device), (ids{invite})) << "a restart forgets no notice";
    after.change(alice, {}, {id("bob")});
    after.house.advance(25h);
    EXPECT_EQ(after.rows(), "") << "after the day nothing is left";
    after.change(alice, {id("bob")});
    EXPECT_EQ(after.mail(bob.device), (ids{invite, invite}));
}

TEST_F(lists_test, a_day_is_not_shorter_than_a_day) {
    b.house.advance(1ms);
    b.change(alice, {id("bob")});
    b.change(alice, {}, {id("bob")});
    b.house.advance(24h - 1ms);
    b.change(alice, {id("bob")});
    EXPECT_EQ(b.mail(bob.device).size(), 1u);
    b.change(alice, {}, {id("bob")});
    b.house.advance(1s);
    b.change(alice, {id("bob")});
    EXPECT_EQ(b.mail(bob.device).size(), 2u);
}

TEST_F(lists_test, telling_a_new_device_of_what_waits_is_a_notice) {
    b.change(alice, {id("bob")});
    b.change(alice, {}, {id("bob")});
    b.change(alice, {id("bob")});
    b.house.advance(20h);
    b.house.wait<login_result>(
        [&](auto done) { b.house.accounts.login("bob", "pw-bob", {}, std::move(done)); });
    b.change(alice, {}, {id("bob")});
    b.house.advance(6h);
    b.change(alice, {id("bob")});
    EXPECT_EQ(b.mail(bob.device), (ids{invite})) << "the last notice was 6 hours ago";
}

TEST_F(lists_test, what_waits_is_told_to_a_device_that_comes_later) {
    b.change(alice, {id("bob"), id("carol")});
    const caller dave = b.user("dave");
    b.change(dave, {id("carol")});
    const caller carol = b.user("carol");
    EXPECT_EQ(b.mail(carol.device), (ids{invite, "m.presence_invite @dave:porch.test"}))
        << "sent before there was an account";
    b.accept(carol, {id("alice")});
    EXPECT_TRUE(b.sees(alice, carol));
    const auto laptop = b.house
                            .wait<login_result>([&](auto done) {
                                b.house.accounts.login("bob", "pw-bob", {}, std::move(done));
                            })
                            .value()
                            .who;
    EXPECT_EQ(b.mail(laptop.device), (ids{invite}));
    EXPECT_EQ(b.mail(bob.device), (ids{invite})) << "for the new device only";
    b.change(alice, {}, {id("carol")});
    b.change(alice, {id("carol")});
    EXPECT_EQ(b.mail(carol.device).size(), 2u) << "that was a notice";
}

TEST_F(lists_test, a_device_and_an_invite_that_cross_meet_once) {
    for (const bool invite_first : {true, false}) {
        const caller carol = b.user(invite_first ? "carol" : "cecil");
        std::optional<login_result> laptop;
        const auto log_in = [&] {
            b.house.accounts.login(invite_first ? "carol" : "cecil",
                                   invite_first ? "pw-carol" : "pw-cecil", {},
                                   [&](outcome<login_result> r) { laptop = r.value(); });
            while (b.house.decider.step() || b.house.cold.step()) {
            }
        };
        b.house.log_device.held = true;
        if (!invite_first) {
            log_in();
        }
        b.house.lists.change_list(alice, {{b.name(carol.user)}, {}}, [](outcome<void>) {});
        if (invite_first) {
            log_in();
        }
        b.house.log_device.held = false;
        b.house.settle();
        EXPECT_EQ(b.mail(laptop->who.device), (ids{invite})) << invite_first;
        EXPECT_EQ(b.mail(carol.device), (ids{invite})) << invite_first;
    }
}

// --- blocks ---

TEST_F(lists_test, a_block_swallows_invites_and_an_unblock_restores_the_entry) {
    b.change(alice, {id("bob")});
    b.accept(bob, {id("alice")});
    presence::put_request put;
    put.asked = presence::state::online;
    put.text = "at the porch";
    b.house.wait<void>([&](auto done) { b.house.statuses.put(bob, put, std::move(done)); });
    ASSERT_TRUE(b.block(bob, {id("alice")}));
    put.text = "secret";
    b.house.wait<void>([&](auto done) { b.house.statuses.put(bob, put, std::move(done)); });
    EXPECT_EQ(b.list(alice), (ids{"@bob:porch.test accepted"}));
    const auto seen = b.house.engine.look(alice.user, bob.user, b.house.clock.at);
    EXPECT_EQ(seen->shown, presence::state::offline);
    EXPECT_EQ(seen->text, "at the porch");
    EXPECT_EQ(b.names(b.overview(bob).blocked), (ids{id("alice")}));
    lists_bench after(b.house.store);
    EXPECT_EQ(after.house.engine.look(alice.user, bob.user, after.house.clock.at)->text,
              "at the porch");
    ASSERT_TRUE(b.unblock(bob, {id("alice")}));
    EXPECT_EQ(b.house.engine.look(alice.user, bob.user, b.house.clock.at)->text, "secret");
}

TEST_F(lists_test, an_invite_to_who_blocks_is_as_one_that_is_not_answered) {
    b.policy(bob, {}, auto_accept::everyone);
    b.block(bob, {id("alice")});
    ASSERT_TRUE(b.change(alice, {id("bob")}));
    EXPECT_EQ(b.list(alice), (ids{"@bob:porch.test pending"}));
    EXPECT_TRUE(b.mail(bob.device).empty());
    EXPECT_TRUE(b.overview(bob).incoming.empty());
    b.unblock(bob, {id("alice")});
    b.change(alice, {id("bob")});
    EXPECT_TRUE(b.sees(alice, bob)) << "asking again is heard";
}

TEST_F(lists_test, a_blocked_id_need_not_exist_and_sees_nothing_when_it_does) {
    b.policy(bob, {}, auto_accept::everyone);
    ASSERT_TRUE(b.block(bob, {id("mallory"), "@m:elsewhere.test"}));
    lists_bench after(b.house.store);
    const caller mallory = after.user("mallory");
    after.change(mallory, {id("bob")});
    EXPECT_EQ(after.list(mallory), (ids{"@bob:porch.test pending"}));
    after.accept(bob, {id("mallory")});
    after.change(mallory, {id("bob")});
    after.house.wait<std::string>([&](auto done) {
        create_room wish;
        wish.preset = "public_chat";
        wish.room_alias_name = "porch";
        after.house.rooms.create(bob, wish, std::move(done));
    });
    const auto room = *after.house.rooms.by_alias("#porch:porch.test");
    after.house.wait<void>(
        [&](auto done) { after.house.rooms.join(mallory, room, {}, std::move(done)); });
    const auto seen = after.house.engine.look(mallory.user, bob.user, after.house.clock.at);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->shown, presence::state::offline);
    EXPECT_FALSE(seen->last_active);
    after.unblock(bob, {id("mallory"), "@m:elsewhere.test"});
    EXPECT_TRUE(after.overview(bob).blocked.empty());
    EXPECT_FALSE(after.house.accounts.names().find("@m:elsewhere.test"));
}

// --- policies ---

TEST_F(lists_test, auto_accept_by_policy) {
    EXPECT_EQ(b.house.lists.policy_of(bob.user).auto_accept, auto_accept::never);
    b.policy(bob, {}, auto_accept::contacts);
    b.change(alice, {id("bob")});
    EXPECT_FALSE(b.sees(alice, bob)) << "no contact of bob's";
    b.change(alice, {}, {id("bob")});
    b.change(bob, {id("alice")});
    b.change(alice, {id("bob")});
    EXPECT_TRUE(b.sees(alice, bob));
    EXPECT_EQ(b.mail(bob.device), (ids{invite})) << "of the first time";
    const caller carol = b.user("carol");
    b.policy(bob, {}, auto_accept::same_server);
    b.change(carol, {id("bob")});
    EXPECT_TRUE(b.sees(carol, bob));
}

TEST_F(lists_test, the_servers_default_is_for_who_chose_nothing_and_for_accounts_only) {
    auto wish = test::house_bench::cheap_settings();
    wish.auto_accept = auto_accept::everyone;
    lists_bench open(nullptr, wish);
    const caller a = open.user("alice");
    const caller c = open.user("bob");
    const caller d = open.user("dora");
    open.policy(d, {}, auto_accept::never);
    open.change(a, {id("bob"), id("dora"), id("ghost")});
    EXPECT_EQ(open.list(a), (ids{"@bob:porch.test accepted", "@dora:porch.test pending",
                                 "@ghost:porch.test pending"}));
    const caller ghost = open.user("ghost");
    EXPECT_FALSE(open.sees(a, ghost)) << "it acts at the moment of the invite";
    EXPECT_TRUE(open.sees(a, c));
}

TEST_F(lists_test, nobody_looks_like_not_having_answered) {
    b.change(alice, {id("bob")});
    const auto before = b.list(alice);
    b.accept(bob, {id("alice")});
    ASSERT_TRUE(b.policy(bob, user_visibility::nobody));
    EXPECT_EQ(b.list(alice), before);
    EXPECT_EQ(b.names(b.overview(alice).outgoing), (ids{id("bob")}));
    EXPECT_FALSE(b.sees(alice, bob));
    lists_bench after(b.house.store);
    EXPECT_FALSE(after.sees(alice, bob));
    after.policy(bob, user_visibility::lists_only, auto_accept::contacts);
    EXPECT_TRUE(after.sees(alice, bob));
    EXPECT_EQ(after.house.lists.policy_of(bob.user).visibility, user_visibility::lists_only);
    EXPECT_EQ(after.house.lists.policy_of(bob.user).auto_accept, auto_accept::contacts);
}

// --- who is not here ---

TEST_F(lists_test, unknown_and_remote_ids_stay_pending_and_leave_no_trace_when_dropped) {
    b.change(alice, {id("phantom")});
    b.change(alice, {}, {id("phantom")});
    EXPECT_TRUE(b.house.accounts.names().find(id("phantom"))) << "a notice was noted for it";
    ASSERT_TRUE(b.change(alice, {id("ghost"), "@x:elsewhere.test", "@x:elsewhere.test"}));
    EXPECT_EQ(b.list(alice), (ids{"@ghost:porch.test pending", "@x:elsewhere.test pending"}));
    EXPECT_EQ(b.house.accounts.count(), 2u);
    lists_bench after(b.house.store);
    EXPECT_EQ(after.list(alice), b.list(alice));
    after.change(alice, {}, {id("ghost"), "@x:elsewhere.test"});
    EXPECT_FALSE(after.house.accounts.names().find("@x:elsewhere.test"));
    EXPECT_TRUE(after.house.accounts.names().find(id("ghost"))) << "who has a half of their own";
    lists_bench later(b.house.store);
    later.house.advance(26h);
    EXPECT_EQ(later.rows(), "");
    EXPECT_FALSE(later.house.accounts.names().find(id("ghost")));
}

TEST_F(lists_test, deactivation_removes_both_sides_and_is_then_as_unknown) {
    const caller carol = b.user("carol");
    b.change(alice, {id("bob")});
    b.change(bob, {id("alice"), id("carol"), id("ghost")});
    b.accept(bob, {id("alice"), id("dora")});
    b.accept(carol, {id("bob")});
    b.block(bob, {id("mallory")});
    b.policy(bob, user_visibility::lists_only);
    ASSERT_TRUE(b.deactivate(bob));
    b.house.settle();
    EXPECT_TRUE(b.list(alice).empty());
    EXPECT_TRUE(b.overview(alice).incoming.empty());
    EXPECT_TRUE(b.overview(carol).observers.empty());
    const auto rows = b.rows();
    EXPECT_EQ(rows.find("entry"), std::string::npos) << rows;
    EXPECT_EQ(rows.find("consent"), std::string::npos) << rows;
    EXPECT_EQ(rows.find("block"), std::string::npos) << rows;
    EXPECT_EQ(b.house.engine.visibility(bob.user), user_visibility::lists_only)
        << "nobody sees more of who is gone";
    EXPECT_EQ(b.change(bob, {id("alice")}).error().code, errc::user_deactivated);
    ASSERT_TRUE(b.change(alice, {id("bob"), id("nobody")}));
    EXPECT_EQ(b.list(alice), (ids{"@bob:porch.test pending", "@nobody:porch.test pending"}));
    EXPECT_TRUE(b.overview(bob).incoming.empty());
}

TEST_F(lists_test, an_invite_that_crosses_a_deactivation_goes_with_it) {
    for (const bool preapproved : {false, true}) {
        const caller who = preapproved ? bob : b.user("carol");
        if (preapproved) {
            b.accept(bob, {id("alice")});
        }
        b.house.log_device.held = true;
        b.house.accounts.deactivate(who.user, [](outcome<void>) {});
        b.house.lists.change_list(alice, {{b.name(who.user)}, {}},
                                  [](outcome<void> r) { EXPECT_TRUE(r); });
        b.house.log_device.held = false;
        b.house.settle();
        EXPECT_TRUE(b.list(alice).empty());
        EXPECT_FALSE(b.sees(alice, who));
        EXPECT_EQ(b.rows(), "");
    }
}

TEST_F(lists_test, a_deactivation_that_a_kill_cut_short_is_finished_at_the_start) {
    b.change(alice, {id("bob")});
    b.accept(bob, {id("alice")});
    for (int i = 0; i < 600; ++i) {
        b.accept(bob, {id("u" + std::to_string(i))});
    }
    b.house.accounts.deactivate(bob.user, [](outcome<void>) {});
    while (!b.house.accounts.is_deactivated(bob.user)) {
        ASSERT_TRUE(b.house.step());
    }
    lists_bench after(b.house.store);
    after.house.settle();
    EXPECT_TRUE(after.list(alice).empty());
    EXPECT_EQ(after.rows(), "") << "names went with what referred to them";
}

// Accounts made by the administrator and never seen have no presence to load after a start.
TEST_F(lists_test, users_whom_the_engine_never_heard_of) {
    const caller carol = b.user("carol");
    for (const bool clean : {true, false}) {
        lists_bench after(b.house.store, test::house_bench::cheap_settings(), clean);
        EXPECT_TRUE(after.policy(carol, user_visibility::lists_only, auto_accept::contacts));
        EXPECT_TRUE(after.block(carol, {id("bob")}));
        EXPECT_TRUE(after.unblock(carol, {id("bob")}));
        EXPECT_TRUE(after.change(alice, {id("bob"), id("carol")}));
        EXPECT_TRUE(after.accept(bob, {id("alice")}));
        EXPECT_TRUE(after.accept(carol, {id("alice")}));
        EXPECT_TRUE(after.sees(alice, bob));
        EXPECT_TRUE(after.block(bob, {id("alice")}));
        EXPECT_TRUE(after.revoke(carol, {id("alice")}));
        EXPECT_FALSE(after.sees(alice, carol));
        EXPECT_TRUE(after.change(alice, {}, {id("bob"), id("carol")}));
        EXPECT_FALSE(after.sees(alice, bob));
        EXPECT_TRUE(after.unblock(bob, {id("alice")}));
        EXPECT_TRUE(after.policy(carol, user_visibility::everyone));
    }
}

// --- waiting for each other ---

TEST_F(lists_test, calls_of_one_pair_wait_and_others_do_not) {
    const caller carol = b.user("carol");
    b.house.log_device.held = true;
    std::vector<int> answered;
    const auto done = [&answered](int n) {
        return [&answered, n](outcome<void> r) {
            EXPECT_TRUE(r);
            answered.push_back(n);
        };
    };
    b.house.lists.change_list(alice, {{id("bob")}, {}}, done(1));
    b.house.lists.answer_invites(bob, {.accept = {id("alice")}}, done(2));
    b.house.lists.answer_invites(bob, {.revoke = {id("alice")}}, done(3));
    b.house.lists.change_list(carol, {{id("bob")}, {}}, done(4));
    EXPECT_EQ(b.house.log_device.waiting(), 2u) << "the first and the fourth";
    b.house.log_device.held = false;
    b.house.settle();
    EXPECT_EQ(answered, (std::vector{1, 4, 2, 3}));
    EXPECT_EQ(b.list(alice), (ids{"@bob:porch.test pending"}));
    EXPECT_EQ(b.names(b.overview(bob).denied), (ids{id("alice")}));
}

TEST_F(lists_test, more_calls_than_may_wait_are_503) {
    b.house.log_device.held = true;
    std::size_t refused = 0;
    for (std::size_t i = 0; i < base::limits::list_calls_waiting_max + 3; ++i) {
        b.house.lists.change_list(alice, {{id("bob")}, {}}, [&](outcome<void> r) {
            refused += !r && r.error().code == errc::unavailable;
        });
    }
    EXPECT_EQ(refused, 2u) << "one is under way, the others wait";
    b.house.log_device.held = false;
    b.house.settle();
    EXPECT_EQ(b.list(alice).size(), 1u);
}

// --- limits ---

ids many(std::size_t n, const std::string& prefix) {
    ids all;
    for (std::size_t i = 0; i < n; ++i) {
        all.push_back(id(prefix + std::to_string(i)));
    }
    return all;
}

template <class Send>
void fill(std::size_t most, Send send) {
    constexpr auto each = base::limits::list_ids_per_call_max;
    for (std::size_t i = 0; i < most / each; ++i) {
        ASSERT_TRUE(send(many(each, std::to_string(i) + "-")));
    }
}

TEST_F(lists_test, a_list_has_a_limit) {
    fill(base::limits::list_entries_max, [&](ids some) { return b.change(alice, some); });
    EXPECT_EQ(b.change(alice, {id("bob")}).error().code, errc::resource_limit);
    EXPECT_TRUE(b.change(alice, {id("0-0")})) << "who is on it already costs nothing";
    EXPECT_EQ(b.list(alice).size(), base::limits::list_entries_max);
}

TEST_F(lists_test, blocks_have_a_limit) {
    fill(base::limits::blocks_per_user_max, [&](ids some) { return b.block(bob, some); });
    EXPECT_EQ(b.block(bob, {id("alice")}).error().code, errc::resource_limit);
    EXPECT_TRUE(b.unblock(bob, {id("0-0")}));
    EXPECT_TRUE(b.block(bob, {id("alice")}));
}

TEST_F(lists_test, what_one_said_has_a_limit_and_others_invites_are_not_kept_beyond_it) {
    fill(base::limits::consents_per_user_max, [&](ids some) { return b.deny(bob, some); });
    EXPECT_EQ(b.deny(bob, {id("alice")}).error().code, errc::resource_limit);
    EXPECT_TRUE(b.change(alice, {id("bob")}));
    EXPECT_EQ(b.list(alice), (ids{"@bob:porch.test pending"}));
    EXPECT_TRUE(b.mail(bob.device).empty());
}

TEST_F(lists_test, invites_that_wait_have_a_limit_which_the_inviter_does_not_notice) {
    auto wish = test::house_bench::cheap_settings();
    wish.incoming_invites_max = 2;
    lists_bench small(nullptr, wish);
    const caller c = small.user("bob");
    for (const auto* name : {"one", "two", "three"}) {
        ASSERT_TRUE(small.change(small.user(name), {id("bob")}));
    }
    EXPECT_EQ(small.names(small.overview(c).incoming), (ids{id("one"), id("two")}));
    EXPECT_EQ(small.mail(c.device).size(), 2u);
    small.deny(c, {id("one")});
    const caller four = small.user("four");
    small.change(four, {id("bob")});
    EXPECT_EQ(small.names(small.overview(c).incoming), (ids{id("four"), id("two")}));
    small.policy(c, {}, auto_accept::everyone);
    const caller five = small.user("five");
    small.change(five, {id("bob")});
    EXPECT_TRUE(small.sees(five, c)) << "what is accepted does not wait";
}

}  // namespace
}  // namespace porchlight::homeserver
