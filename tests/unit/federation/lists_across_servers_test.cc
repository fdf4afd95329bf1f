#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "support/peer_world.h"

// Presence lists between users of two servers.
namespace porchlight::federation {
namespace {

using presence::state;
using test::peer_house;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

struct lists_across_servers : testing::Test {
    lists_across_servers() {
        world.settle();
        alice = near.house.sign_up("alice").who;
        bob = far.house.sign_up("bob").who;
        world.settle();
    }
    // Alice observes Bob.
    void befriend() {
        near.invite(alice, "@bob:far");
        world.advance(1s);
        far.answer(bob, {.accept = {"@alice:near"}});
        world.advance(1s);
        ASSERT_TRUE(near.accepted(alice, "@bob:far"));
    }
    std::vector<std::string> mail(peer_house& h, const homeserver::caller& who) {
        std::vector<std::string> all;
        for (const auto& r : h.house.store->to_device(who.device, 0, ~std::uint64_t{0}, 1000)) {
            all.push_back(r.type + ' ' + r.sender);
        }
        return all;
    }
    std::vector<std::string> observers() {
        std::vector<std::string> all;
        for (const auto& o : far.house.lists.overview_of(bob.user).observers) {
            all.emplace_back(far.house.accounts.user_id(o.user));
        }
        return all;
    }
    std::size_t waiting(peer_house& h) {
        std::size_t n = 0;
        h.house.store->list_messages([&n](ports::list_message_row&&) { ++n; });
        return n;
    }
    // What another server says on its own behalf. The status of the answer.
    int say(peer_house& to, const std::string& origin, const std::string& type,
            const std::string& observer, const std::string& subject) {
        peer_request r;
        r.target = "/_matrix/federation/v1/send/" + std::to_string(++txn);
        r.body = json::object{
            {"origin", origin},
            {"pdus", json::array{}},
            {"edus",
             {json::object{
                 {"edu_type", type},
                 {"content", {{"observer_user", observer}, {"observed_user", subject}}}}}}};
        int status = 0;
        to.receive(origin, r, [&status](base::result<peer_answer, peer_failure> got) {
            status = got ? got->status : 0;
        });
        world.advance(1s);
        return status;
    }

    test::peer_world world;
    peer_house& near = world.add("near");
    peer_house& far = world.add("far", 7s);
    homeserver::caller alice, bob;
    int txn = 0;
};

TEST_F(lists_across_servers, an_invite_waits_for_the_subject_who_is_told_at_once) {
    near.invite(alice, "@bob:far");
    world.advance(100ms);
    EXPECT_THAT(mail(far, bob), ElementsAre("m.presence_invite @alice:near"));
    EXPECT_FALSE(near.accepted(alice, "@bob:far"));
    const auto incoming = far.house.lists.overview_of(bob.user).incoming;
    ASSERT_EQ(incoming.size(), 1U);
    EXPECT_EQ(far.house.accounts.user_id(incoming[0].user), "@alice:near");
}

TEST_F(lists_across_servers, accepting_begins_a_subscription_on_both_sides) {
    far.put(bob, state::unavailable, "at lunch");
    befriend();
    EXPECT_THAT(mail(near, alice), ElementsAre("m.presence_accept @bob:far"));
    EXPECT_THAT(observers(), ElementsAre("@alice:near"));
    const auto seen = near.look(alice, "@bob:far");
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->shown, state::unavailable);
    EXPECT_EQ(seen->text, "at lunch");
    far.put(bob, state::online, "back");
    world.advance(5s);
    EXPECT_EQ(near.look(alice, "@bob:far")->shown, state::online);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "back");
}

TEST_F(lists_across_servers, nothing_is_told_on_a_denial) {
    near.invite(alice, "@bob:far");
    world.advance(1s);
    far.answer(bob, {.deny = {"@alice:near"}});
    world.advance(1s);
    EXPECT_THAT(mail(near, alice), IsEmpty());
    EXPECT_FALSE(near.look(alice, "@bob:far"));
}

TEST_F(lists_across_servers, dropping_ends_it_on_both_servers) {
    befriend();
    near.drop(alice, "@bob:far");
    world.advance(1s);
    EXPECT_THAT(observers(), IsEmpty());
    EXPECT_FALSE(near.look(alice, "@bob:far"));
    const auto unpolled = world.items_to("far", "unpoll");
    ASSERT_EQ(unpolled.size(), 1U);
    EXPECT_EQ(unpolled[0], "@bob:far");
}

