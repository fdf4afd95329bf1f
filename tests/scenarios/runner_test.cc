#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/pure_harness.h"

// That a scenario can fail, and says why.
namespace porchlight::scenarios {
namespace {

using testing::HasSubstr;

outcome play(const std::string& text) {
    pure_harness h;
    return run_scenario(parse("given alice and bob share a room\n" + text, "x.scn"), h);
}

TEST(scenario_runner, says_what_was_expected_and_what_was_seen) {
    const outcome o = play(
        "at 0s alice/phone syncs\n"
        "at 1s alice/phone puts online \"lunch\"\n"
        "at 2s bob sees alice unavailable\n");
    ASSERT_EQ(o.failures.size(), 1U);
    EXPECT_EQ(o.failures[0],
              "x.scn:4: at 2s bob sees alice unavailable\n"
              "    (pure) seen online \"lunch\", currently active, active 1000 ms ago");
}

TEST(scenario_runner, looks_at_each_thing_named) {
    const std::string before = "at 0s alice/phone syncs\nat 10s bob sees ";
    EXPECT_TRUE(play(before + "alice online with no text, currently active, active 10s ago")
                    .failures.empty());
    EXPECT_EQ(play(before + "alice online \"x\"").failures.size(), 1U);
    EXPECT_EQ(play(before + "alice online not currently active").failures.size(), 1U);
    EXPECT_EQ(play(before + "alice online active 11s ago").failures.size(), 1U);
    EXPECT_EQ(play(before + "alice online never active").failures.size(), 1U);
    EXPECT_EQ(play(before + "no one called alice").failures.size(), 1U);
    EXPECT_EQ(play(before + "carol online").failures.size(), 1U);
}

TEST(scenario_runner, counts_events) {
    const std::string before = "at 0s bob/desk syncs\nat 1s alice/phone syncs\nat 10s bob ";
    EXPECT_TRUE(play(before + "is woken once").failures.empty());
    EXPECT_TRUE(play(before + "gets 1 event about alice").failures.empty());
    EXPECT_EQ(play(before + "is not woken").failures.size(), 1U);
    EXPECT_EQ(play(before + "gets no event about alice").failures.size(), 1U);
    EXPECT_TRUE(play(before + "is woken once\nat 11s bob is not woken").failures.empty());
}

TEST(scenario_runner, knows_what_was_heard) {
    const std::string before = "at 0s bob/desk syncs\nat 1s alice/phone syncs\nat 10s bob ";
    EXPECT_TRUE(play(before + "last heard of alice online currently active").failures.empty());
    EXPECT_EQ(play(before + "last heard of alice offline").failures.size(), 1U);
    EXPECT_EQ(play(before + "heard nothing about alice").failures.size(), 1U);
}

TEST(scenario_runner, looks_at_lists) {
    const std::string before =
        "at 0s bob/desk syncs\nat 1s alice/phone syncs\nat 2s alice invites bob\n";
    const std::string pending = before + "at 3s alice ", accepted = before +
                                                                    "at 3s bob accepts alice\n"
                                                                    "at 4s alice ";
    EXPECT_TRUE(play(pending + "has bob on her list, pending").failures.empty());
    EXPECT_EQ(play(pending + "has bob on her list, accepted").failures.size(), 1U);
    EXPECT_EQ(play(pending + "doesn't have bob on her list").failures.size(), 1U);
    EXPECT_EQ(play(pending + "has carol on her list, pending").failures.size(), 1U);
    EXPECT_TRUE(play(accepted + "has bob on her list, accepted").failures.empty());
    EXPECT_TRUE(play(accepted + "has bob on her list, accepted, online").failures.empty());
    EXPECT_EQ(play(accepted + "has bob on her list, accepted, busy").failures.size(), 1U);
    EXPECT_EQ(play(accepted + "has bob on her list, pending").failures.size(), 1U);
}

TEST(scenario_runner, looks_at_answers_and_notices) {
    const std::string before =
        "at 0s bob/desk syncs\nat 1s alice/phone syncs\nat 2s alice invites bob\nat 3s bob ";
    EXPECT_TRUE(play(before + "has an invite of alice").failures.empty());
    EXPECT_EQ(play(before + "doesn't have an invite of alice").failures.size(), 1U);
    EXPECT_EQ(play(before + "has alice among the denied").failures.size(), 1U);
    EXPECT_TRUE(play(before + "is told of alice's invite once").failures.empty());
    EXPECT_EQ(play(before + "is told of alice's acceptance once").failures.size(), 1U);
    EXPECT_EQ(play(before + "is not told of alice's invite").failures.size(), 1U);
    EXPECT_TRUE(play(before + "is told of alice's invite once\n"
                              "at 4s bob is not told of alice's invite")
                    .failures.empty());
}

TEST(scenario_runner, stops_at_an_impossible_step) {
    const outcome o = play("at 0s carol/phone syncs\nat 1s alice sees bob online\n");
    ASSERT_EQ(o.failures.size(), 1U);
    EXPECT_THAT(o.failures[0], HasSubstr("nobody is called carol"));
}

TEST(scenario_runner, leaves_coming_too_late_to_who_can_play_again) {
    struct late_harness : pure_harness {
        void advance_to(milliseconds) override { throw played_too_late("busy"); }
    } h;
    EXPECT_THROW(run_scenario(parse("given a exists\nat 1s a sees herself offline", "x.scn"), h),
                 played_too_late);
}

TEST(scenario_runner, skips_what_is_for_another_harness) {
    EXPECT_TRUE(play("only http\nat 1s alice sees bob online\n").skipped);
    EXPECT_FALSE(play("only http, pure\nat 1s alice sees bob offline\n").skipped);
}

}  // namespace
}  // namespace porchlight::scenarios
