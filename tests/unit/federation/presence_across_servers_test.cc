#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "support/peer_world.h"

// Presence between servers: behaviour that people on both sides see, and what goes over the wire.
namespace porchlight::federation {
namespace {

using presence::state;
using presence::user_visibility;
using test::peer_house;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

// Alice, near, observes Bob, far, who accepted her.
struct presence_across_servers : testing::Test {
    presence_across_servers() {
        world.settle();
        alice = near.house.sign_up("alice").who;
        bob = far.house.sign_up("bob").who;
        near.invite(alice, "@bob:far");
        world.advance(1s);
        far.answer(bob, {.accept = {"@alice:near"}});
        world.advance(5s);
        world.sent.clear();
    }
    state shown() { return near.look(alice, "@bob:far").value().shown; }
    json::array pushes() const { return world.items_to("near", "push"); }

    test::peer_world world;
    peer_house& near = world.add("near");
    peer_house& far = world.add("far", -3s);
    homeserver::caller alice, bob;
};

TEST_F(presence_across_servers, a_change_is_one_push) {
    far.put(bob, state::online, "hello");
    world.advance(30s);
    ASSERT_EQ(pushes().size(), 1U);
    EXPECT_EQ(pushes()[0].at("user_id"), "@bob:far");
    EXPECT_EQ(pushes()[0].at("presence"), "online");
    EXPECT_EQ(pushes()[0].at("status_msg"), "hello");
    EXPECT_EQ(pushes()[0].at("currently_active"), true);
    const auto here = near.look(alice, "@bob:far");
    const auto there = far.look(bob, "@bob:far");
    EXPECT_EQ(here->shown, there->shown);
    EXPECT_EQ(here->text, there->text);
    EXPECT_EQ(here->currently_active, there->currently_active);
    const auto ago = [](peer_house& h, const auto& v) {
        return static_cast<double>((h.house.clock.at.wall - *v->last_active).count());
    };
    EXPECT_NEAR(ago(near, here), ago(far, there), 10) << "whatever their clocks say";
}

TEST_F(presence_across_servers, activity_alone_is_no_push) {
    far.put(bob, state::online);
    world.advance(10s);
    world.sent.clear();
    for (int i = 0; i < 10; ++i) {
        far.house.engine.active(bob.user, bob.device, far.house.clock.at);
        world.advance(5s);
    }
    EXPECT_THAT(pushes(), IsEmpty());
}

TEST_F(presence_across_servers, many_flips_are_few_pushes_and_the_last_state_arrives) {
    for (int i = 0; i < 100; ++i) {
        far.put(bob, i % 2 == 0 ? state::online : state::unavailable, "text " + std::to_string(i));
        world.advance(20ms);
    }
    world.advance(5s);
    EXPECT_LE(pushes().size(), 5U) << "2 s of flips, a window of 1 s";
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "text 99");
    EXPECT_EQ(shown(), state::unavailable);
}

TEST_F(presence_across_servers, a_second_observer_there_is_no_second_push) {
    const auto carol = near.house.sign_up("carol").who;
    near.invite(carol, "@bob:far");
    far.answer(bob, {.accept = {"@carol:near"}});
    world.advance(5s);
    world.sent.clear();
    far.put(bob, state::online);
    world.advance(5s);
    EXPECT_EQ(pushes().size(), 1U);
    EXPECT_EQ(near.look(carol, "@bob:far")->shown, state::online);
}

TEST_F(presence_across_servers, the_receiver_filters_for_each_observer) {
    const auto carol = near.house.sign_up("carol").who;
    far.put(bob, state::online, "for friends");
    world.advance(5s);
    EXPECT_TRUE(near.look(alice, "@bob:far"));
    EXPECT_FALSE(near.look(carol, "@bob:far"));
}

TEST_F(presence_across_servers, a_user_who_is_not_offline_is_told_again_and_never_goes_stale) {
    far.put(bob, state::unavailable, "here");
    world.advance(5s);
    const auto refresh = [&] { far.put(bob, state::unavailable); };
    for (int minute = 0; minute < 120; ++minute) {
        world.advance(1min);
        refresh();  // or the PUT would count no longer
        ASSERT_EQ(shown(), state::unavailable) << minute;
    }
    EXPECT_GE(pushes().size(), 4U);
    EXPECT_LE(pushes().size(), 7U) << "one in 25 minutes";
}

TEST_F(presence_across_servers, nothing_is_sent_on_a_timer_for_who_is_offline) {
    far.put(bob, state::offline, "away");
    world.advance(5s);
    world.sent.clear();
    world.advance(12h);
    EXPECT_THAT(pushes(), IsEmpty());
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "away") << "the text stays";
}