TEST_F(lists_across_servers, revoking_ends_the_view_without_a_farewell_push) {
    far.put(bob, state::online, "secret");
    befriend();
    const std::size_t pushes = world.items_to("near", "push").size();
    far.answer(bob, {.revoke = {"@alice:near"}});
    world.advance(1s);
    EXPECT_FALSE(near.look(alice, "@bob:far"));
    EXPECT_THAT(observers(), IsEmpty());
    far.put(bob, state::unavailable, "more secrets");
    world.advance(1min);
    EXPECT_EQ(world.items_to("near", "push").size(), pushes) << "the deny says all";
}

TEST_F(lists_across_servers, an_invite_outlives_an_outage_and_a_restart) {
    world.passes = [](auto&, auto&) { return false; };
    near.invite(alice, "@bob:far");
    world.advance(10min);
    EXPECT_EQ(waiting(near), 1U);
    peer_house& again = world.restart("near");
    world.advance(10min);
    EXPECT_THAT(mail(far, bob), IsEmpty());
    world.passes = [](auto&, auto&) { return true; };
    world.advance(1h);
    EXPECT_THAT(mail(far, bob), ElementsAre("m.presence_invite @alice:near"));
    std::size_t left = 0;
    again.house.store->list_messages([&left](ports::list_message_row&&) { ++left; });
    EXPECT_EQ(left, 0U) << "what was delivered is forgotten";
}

TEST_F(lists_across_servers, a_restarted_server_never_uses_a_transaction_id_again) {
    std::set<std::string> ids;
    std::size_t sent = 0;
    world.spoil = [&](peer_request& r) {
        if (r.body && r.server == "far") {
            ids.insert(r.target);
            ++sent;
        }
    };
    for (int i = 0; i < 3; ++i) {
        world["near"].invite(alice, "@bob:far");
        world.advance(1s);
        world.restart("near");
    }
    EXPECT_GE(sent, 3U);
    EXPECT_EQ(ids.size(), sent);
}

TEST_F(lists_across_servers, a_lost_answer_repeats_the_message_without_harm) {
    int lost = 3;
    world.passes = [&lost](const std::string& from, const std::string& to) {
        return !(from == "far" && to == "near" && lost-- > 0);
    };
    near.invite(alice, "@bob:far");
    world.advance(1min);
    EXPECT_THAT(mail(far, bob), ElementsAre("m.presence_invite @alice:near"));
    EXPECT_EQ(waiting(near), 0U);
}

TEST_F(lists_across_servers, a_newer_message_replaces_the_one_that_waits) {
    world.passes = [](auto&, auto&) { return false; };
    for (int i = 0; i < 20; ++i) {
        near.invite(alice, "@bob:far");
        world.advance(1s);
        near.drop(alice, "@bob:far");
        world.advance(1s);
    }
    EXPECT_EQ(waiting(near), 1U) << "a server that is gone does not fill the disk";
    world.passes = [](auto&, auto&) { return true; };
    world.advance(1h);
    EXPECT_THAT(far.house.lists.overview_of(bob.user).incoming, IsEmpty());
}

TEST_F(lists_across_servers, a_peer_that_is_gone_for_a_month_is_given_up) {
    world.passes = [](auto&, auto&) { return false; };
    near.invite(alice, "@bob:far");
    world.advance(29 * 24h);
    EXPECT_EQ(waiting(near), 1U);
    world.advance(2 * 24h);
    EXPECT_EQ(waiting(near), 0U);
}

TEST_F(lists_across_servers, a_pre_approval_is_never_sent_before_an_invite_arrives) {
    far.answer(bob, {.accept = {"@alice:near"}});
    world.advance(1min);
    EXPECT_EQ(world.requests, 0U);
    near.invite(alice, "@bob:far");
    world.advance(1s);
    EXPECT_TRUE(near.accepted(alice, "@bob:far"));
    EXPECT_THAT(mail(far, bob), IsEmpty());
}

TEST_F(lists_across_servers, an_accept_that_nobody_asked_for_changes_nothing_and_is_withdrawn) {
    EXPECT_EQ(say(near, "far", "m.presence_accept", "@alice:near", "@bob:far"), 200);
    EXPECT_FALSE(near.accepted(alice, "@bob:far"));
    const auto back = world.sent_to("far");
    ASSERT_EQ(back.size(), 1U);
    EXPECT_EQ(back[0]->edus("m.presence_deny").size(), 1U);
}

