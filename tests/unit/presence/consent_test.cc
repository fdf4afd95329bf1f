#include "presence/consent.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <set>
#include <string>
#include <vector>

namespace porchlight::presence {

namespace {

using consent = consent_state;
using said = consent_input;

// Both halves and what is on its way between them.
struct pair_of_servers {
    entry_state entry = entry_state::none;
    consent_state consent = consent_state::none;
    std::deque<entry_message> to_subject;
    std::deque<consent_message> to_observer;
    unsigned told_subject = 0, told_observer = 0;

    void observer(entry_input i) {
        const entry_step step = next(entry, i);
        entry = step.to;
        told_observer += step.tell ? 1 : 0;
        if (step.send != entry_message::none) {
            to_subject.push_back(step.send);
        }
    }
    void subject(consent_input i) {
        const consent_step step = next(consent, i);
        consent = step.to;
        told_subject += step.tell ? 1 : 0;
        if (step.send != consent_message::none) {
            to_observer.push_back(step.send);
        }
    }
    // The first message arrives; with `again` its sender does not know so yet and repeats it.
    void arrive_at_subject(bool again) {
        const entry_message m = to_subject.front();
        if (!again) {
            to_subject.pop_front();
        }
        subject(m == entry_message::invite ? said::invite : said::withdraw);
    }
    void arrive_at_observer(bool again) {
        const consent_message m = to_observer.front();
        if (!again) {
            to_observer.pop_front();
        }
        observer(m == consent_message::accept ? entry_input::accept : entry_input::deny);
    }
    void settle() {
        while (!to_subject.empty() || !to_observer.empty()) {
            if (!to_subject.empty()) {
                arrive_at_subject(false);
            }
            if (!to_observer.empty()) {
                arrive_at_observer(false);
            }
        }
    }
    bool agree() const {
        const bool asked = consent == consent::invited || consent == consent::denied;
        return (entry == entry_state::accepted) == (consent == consent::accepted) &&
               (entry == entry_state::pending) == asked;
    }
    std::string name() const {
        std::string n{static_cast<char>('0' + static_cast<int>(entry)),
                      static_cast<char>('0' + static_cast<int>(consent)), '|'};
        for (const entry_message m : to_subject) {
            n += static_cast<char>('0' + static_cast<int>(m));
        }
        n += '|';
        for (const consent_message m : to_observer) {
            n += static_cast<char>('0' + static_cast<int>(m));
        }
        return n;
    }
};

constexpr consent_input by_subject[] = {said::accept, said::deny, said::revoke};
constexpr entry_input by_observer[] = {entry_input::invite, entry_input::drop};
constexpr consent_state all_consents[] = {consent::none,        consent::invited, consent::accepted,
                                          consent::preapproved, consent::denied,  consent::barred};

}  // namespace

TEST(consent, an_invite_waits_until_the_subject_accepts) {
    pair_of_servers p;
    p.observer(entry_input::invite);
    p.settle();
    EXPECT_EQ(p.entry, entry_state::pending);
    EXPECT_EQ(p.consent, consent::invited);
    EXPECT_EQ(p.told_subject, 1U);
    p.subject(said::accept);
    p.settle();
    EXPECT_EQ(p.entry, entry_state::accepted);
    EXPECT_EQ(p.told_observer, 1U);
}

TEST(consent, nothing_is_told_on_a_denial) {
    pair_of_servers p;
    p.observer(entry_input::invite);
    p.settle();
    p.subject(said::deny);
    p.settle();
    EXPECT_EQ(p.entry, entry_state::pending);
    EXPECT_EQ(p.told_observer, 0U);
}

TEST(consent, after_a_denial_invites_stay_silent_until_the_subject_accepts) {
    pair_of_servers p;
    p.observer(entry_input::invite);
    p.settle();
    p.subject(said::deny);
    for (int i = 0; i < 3; ++i) {
        p.observer(entry_input::drop);
        p.settle();
        EXPECT_EQ(p.consent, consent::barred);
        p.observer(entry_input::invite);
        p.settle();
        EXPECT_EQ(p.consent, consent::denied);
    }
    EXPECT_EQ(p.told_subject, 1U);
    p.subject(said::accept);
    p.settle();
    EXPECT_EQ(p.entry, entry_state::accepted) << "accepting undoes a denial";
}

TEST(consent, a_pre_approval_says_nothing_until_an_invite_arrives) {
    pair_of_servers p;
    p.subject(said::accept);
    EXPECT_TRUE(p.to_observer.empty());
    EXPECT_EQ(p.consent, consent::preapproved);
    p.observer(entry_input::invite);
    p.settle();
    EXPECT_EQ(p.entry, entry_state::accepted);
    EXPECT_EQ(p.told_subject, 0U);
}

TEST(consent, a_pre_approval_that_was_revoked_is_none) {
    EXPECT_EQ(next(consent::preapproved, said::revoke).to, consent::none);
}

TEST(consent, an_accept_without_an_entry_is_answered_with_a_withdrawal) {
    const entry_step step = next(entry_state::none, entry_input::accept);
    EXPECT_EQ(step.to, entry_state::none);
    EXPECT_EQ(step.send, entry_message::withdraw);
    EXPECT_FALSE(step.tell);
}

TEST(consent, an_accepted_invite_asked_again_is_accepted_again) {
    EXPECT_EQ(next(consent::accepted, said::invite).send, consent_message::accept);
}

TEST(consent, every_input_is_idempotent) {
    for (const consent_state s : all_consents) {
        for (const consent_input i :
             {said::invite, said::withdraw, said::accept, said::deny, said::revoke}) {
            const consent_state once = next(s, i).to;
            const consent_step twice = next(once, i);
            EXPECT_EQ(twice.to, once) << static_cast<int>(s) << ' ' << static_cast<int>(i);
            EXPECT_FALSE(twice.tell);
        }
    }
    for (const entry_state s : {entry_state::none, entry_state::pending, entry_state::accepted}) {
        for (const entry_input i :
             {entry_input::invite, entry_input::drop, entry_input::accept, entry_input::deny}) {
            const entry_state once = next(s, i).to;
            const entry_step twice = next(once, i);
            EXPECT_EQ(twice.to, once) << static_cast<int>(s) << ' ' << static_cast<int>(i);
            EXPECT_FALSE(twice.tell);
        }
    }
}

// Invariants (1) and (2) of the header, for each state.
TEST(consent, only_the_subject_gives_a_view) {
    for (const consent_state s : all_consents) {
        for (const consent_input i : {said::invite, said::withdraw}) {
            const consent_state to = next(s, i).to;
            if (to == consent::accepted) {
                EXPECT_TRUE(s == consent::accepted || s == consent::preapproved);
            }
            if (s == consent::denied || s == consent::barred) {
                EXPECT_TRUE(to == consent::denied || to == consent::barred);
            }
        }
    }
    for (const consent_state s : {consent::denied, consent::barred}) {
        for (const consent_input i : {said::deny, said::revoke}) {
            EXPECT_EQ(next(s, i).to, s);
        }
    }
}

RC_GTEST_PROP(consent_property, no_calls_of_an_observer_alone_ever_yield_a_view, ()) {
    pair_of_servers p;
    p.consent = *rc::gen::elementOf(
        std::vector{consent::none, consent::invited, consent::denied, consent::barred});
    p.entry = *rc::gen::elementOf(std::vector{entry_state::none, entry_state::pending});
    for (const int what : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6))) {
        if (what < 2) {
            p.observer(by_observer[what]);
        } else if (what < 4 && !p.to_subject.empty()) {
            p.arrive_at_subject(what == 3);
        } else if (what >= 4 && !p.to_observer.empty()) {
            p.arrive_at_observer(what == 5);
        }
        RC_ASSERT(p.consent != consent::accepted && p.consent != consent::preapproved);
        RC_ASSERT(p.entry != entry_state::accepted);
    }
}