TEST_F(presence_across_servers, who_is_not_heard_of_becomes_offline) {
    far.put(bob, state::online, "here");
    world.advance(5s);
    world.passes = [](auto&, auto&) { return false; };
    world.advance(29min);
    EXPECT_NE(shown(), state::offline);
    world.advance(3min);
    EXPECT_EQ(shown(), state::offline);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "here");
    EXPECT_FALSE(near.look(alice, "@bob:far")->currently_active);
}

TEST_F(presence_across_servers, after_an_outage_both_sides_agree_again) {
    world.passes = [](auto&, auto&) { return false; };
    far.put(bob, state::online, "one");
    world.advance(3h);
    far.put(bob, state::online, "two");
    world.advance(1s);
    world.passes = [](auto&, auto&) { return true; };
    world.advance(1h);
    far.put(bob, state::unavailable);  // a PUT counts for five minutes
    world.advance(10s);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "two");
    EXPECT_EQ(shown(), state::unavailable);
}

TEST_F(presence_across_servers, an_outage_of_hours_leaves_no_pile_of_pushes) {
    world.passes = [](auto&, auto&) { return false; };
    for (int i = 0; i < 200; ++i) {
        far.put(bob, state::online, "text " + std::to_string(i));
        world.advance(1min);
    }
    world.sent.clear();
    world.passes = [](auto&, auto&) { return true; };
    world.advance(2h);
    EXPECT_LE(pushes().size(), 8U);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "text 199");
}

TEST_F(presence_across_servers, a_request_from_there_ends_the_back_off) {
    world.passes = [](auto&, auto&) { return false; };
    far.put(bob, state::online, "here");
    world.advance(30min);
    world.passes = [](auto&, auto&) { return true; };
    near.out.unpoll(near.out.key("far"), "@nobody:far");  // near has something to say
    near.out.heard_from(near.out.key("far"));
    world.advance(10s);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "here");
}

TEST_F(presence_across_servers, how_a_server_is_doing_is_told_to_whoever_looks_after_this_one) {
    const auto of_near = [this] {
        const auto all = far.out.report(0, 10);
        return all.empty() ? destination_report{} : all.front();
    };
    EXPECT_EQ(of_near().name, "near");
    EXPECT_TRUE(of_near().last_success);
    EXPECT_TRUE(of_near().last_failure.empty());
    EXPECT_FALSE(of_near().retry_at);
    world.passes = [](auto&, auto&) { return false; };
    far.put(bob, state::online, "here");
    world.advance(1s);
    const auto began = far.house.clock.at.wall;
    world.advance(1min);
    const auto failing = of_near();
    EXPECT_GE(failing.failures, 4U);
    EXPECT_EQ(failing.pushes, 1U);
    EXPECT_FALSE(failing.last_failure.empty());
    ASSERT_TRUE(failing.failing_since && failing.retry_at);
    EXPECT_LE(*failing.failing_since, began);
    EXPECT_GT(*failing.retry_at, far.house.clock.at.wall);
    EXPECT_EQ(far.out.statistics().pushes, 1U);
    world.passes = [](auto&, auto&) { return true; };
    world.advance(2min);
    EXPECT_EQ(of_near().failures, 0U);
    EXPECT_EQ(of_near().pushes, 0U);
    EXPECT_FALSE(of_near().failing_since);
    EXPECT_FALSE(of_near().last_failure.empty()) << "why it failed is worth knowing afterwards";
    EXPECT_GT(of_near().last_success, failing.retry_at);
    EXPECT_TRUE(far.out.report(1, 10).empty());
    EXPECT_TRUE(far.out.report(0, 0).empty());
    EXPECT_EQ(far.peers.observers_of(bob.user), 1U);
    EXPECT_EQ(near.peers.observers_of(alice.user), 0U);
}