TEST_F(lists_across_servers, a_server_speaks_for_its_own_user_alone) {
    near.invite(alice, "@bob:far");
    world.advance(1s);
    // Alice's own server, and a third one, on Bob's behalf.
    EXPECT_EQ(say(near, "evil", "m.presence_accept", "@alice:near", "@bob:far"), 200);
    EXPECT_EQ(say(near, "evil", "m.presence_deny", "@alice:near", "@bob:far"), 200);
    EXPECT_FALSE(near.accepted(alice, "@bob:far"));
    // An invite of a user who is not the sender's; an accept by the observer's server.
    EXPECT_EQ(say(far, "evil", "m.presence_invite", "@carol:near", "@bob:far"), 200);
    EXPECT_EQ(say(far, "near", "m.presence_accept", "@alice:near", "@bob:far"), 200);
    EXPECT_THAT(observers(), IsEmpty());
    EXPECT_EQ(far.house.lists.overview_of(bob.user).incoming.size(), 1U) << "Alice's alone";
    // Users of a third server are not this one's to hear of.
    EXPECT_EQ(say(far, "near", "m.presence_invite", "@alice:near", "@carol:third"), 200);
    EXPECT_FALSE(far.find("@carol:third").valid());
}

TEST_F(lists_across_servers, nothing_is_kept_for_users_who_are_not_there) {
    EXPECT_EQ(say(far, "near", "m.presence_invite", "@alice:near", "@nobody:far"), 200);
    EXPECT_FALSE(far.find("@nobody:far").valid());
    EXPECT_FALSE(far.find("@alice:near").valid());
    EXPECT_EQ(say(far, "near", "m.presence_deny", "@stranger:near", "@bob:far"), 200);
    EXPECT_FALSE(far.find("@stranger:near").valid()) << "there can be nothing to withdraw";
    EXPECT_EQ(world.requests, 0U) << "and nobody is told whether they are";
}

TEST_F(lists_across_servers, an_invite_is_durable_before_it_is_answered) {
    far.house.store->refuse_commits(true);
    EXPECT_EQ(say(far, "near", "m.presence_invite", "@alice:near", "@bob:far"), 503);
    far.house.store->refuse_commits(false);
    EXPECT_THAT(far.house.lists.overview_of(bob.user).incoming, IsEmpty());
    EXPECT_EQ(say(far, "near", "m.presence_invite", "@alice:near", "@bob:far"), 200);
    EXPECT_EQ(far.house.lists.overview_of(bob.user).incoming.size(), 1U);
}

TEST_F(lists_across_servers, a_deactivated_user_leaves_the_lists_of_other_servers) {
    befriend();
    far.invite(bob, "@alice:near");
    world.advance(1s);
    far.house.accounts.deactivate(bob.user, [](const matrix::outcome<void>&) {});
    world.advance(10s);
    EXPECT_FALSE(near.look(alice, "@bob:far"));
    EXPECT_FALSE(near.accepted(alice, "@bob:far"));
    EXPECT_THAT(near.house.lists.overview_of(alice.user).incoming, IsEmpty());
}

TEST_F(lists_across_servers, a_key_is_not_used_for_another_name_while_a_loss_speaks_of_it) {
    befriend();
    const base::user_key key = near.find("@bob:far");
    near.drop(alice, "@bob:far");
    world.advance(1min);
    near.invite(alice, "@carol:far");
    world.advance(1s);
    EXPECT_NE(near.find("@carol:far"), key);
}

TEST_F(lists_across_servers, names_of_one_server_have_a_limit) {
    auto& names = far.house.accounts.names();
    EXPECT_EQ(names.count_of("near"), 0U);
    EXPECT_EQ(say(far, "near", "m.presence_invite", "@alice:near", "@bob:far"), 200);
    EXPECT_EQ(names.count_of("near"), 1U);
    for (std::size_t i = 1; i < base::limits::names_per_server_max; ++i) {
        names.hold("@u" + std::to_string(i) + ":near");
    }
    EXPECT_EQ(say(far, "near", "m.presence_invite", "@late:near", "@bob:far"), 200);
    EXPECT_FALSE(far.find("@late:near").valid());
    EXPECT_EQ(say(far, "other", "m.presence_invite", "@late:other", "@bob:far"), 200);
    EXPECT_TRUE(far.find("@late:other").valid()) << "other servers have theirs";
}

}  // namespace
}  // namespace porchlight::federation