// Not sampled but whole: every state two servers can reach with at most three messages each way,
// whoever acts next and whatever arrives, is repeated, or is replaced by a newer message first.
TEST(consent_property, both_halves_agree_after_any_interleaving_repetition_and_replacement) {
    constexpr std::size_t on_the_way_max = 3;
    std::set<std::string> known;
    std::vector<pair_of_servers> open{{}};
    const auto visit = [&](const pair_of_servers& p) {
        if (p.to_subject.size() <= on_the_way_max && p.to_observer.size() <= on_the_way_max &&
            known.insert(p.name()).second) {
            open.push_back(p);
        }
    };
    while (!open.empty()) {
        const pair_of_servers p = open.back();
        open.pop_back();
        pair_of_servers calm = p;
        calm.settle();
        ASSERT_TRUE(calm.agree()) << p.name() << " settles as " << calm.name();
        for (const entry_input i : by_observer) {
            pair_of_servers after = p;
            after.observer(i);
            visit(after);
        }
        for (const consent_input i : by_subject) {
            pair_of_servers after = p;
            after.subject(i);
            visit(after);
        }
        // The newest message took the place of the one before it, which had not arrived for good.
        const auto replace = [&](auto way) {
            if ((p.*way).size() >= 2) {
                pair_of_servers after = p;
                (after.*way).erase((after.*way).end() - 2);
                visit(after);
            }
        };
        replace(&pair_of_servers::to_subject);
        replace(&pair_of_servers::to_observer);
        for (const bool again : {false, true}) {
            if (!p.to_subject.empty()) {
                pair_of_servers after = p;
                after.arrive_at_subject(again);
                visit(after);
            }
            if (!p.to_observer.empty()) {
                pair_of_servers after = p;
                after.arrive_at_observer(again);
                visit(after);
            }
        }
    }
    EXPECT_GT(known.size(), 500U) << "the search did not get far";
}

TEST(auto_accept, says_whose_invites_need_no_answer) {
    const inviter stranger{}, contact{.contact = true}, colleague{.same_server = true};
    EXPECT_FALSE(accepts_by_itself(auto_accept::never, contact));
    EXPECT_TRUE(accepts_by_itself(auto_accept::contacts, contact));
    EXPECT_FALSE(accepts_by_itself(auto_accept::contacts, colleague));
    EXPECT_TRUE(accepts_by_itself(auto_accept::same_server, colleague));
    EXPECT_FALSE(accepts_by_itself(auto_accept::same_server, stranger));
    EXPECT_TRUE(accepts_by_itself(auto_accept::everyone, stranger));
}

}  // namespace porchlight::presence