TEST_F(presence_across_servers, retries_double_up_to_an_hour) {
    world.passes = [](auto&, auto&) { return false; };
    far.put(bob, state::online);
    world.advance(24h);
    std::vector<base::milliseconds> between;
    const auto all = world.sent_to("near");
    for (std::size_t i = 1; i < all.size(); ++i) {
        between.push_back(all[i]->at - all[i - 1]->at);
    }
    ASSERT_GE(between.size(), 13U);
    EXPECT_NEAR(static_cast<double>(between[0].count()), 1010, 20) << "first after a second";
    for (std::size_t i = 1; i < between.size(); ++i) {
        const auto whole = std::min<base::milliseconds>(
            1s * (std::int64_t{1} << std::min(i, std::size_t{20})), 1h);
        EXPECT_LE(between[i], whole + 20ms) << i;
        EXPECT_GE(between[i], whole * 3 / 4) << i;
    }
}

// --- who may see ---

TEST_F(presence_across_servers, hiding_is_offline_with_everything_frozen) {
    far.put(bob, state::online, "before");
    world.advance(5s);
    presence::put_request hide;
    hide.hide = true;
    far.house.statuses.put(bob, hide, [](const matrix::outcome<void>&) {});
    world.advance(5s);
    EXPECT_EQ(shown(), state::offline);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "before");
    EXPECT_TRUE(near.accepted(alice, "@bob:far"));
}

TEST_F(presence_across_servers, blocking_shows_offline_frozen_and_then_nothing) {
    far.put(bob, state::online, "before");
    world.advance(5s);
    far.answer(bob, {.block = {"@alice:near"}});
    world.advance(5s);
    EXPECT_EQ(shown(), state::offline);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "before");
    far.put(bob, state::online, "after");
    world.advance(5s);
    EXPECT_EQ(shown(), state::offline);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "before");
    far.answer(bob, {.unblock = {"@alice:near"}});
    world.advance(5s);
    EXPECT_EQ(shown(), state::online);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "after");
}

TEST_F(presence_across_servers, a_policy_ends_the_view_with_what_was_known_and_no_more) {
    far.put(bob, state::online, "secret");
    world.advance(5s);
    const auto before = near.look(alice, "@bob:far")->last_active;
    world.passes = [](auto&, auto&) { return false; };
    far.visibility(bob, user_visibility::nobody);
    world.advance(1s);
    far.put(bob, state::unavailable, "later secret");
    far.house.engine.active(bob.user, bob.device, far.house.clock.at);
    world.advance(20s);
    world.sent.clear();
    world.passes = [](auto&, auto&) { return true; };
    world.advance(1min);
    const auto all = pushes();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].at("presence"), "offline");
    EXPECT_FALSE(all[0].get_object().contains("status_msg"));
    EXPECT_EQ(shown(), state::offline);
    EXPECT_LE(*near.look(alice, "@bob:far")->last_active - *before, 2s)
        << "the activity is that of before";
    far.visibility(bob, user_visibility::lists_only);
    world.advance(5s);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "later secret");
}

TEST_F(presence_across_servers, a_policy_takes_the_text_of_who_is_offline_too_and_is_told_once) {
    far.put(bob, state::offline, "an old text");
    world.advance(5s);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "an old text");
    far.visibility(bob, user_visibility::nobody);
    world.advance(5s);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "");
    world.sent.clear();
    for (int i = 0; i < 5; ++i) {
        far.put(bob, i % 2 == 0 ? state::online : state::unavailable, "unseen");
        world.advance(1min);
    }
    EXPECT_THAT(pushes(), IsEmpty()) << "not even that something happened";
}

