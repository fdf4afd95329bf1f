#include "presence/user.h"

#include <gtest/gtest.h>

// The rules of presence are scenarios (tests/scenarios). Here is what they can't say: what a call
// returns, what is kept, and what a restart begins with.
namespace porchlight::presence {
namespace {

using namespace std::chrono_literals;
using base::device_key;

const settings defaults;
const device_key phone{1}, laptop{2};

base::instant at(base::milliseconds t) {
    return {base::mono_time{1h} + t, base::from_unix_ms(1'700'000'000'000) + t};
}

TEST(user, a_poll_that_changes_nothing_reports_nothing) {
    user u(defaults);
    u.stream_opened(phone, {}, at(0s));
    const changes opened = u.stream_opened(phone, {}, at(10s));
    const changes closed = u.stream_closed(phone, true, at(10s));
    for (const changes& c : {opened, closed}) {
        EXPECT_FALSE(c.others || c.self || c.lasting || c.activity);
    }
}

TEST(user, a_text_is_lasting_and_a_state_is_not) {
    user u(defaults);
    EXPECT_FALSE(u.put(phone, {.asked = state::unavailable}, at(0s)).lasting);
    EXPECT_TRUE(u.put(phone, {.asked = state::online, .text = "lunch"}, at(1s)).lasting);
    EXPECT_FALSE(u.put(phone, {.asked = state::online, .text = "lunch"}, at(2s)).lasting);
    EXPECT_TRUE(u.put(phone,
                      {.asked = state::online, .text = "lunch", .text_expires = at(60s).wall},
                      at(3s))
                    .lasting);
}

TEST(user, a_deadline_that_nobody_waited_for_takes_effect_in_the_next_call) {
    user u(defaults);
    u.stream_opened(phone, {}, at(0s));
    u.stream_closed(phone, true, at(1s));
    const changes c = u.active(laptop, at(1h));
    EXPECT_TRUE(c.others);
    EXPECT_EQ(u.seen_by_others(at(1h)).shown, state::offline);
}

TEST(user, going_away_and_coming_back_before_anybody_looked_is_no_event) {
    user u(defaults);
    u.stream_opened(phone, {}, at(0s));
    u.stream_closed(phone, true, at(1s));
    EXPECT_FALSE(u.stream_opened(phone, {}, at(55s)).others);
}

TEST(user, closing_the_stream_of_a_removed_device_does_nothing) {
    user u(defaults);
    u.stream_opened(phone, {}, at(0s));
    EXPECT_TRUE(u.device_removed(phone, at(1s)).others);
    EXPECT_FALSE(u.stream_closed(phone, true, at(2s)).others);
    EXPECT_TRUE(u.at_rest());
}

TEST(user, offline_and_forgotten_is_at_rest) {
    user u(defaults);
    u.stream_opened(phone, {}, at(0s));
    EXPECT_FALSE(u.at_rest());
    u.stream_closed(phone, true, at(1s));
    EXPECT_FALSE(u.at_rest());
    u.settle(at(31s));
    EXPECT_TRUE(u.at_rest());
    EXPECT_EQ(u.next_deadline(), std::nullopt);
}

TEST(user, a_restart_keeps_state_and_activity_for_the_grace) {
    user u(defaults, {.last_active = at(-10s).wall, .text = "lunch"});
    EXPECT_FALSE(u.restored(state::free_for_chat, at(0s)).activity);
    const view kept{.shown = state::free_for_chat,
                    .currently_active = true,
                    .last_active = at(-10s).wall,
                    .text = "lunch"};
    EXPECT_EQ(u.seen_by_others(at(0s)), kept);
    EXPECT_TRUE(u.settle(at(30s)).others);
    EXPECT_EQ(u.aggregate(), state::offline);
    EXPECT_TRUE(u.at_rest());
}

TEST(user, a_device_that_polls_after_a_restart_goes_on_as_before) {
    user u(defaults, {.last_active = at(-10min).wall});
    u.restored(state::busy, at(0s));
    const changes c = u.stream_opened(phone, {}, at(5s));
    EXPECT_FALSE(c.others || c.activity);
    EXPECT_FALSE(u.settle(at(30s)).others);
    EXPECT_EQ(u.aggregate(), state::busy);
}

TEST(user, who_idled_before_a_restart_idles_after_it_until_activity) {
    user u(defaults, {.last_active = at(-10min).wall});
    u.restored(state::unavailable, at(0s));
    EXPECT_FALSE(u.stream_opened(phone, {}, at(5s)).activity);
    u.settle(at(40s));
    EXPECT_EQ(u.aggregate(), state::unavailable);
    EXPECT_TRUE(u.active(phone, at(41s)).others);
    EXPECT_EQ(u.aggregate(), state::online);
}

TEST(user, a_suppression_lasts_and_needs_no_device) {
    user u(defaults);
    u.stream_opened(phone, {}, at(0s));
    EXPECT_TRUE(u.put(phone, {.asked = state::offline}, at(1s)).lasting);
    EXPECT_FALSE(u.put(phone, {.asked = state::offline}, at(2s)).lasting);
    EXPECT_TRUE(u.put(laptop, {.asked = state::offline}, at(3s)).lasting);
    EXPECT_EQ(u.saved().suppressed, (std::vector{phone, laptop}));
    u.stream_closed(phone, true, at(4s));
    u.settle(at(34s));
    EXPECT_TRUE(u.at_rest());
    EXPECT_FALSE(u.stream_opened(phone, {}, at(40s)).others);
    EXPECT_EQ(u.aggregate(), state::offline);
}

TEST(user, a_suppression_outlives_a_restart) {
    user u(defaults, {.suppressed = {phone}});
    u.restored(state::offline, at(0s));
    EXPECT_TRUE(u.at_rest());
    const changes plain = u.stream_opened(phone, {}, at(1s));
    EXPECT_FALSE(plain.others || plain.lasting);
    EXPECT_EQ(u.aggregate(), state::offline);
    u.stream_opened(laptop, {}, at(2s));
    EXPECT_EQ(u.aggregate(), state::online) << "it is the phone's alone";
}

TEST(user, what_ends_a_suppression_is_lasting) {
    const auto suppressed = [] { return user(defaults, {.suppressed = {phone, laptop}}); };
    user asks = suppressed();
    EXPECT_TRUE(asks.stream_opened(phone, {.asked = state::unavailable}, at(0s)).lasting);
    EXPECT_EQ(asks.aggregate(), state::unavailable);
    user puts = suppressed();
    EXPECT_TRUE(puts.put(phone, {.asked = state::online}, at(0s)).lasting);
    user leaves = suppressed();
    EXPECT_TRUE(leaves.device_removed(phone, at(0s)).lasting);
    for (const user& u : {asks, puts, leaves}) {
        EXPECT_EQ(u.saved().suppressed, std::vector{laptop});
    }
    user ends = suppressed();
    EXPECT_TRUE(ends.deactivated(at(0s)).lasting);
    EXPECT_EQ(ends.saved(), saved_state{});
    user stays = suppressed();
    EXPECT_FALSE(stays.stream_opened(phone, {.marks = false, .asked = {}}, at(0s)).lasting);
    EXPECT_FALSE(stays.put(phone, {.hide = true}, at(1s)).activity);
    EXPECT_EQ(stays.saved().suppressed.size(), 2U);
}

TEST(user, a_put_after_a_restart_takes_effect_at_once) {
    user u(defaults, {.last_active = at(-10min).wall});
    u.restored(state::online, at(0s));
    const changes c = u.put(phone, {.asked = state::unavailable}, at(1s));
    EXPECT_TRUE(c.others);
    EXPECT_FALSE(c.activity);
    EXPECT_EQ(u.aggregate(), state::unavailable);
}

TEST(user, an_expiry_from_before_a_restart_is_due_at_the_first_settling) {
    user u(defaults, {.text = "lunch", .text_expires = at(60s).wall});
    ASSERT_TRUE(u.next_deadline().has_value());
    EXPECT_LE(*u.next_deadline(), at(0s).mono);
    u.settle(at(0s));
    EXPECT_EQ(u.next_deadline(), at(60s).mono);
    EXPECT_TRUE(u.settle(at(60s)).lasting);
    EXPECT_EQ(u.saved(), saved_state{});
}

TEST(user, an_expiry_that_the_wall_clock_jumps_over_is_due) {
    user u(defaults, {.text = "lunch", .text_expires = at(60s).wall});
    u.settle(at(0s));
    base::instant jumped = at(1s);
    EXPECT_FALSE(u.is_due(jumped));
    jumped.wall = at(60s).wall;
    EXPECT_TRUE(u.is_due(jumped));
    EXPECT_TRUE(u.settle(jumped).lasting);
    EXPECT_FALSE(u.is_due(jumped));
}

TEST(user, an_expiry_at_the_end_of_time_is_no_overflow) {
    user u(defaults);
    u.put(phone, {.asked = state::offline, .text = "x", .text_expires = base::wall_time::max()},
          at(0s));
    EXPECT_GT(u.next_deadline().value_or(base::mono_time::max()), at(1'000'000h).mono);
    EXPECT_EQ(u.seen_by_others(at(0s)).text, "x");
}

TEST(user, deactivation_leaves_nothing_to_see) {
    user u(defaults);
    u.stream_opened(phone, {}, at(0s));
    u.put(phone, {.asked = state::online, .text = "lunch"}, at(1s));
    const changes c = u.deactivated(at(2s));
    EXPECT_TRUE(c.others && c.self && c.lasting);
    EXPECT_EQ(u.seen_by_others(at(2s)), view{.last_active = at(1s).wall});
}

TEST(user, deactivation_does_not_end_hiding) {
    user u(defaults);
    u.put(phone, {.asked = state::online, .text = "lunch"}, at(0s));
    u.put(phone, {.hide = true}, at(1s));
    u.active(phone, at(5min));
    u.deactivated(at(6min));
    EXPECT_EQ(u.seen_by_others(at(6min)), view{.last_active = at(0s).wall});
}

TEST(user, what_a_device_polled_with_before_an_absence_states_nothing) {
    user u(defaults);
    u.stream_opened(phone, {.asked = state::online}, at(0s));
    u.put(phone, {.asked = state::offline}, at(1s));
    u.stream_closed(phone, true, at(2s));
    u.put(phone, {.asked = state::free_for_chat}, at(60s));
    u.put(phone, {.asked = state::online}, at(120s));
    u.settle(at(360s));
    EXPECT_EQ(u.aggregate(), state::unavailable);
    u.settle(at(420s));
    EXPECT_EQ(u.aggregate(), state::offline);
}

TEST(user, without_an_idle_timeout_a_put_alone_counts_for_five_minutes) {
    const settings never_idle{.idle_timeout = 0ms};
    user u(never_idle);
    u.put(phone, {.asked = state::online}, at(0s));
    u.settle(at(5min - 1ms));
    EXPECT_EQ(u.aggregate(), state::online);
    u.settle(at(5min));
    EXPECT_EQ(u.aggregate(), state::offline);
}

}  // namespace
}  // namespace porchlight::presence
