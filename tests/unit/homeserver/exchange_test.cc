#include "homeserver/lists/exchange.h"

#include <gtest/gtest.h>

namespace porchlight::homeserver {
namespace {

using presence::consent_input;
using presence::consent_message;
using presence::consent_state;
using presence::entry_input;
using presence::entry_message;
using presence::entry_state;
using namespace std::chrono_literals;

constexpr wall_time noon = base::from_unix_ms(1'700'000'000'000);

struct exchange_test : testing::Test {
    // What the observer or the subject says, after `later`.
    template <class Input>
    exchange say(Input i, base::milliseconds later = 1s) {
        now += later;
        exchange x(entry, consent, facts, now);
        if constexpr (std::is_same_v<Input, entry_input>) {
            x.observer_says(i);
        } else {
            x.subject_says(i);
        }
        entry = x.entry();
        consent = x.consent();
        return x;
    }
    // What the other half's server says.
    template <class Message>
    exchange hear(Message m) {
        now += 1s;
        exchange x(entry, consent, facts, now);
        if constexpr (std::is_same_v<Message, entry_message>) {
            x.observers_server_says(m);
        } else {
            x.subjects_server_says(m);
        }
        entry = x.entry();
        consent = x.consent();
        return x;
    }
    wall_time now = noon;
    entry_half entry;
    consent_half consent;
    pair_facts facts;
};

TEST_F(exchange_test, an_invite_is_told_and_an_acceptance_is_told_back) {
    const auto invited = say(entry_input::invite);
    EXPECT_TRUE(invited.notice());
    EXPECT_EQ(entry.state, entry_state::pending);
    EXPECT_EQ(entry.invited, noon + 1s);
    EXPECT_EQ(consent.state, consent_state::invited);
    EXPECT_EQ(consent.since, noon + 1s);
    const auto accepted = say(consent_input::accept);
    EXPECT_TRUE(accepted.accepted());
    EXPECT_EQ(entry.state, entry_state::accepted);
    EXPECT_EQ(entry.invited, noon + 1s) << "accepting is no invite";
    EXPECT_EQ(consent.state, consent_state::accepted);
    EXPECT_EQ(consent.since, noon + 2s);
}

TEST_F(exchange_test, a_deny_is_not_told_and_the_next_invite_is_silent) {
    say(entry_input::invite);
    EXPECT_FALSE(say(consent_input::deny).accepted());
    EXPECT_EQ(entry.state, entry_state::pending);
    EXPECT_FALSE(say(entry_input::invite, 48h).notice());
    EXPECT_EQ(consent.state, consent_state::denied);
    EXPECT_EQ(entry.invited, now) << "for its owner it is a new invite";
}

TEST_F(exchange_test, one_notice_a_day_whatever_lies_between) {
    EXPECT_TRUE(say(entry_input::invite, 1ms).notice());
    for (int i = 0; i < 10; ++i) {
        say(entry_input::drop);
        EXPECT_FALSE(say(entry_input::invite).notice());
    }
    EXPECT_EQ(consent.state, consent_state::invited) << "untold, but there";
    say(entry_input::drop, 1s);
    now = noon + 24h;
    EXPECT_FALSE(say(entry_input::invite, 0ms).notice()) << "the notice came a millisecond later";
    say(entry_input::drop);
    EXPECT_TRUE(say(entry_input::invite).notice());
}

TEST_F(exchange_test, a_drop_ends_both_halves) {
    say(entry_input::invite);
    say(consent_input::accept);
    say(entry_input::drop);
    EXPECT_EQ(entry.state, entry_state::none);
    EXPECT_EQ(consent.state, consent_state::none);
    EXPECT_TRUE(consent.there()) << "the notice is remembered for a day";
}

TEST_F(exchange_test, a_preapproval_accepts_the_invite_at_once) {
    say(consent_input::accept);
    EXPECT_EQ(entry.state, entry_state::none);
    const auto x = say(entry_input::invite);
    EXPECT_TRUE(x.accepted());
    EXPECT_FALSE(x.notice());
    EXPECT_EQ(entry.state, entry_state::accepted);
}

TEST_F(exchange_test, auto_accept_acts_on_who_was_never_answered_only) {
    facts.accepts = true;
    const auto x = say(entry_input::invite);
    EXPECT_EQ(entry.state, entry_state::accepted);
    EXPECT_FALSE(x.notice());
    EXPECT_EQ(consent.since, now);
    say(consent_input::revoke);
    EXPECT_EQ(entry.state, entry_state::pending);
    say(entry_input::invite);
    EXPECT_EQ(entry.state, entry_state::pending) << "what the subject said beats it";
}

TEST_F(exchange_test, a_swallowed_invite_leaves_nothing_behind) {
    facts.swallows = facts.accepts = true;
    const auto x = say(entry_input::invite);
    EXPECT_FALSE(x.notice() || x.accepted());
    EXPECT_EQ(entry.state, entry_state::pending);
    EXPECT_FALSE(consent.there());
    facts.swallows = false;
    say(entry_input::invite);
    EXPECT_EQ(entry.state, entry_state::accepted) << "asking again is heard";
}

TEST_F(exchange_test, a_drop_is_heard_while_invites_are_swallowed) {
    say(entry_input::invite);
    say(consent_input::accept);
    facts.swallows = true;
    say(entry_input::drop);
    EXPECT_EQ(consent.state, consent_state::none);
}

TEST_F(exchange_test, what_is_for_the_half_of_another_server_is_to_be_sent) {
    facts.subject = place::elsewhere;
    facts.accepts = true;
    const auto invited = say(entry_input::invite);
    EXPECT_EQ(invited.to_subjects_server(), entry_message::invite);
    EXPECT_EQ(entry.state, entry_state::pending);
    EXPECT_FALSE(consent.there());
    facts = {};
    facts.observer = place::elsewhere;
    consent.state = consent_state::invited;
    const auto accepted = say(consent_input::accept);
    EXPECT_EQ(accepted.to_observers_server(), consent_message::accept);
    EXPECT_FALSE(accepted.accepted());
    EXPECT_EQ(entry.state, entry_state::pending);
    EXPECT_EQ(consent.state, consent_state::accepted);
}

TEST_F(exchange_test, another_server_speaks_for_its_half) {
    facts.observer = place::elsewhere;
    const auto invited = hear(entry_message::invite);
    EXPECT_TRUE(invited.notice());
    EXPECT_EQ(consent.state, consent_state::invited);
    EXPECT_FALSE(entry != entry_half{}) << "that half is kept there";
    say(consent_input::accept);
    const auto dropped = hear(entry_message::withdraw);
    EXPECT_EQ(consent.state, consent_state::none);
    EXPECT_EQ(dropped.to_observers_server(), consent_message::deny)
        << "it tells an entry that was accepted meanwhile";
    facts = {};
    consent = {};
    facts.subject = place::elsewhere;
    const auto unasked = hear(consent_message::accept);
    EXPECT_EQ(unasked.to_subjects_server(), entry_message::withdraw);
    EXPECT_EQ(entry.state, entry_state::none) << "an accept without an entry changes nothing";
    say(entry_input::invite);
    EXPECT_TRUE(hear(consent_message::accept).accepted());
    EXPECT_EQ(entry.state, entry_state::accepted);
    hear(consent_message::deny);
    EXPECT_EQ(entry.state, entry_state::pending);
}

TEST_F(exchange_test, to_who_was_deactivated_nothing_is_said) {
    facts.subject = place::nowhere;
    const auto invited = say(entry_input::invite);
    EXPECT_EQ(invited.to_subjects_server(), entry_message::none);
    EXPECT_EQ(entry.state, entry_state::pending);
    EXPECT_FALSE(consent.there());
}

}  // namespace
}  // namespace porchlight::homeserver