TEST_F(presence_across_servers, permission_is_asked_for_when_a_push_leaves) {
    world.passes = [](auto&, auto&) { return false; };
    far.put(bob, state::online, "secret");
    world.advance(500ms);
    far.answer(bob, {.revoke = {"@alice:near"}});
    world.advance(1s);
    world.sent.clear();
    world.passes = [](auto&, auto&) { return true; };
    world.advance(10min);
    EXPECT_THAT(pushes(), IsEmpty()) << "what was queued went with the permission";
    EXPECT_FALSE(near.accepted(alice, "@bob:far"));
}

TEST_F(presence_across_servers, switching_presence_off_is_one_final_offline) {
    far.put(bob, state::online, "here");
    world.advance(5s);
    world.sent.clear();
    auto off = far.house.engine_config;
    off.enabled = false;
    far.house.engine.reconfigure(off, far.house.clock.at);
    world.advance(1min);
    EXPECT_EQ(pushes().size(), 1U);
    EXPECT_EQ(shown(), state::offline);
    world.advance(3h);
    EXPECT_EQ(pushes().size(), 1U);
}

TEST_F(presence_across_servers, outbound_off_tells_nothing_and_on_again_catches_up) {
    far.config.outbound = false;
    far.put(bob, state::online, "quiet");
    world.advance(10s);
    EXPECT_THAT(pushes(), IsEmpty());
    far.config.outbound = true;
    far.peers.reconsider();
    world.advance(10s);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "quiet");
}

TEST_F(presence_across_servers, a_denied_server_is_told_nothing) {
    far.config.deny = {"ne*"};
    far.put(bob, state::online, "quiet");
    world.advance(1min);
    EXPECT_EQ(world.sent_to("near").size(), 0U);
}

// --- profiles ---

TEST_F(presence_across_servers, a_profile_comes_with_pushes) {
    far.house.accounts.set_profile(bob.user, "Bob", "mxc://far/b",
                                   [](const matrix::outcome<void>&) {});
    world.advance(5s);
    auto p = near.house.accounts.profile(near.find("@bob:far"));
    EXPECT_EQ(p.displayname, "Bob");
    EXPECT_EQ(p.avatar_url, "mxc://far/b");
    far.house.accounts.set_profile(bob.user, "", std::nullopt, [](const matrix::outcome<void>&) {});
    world.advance(5s);
    EXPECT_EQ(near.house.accounts.profile(near.find("@bob:far")).displayname, "");
}

// --- polls ---

struct polls_across_servers : presence_across_servers {
    // The EDUs with pushes that answer a poll of these users.
    std::vector<json::object> poll(std::vector<std::string> ids) {
        world.sent.clear();
        for (auto& id : ids) {
            near.out.poll(near.out.key("far"), id);
        }
        world.advance(3s);
        std::vector<json::object> all;
        for (const auto* t : world.sent_to("near")) {
            const auto some = t->edus("m.presence");
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }
};

TEST_F(polls_across_servers, one_answer_with_whom_somebody_there_may_see) {
    far.put(bob, state::online, "here");
    far.house.sign_up("carol");
    world.advance(5s);
    const auto answers = poll({"@bob:far", "@carol:far", "@nobody:far"});
    ASSERT_EQ(answers.size(), 1U);
    ASSERT_EQ(answers[0].at("push").get_array().size(), 1U);
    EXPECT_EQ(answers[0].at("push").at(0).at("user_id"), "@bob:far");
}

TEST_F(polls_across_servers, whom_nobody_may_see_all_look_alike) {
    const auto carol = far.house.sign_up("carol").who;
    far.visibility(far.house.sign_up("dora").who, user_visibility::nobody);
    far.house.accounts.deactivate(carol.user, [](const matrix::outcome<void>&) {});
    world.advance(5s);
    std::vector<std::string> answers;
    for (const char* id : {"@carol:far", "@dora:far", "@nobody:far"}) {
        const auto all = poll({id});
        ASSERT_EQ(all.size(), 1U) << id;
        answers.push_back(json::serialize(all[0]));
    }
    EXPECT_EQ(answers[0], answers[1]);
    EXPECT_EQ(answers[1], answers[2]);
    EXPECT_NE(answers[0].find(R"("push":[])"), std::string::npos) << answers[0];
}

TEST_F(polls_across_servers, an_unpolled_user_is_not_pushed_until_polled_again) {
    near.out.unpoll(near.out.key("far"), "@bob:far");
    world.advance(1s);
    world.sent.clear();
    far.put(bob, state::online, "unheard");
    world.advance(5s);
    EXPECT_THAT(pushes(), IsEmpty());
    poll({"@bob:far"});
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "unheard");
    far.put(bob, state::online, "heard");
    world.advance(5s);
    EXPECT_EQ(near.look(alice, "@bob:far")->text, "heard") << "deltas go on after a poll";
}

TEST_F(polls_across_servers, an_observer_who_comes_and_goes_polls_nobody) {
    world.sent.clear();
    for (int i = 0; i < 10; ++i) {
        near.put(alice, state::online);
        world.advance(1h);
    }
    EXPECT_THAT(world.items_to("far", "poll"), IsEmpty());
    EXPECT_THAT(world.items_to("far", "unpoll"), IsEmpty());
}

TEST_F(polls_across_servers, after_a_restart_who_is_observed_is_polled) {
    far.put(bob, state::online, "before");
    world.advance(5s);
    world.sent.clear();
    world.restart("near");
    world.advance(1min);
    EXPECT_EQ(world.items_to("far", "poll").size(), 1U);
    EXPECT_EQ(world["near"].look(alice, "@bob:far")->text, "before");
    EXPECT_EQ(world["near"].look(alice, "@bob:far")->shown, state::online);
}

TEST_F(polls_across_servers, who_was_not_looked_at_for_a_week_is_unpolled) {
    world.sent.clear();
    world.advance(6 * 24h);
    EXPECT_THAT(world.items_to("far", "unpoll"), IsEmpty());
    world.advance(2 * 24h);
    EXPECT_EQ(world.items_to("far", "unpoll").size(), 1U);
    world.sent.clear();
    for (int i = 0; i < 8; ++i) {  // a client that polls
        engine::poll p;
        p.user = alice.user;
        p.device = alice.device;
        p.handle.slot = static_cast<std::uint32_t>(i);
        p.handle.generation = 1;
        p.timeout = 30s;
        p.since = near.house.engine.current_token();
        near.house.engine.open(p, near.house.clock.at);
        world.advance(15s);
    }
    EXPECT_EQ(world.items_to("far", "poll").size(), 1U);
}

// --- what comes in ---

TEST_F(presence_across_servers, a_push_for_a_user_nobody_observes_leaves_nothing) {
    const auto names = near.house.accounts.names().count_of("far");
    json::object content{
        {"push", {json::object{{"user_id", "@stranger:far"}, {"presence", "online"}}}}};
    near.peers.take("far", content);
    world.advance(1s);
    EXPECT_EQ(near.house.accounts.names().count_of("far"), names);
    EXPECT_FALSE(near.find("@stranger:far").valid());
}

TEST_F(presence_across_servers, other_servers_states_survive_a_restart) {
    far.put(bob, state::online, "here");
    world.advance(5s);
    world.passes = [](auto&, auto&) { return false; };
    peer_house& again = world.restart("near");
    world.advance(1s);
    const auto seen = again.look(alice, "@bob:far");
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->text, "here") << "a text does not vanish";
    world.advance(32min);
    EXPECT_EQ(again.look(alice, "@bob:far")->shown, state::offline);
}

}  // namespace
}  // namespace porchlight::federation
