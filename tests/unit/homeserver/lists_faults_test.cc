#include <gtest/gtest.h>

#include <functional>

#include "lists_bench.h"

// Each store call in turn fails, alone or with all after it (as when the process was killed before
// it). What was answered with success is there after a reload, what was refused left nothing.
namespace porchlight::homeserver {
namespace {

using presence::auto_accept;
using presence::user_visibility;

class failing_store final : public storage::memory_store {
  public:
    void commit(std::span<const ports::write_set> sets, bool durable) override {
        if (armed && loses_behind) {
            if (!durable) {
                throw ports::store_error("planted");
            }
        } else if (armed) {
            ++calls;
            if (calls == fails_at || (calls > fails_at && and_after && fails_at != 0)) {
                throw ports::store_error("planted");
            }
        }
        memory_store::commit(sets, durable);
    }
    bool armed = false;
    bool and_after = false;
    bool loses_behind = false;  // all that is not durable
    std::size_t calls = 0;
    std::size_t fails_at = 0;  // 0: never
};

struct people {
    explicit people(lists_bench& b)
        : alice(b.user("alice")), bob(b.user("bob")), carol(b.user("carol")) {}
    caller alice, bob, carol;
};

using deed_of_test = std::function<outcome<void>(lists_bench&, const people&)>;

const std::vector<deed_of_test>& sequence() {
    static const std::vector<deed_of_test> all = {
        [](auto& b, auto& p) {
            return b.change(p.alice, {id("bob"), id("carol"), id("ghost")});
        },
        [](auto& b, auto& p) {
            return b.accept(p.bob, {id("alice"), "@x:elsewhere.test"});
        },
        [](auto& b, auto& p) { return b.policy(p.carol, {}, auto_accept::everyone); },
        [](auto& b, auto& p) { return b.change(p.bob, {id("carol")}); },
        [](auto& b, auto& p) {
            return b.block(p.bob, {id("alice"), id("mallory")});
        },
        [](auto& b, auto& p) { return b.deny(p.carol, {id("alice")}); },
        [](auto& b, auto& p) { return b.policy(p.carol, user_visibility::nobody); },
        [](auto& b, auto& p) {
            return b.change(p.alice, {id("bob")}, {id("ghost"), id("carol")});
        },
        [](auto& b, auto& p) { return b.unblock(p.bob, {id("alice")}); },
        [](auto& b, auto& p) { return b.policy(p.carol, user_visibility::lists_only); },
        [](auto& b, auto& p) {
            return b.answer(p.bob, {.accept = {id("dora")}, .revoke = {id("alice")}});
        },
        [](auto& b, auto& p) { return b.change(p.bob, {}, {id("carol")}); },
        [](auto& b, auto& p) { return b.accept(p.bob, {id("alice")}); },
    };
    return all;
}

// All that the three have and see.
std::string state_of(const lists_bench& b, const people& p) {
    std::string text;
    const auto line = [&text](const std::string& what, const ids& names) {
        text += what + ':';
        for (const auto& n : names) {
            text += ' ' + n;
        }
        text += '\n';
    };
    for (const caller& who : {p.alice, p.bob, p.carol}) {
        const auto o = b.overview(who);
        line(b.name(who.user), b.list(who));
        line("incoming", b.names(o.incoming));
        line("observers", b.names(o.observers));
        line("preapproved", b.names(o.preapproved));
        line("denied", b.names(o.denied));
        line("blocked", b.names(o.blocked));
        const auto policy = b.house.lists.policy_of(who.user);
        line("policy", {std::to_string(static_cast<int>(policy.visibility)),
                        std::to_string(static_cast<int>(policy.auto_accept))});
        for (const caller& subject : {p.alice, p.bob, p.carol}) {
            if (b.sees(who, subject)) {
                line("sees", {b.name(subject.user)});
            }
        }
    }
    return text;
}

// Does the first `deeds` of the sequence. False: no store call was left to fail.
bool run(std::size_t deeds, std::size_t fails_at, bool and_after) {
    auto store = std::make_shared<failing_store>();
    lists_bench model;
    const people there(model);
    std::string last;
    std::size_t calls = 0;
    {
        lists_bench b(store);
        const people p(b);
        store->armed = true;
        store->fails_at = fails_at;
        store->and_after = and_after;
        for (std::size_t i = 0; i < deeds; ++i) {
            const auto done = sequence()[i](b, p);
            if (done) {
                EXPECT_TRUE(sequence()[i](model, there));
            } else {
                EXPECT_EQ(done.error().code, matrix::errc::unavailable);
            }
            EXPECT_EQ(state_of(b, p), state_of(model, there)) << "deed " << i;
        }
        calls = store->calls;
        store->armed = false;
    }
    for (const bool again : {false, true}) {
        lists_bench after(store);
        EXPECT_EQ(state_of(after, there), state_of(model, there)) << (again ? "twice" : "once");
    }
    return fails_at <= calls;
}

TEST(lists_faults, whichever_store_call_fails_nothing_is_half_done) {
    for (std::size_t deeds = 1; deeds <= sequence().size(); ++deeds) {
        for (std::size_t n = 1; run(deeds, n, false); ++n) {
            ASSERT_FALSE(testing::Test::HasFailure()) << deeds << " deeds, call " << n << " fails";
        }
    }
}

TEST(lists_faults, whenever_the_process_is_killed_what_was_answered_is_there) {
    for (std::size_t n = 1; run(sequence().size(), n, true); ++n) {
        ASSERT_FALSE(testing::Test::HasFailure()) << "killed before call " << n;
    }
}

// Calls of one pair that come at once: each is decided by what the one before it left.
bool run_at_once(std::size_t fails_at) {
    auto store = std::make_shared<failing_store>();
    lists_bench model;
    const people there(model);
    std::size_t calls = 0;
    {
        lists_bench b(store);
        const people p(b);
        std::vector<bool> answered(8);
        const auto note = [&answered](std::size_t i) {
            return [&answered, i](outcome<void> r) { answered[i] = r.has_value(); };
        };
        store->armed = true;
        store->fails_at = fails_at;
        store->and_after = true;
        auto& l = b.house.lists;
        l.change_list(p.alice, {{id("bob")}, {}}, note(0));
        l.answer_invites(p.bob, {.accept = {id("alice")}}, note(1));
        l.answer_invites(p.bob, {.revoke = {id("alice")}}, note(2));
        l.answer_invites(p.bob, {.accept = {id("alice")}}, note(3));
        l.change_list(p.alice, {{}, {id("bob")}}, note(4));
        l.change_list(p.alice, {{id("bob")}, {}}, note(5));
        l.answer_invites(p.bob, {.accept = {id("alice")}}, note(6));
        l.change_list(p.alice, {{}, {id("bob")}}, note(7));
        b.house.settle();
        calls = store->calls;
        store->armed = false;
        const std::vector<deed_of_test> same = {
            [](auto& m, auto& w) { return m.change(w.alice, {id("bob")}); },
            [](auto& m, auto& w) { return m.accept(w.bob, {id("alice")}); },
            [](auto& m, auto& w) { return m.revoke(w.bob, {id("alice")}); },
            [](auto& m, auto& w) { return m.accept(w.bob, {id("alice")}); },
            [](auto& m, auto& w) { return m.change(w.alice, {}, {id("bob")}); },
            [](auto& m, auto& w) { return m.change(w.alice, {id("bob")}); },
            [](auto& m, auto& w) { return m.accept(w.bob, {id("alice")}); },
            [](auto& m, auto& w) { return m.change(w.alice, {}, {id("bob")}); },
        };
        for (std::size_t i = 0; i < same.size(); ++i) {
            if (answered[i]) {
                EXPECT_TRUE(same[i](model, there));
            }
        }
        EXPECT_EQ(state_of(b, p), state_of(model, there));
    }
    lists_bench after(store);
    EXPECT_EQ(state_of(after, there), state_of(model, there));
    return fails_at <= calls;
}

TEST(lists_faults, calls_of_one_pair_that_a_kill_cuts_off_are_whole) {
    for (std::size_t n = 1; run_at_once(n); ++n) {
        ASSERT_FALSE(testing::Test::HasFailure()) << "killed before call " << n;
    }
}

// What a poll with the token shows of bob: "offline", "there", or nothing.
std::string heard_of_bob(lists_bench& b, const caller& who, engine::token since) {
    std::string heard;
    b.house.on_deliver = [&](std::unique_ptr<engine::batch> answer) {
        for (const auto& s : answer->subjects) {
            if (b.name(s.user) == id("bob")) {
                heard = s.shown == presence::state::offline ? "offline" : "there";
            }
        }
    };
    engine::poll poll;
    poll.user = who.user;
    poll.device = who.device;
    poll.since = since;
    b.house.engine.open(poll, b.house.clock.at);
    b.house.settle();
    b.house.on_deliver = nullptr;
    return heard;
}

// The rows of the list tell what began and ended when all that was written behind is lost.
TEST(lists_faults, a_view_that_began_or_ended_before_a_kill_is_told_to_who_was_away) {
    enum class end { none, drop, revoke, revoke_and_asked_again };
    for (const end how : {end::none, end::drop, end::revoke, end::revoke_and_asked_again}) {
        auto store = std::make_shared<failing_store>();
        caller alice;
        engine::token before;
        {
            lists_bench b(store);
            alice = b.user("alice");
            const caller bob = b.user("bob");
            b.change(alice, {id("bob")});
            if (how != end::none) {
                b.accept(bob, {id("alice")});
            }
            before = b.house.engine.current_token();
            b.house.advance(std::chrono::seconds{1});
            store->armed = store->loses_behind = true;
            auto& l = b.house.lists;
            const auto done = [](outcome<void> r) { EXPECT_TRUE(r); };
            if (how == end::none) {
                l.answer_invites(bob, {.accept = {id("alice")}}, done);
            } else if (how == end::drop) {
                l.change_list(alice, {{}, {id("bob")}}, done);
            } else {
                l.answer_invites(bob, {.revoke = {id("alice")}}, done);
            }
            if (how == end::revoke_and_asked_again) {
                l.change_list(alice, {{id("bob")}, {}}, done);
            }
            b.house.settle();
            store->armed = false;
        }
        const auto wish = test::house_bench::cheap_settings();
        lists_bench after(store, wish, false, std::chrono::minutes{1});
        EXPECT_EQ(heard_of_bob(after, alice, before), "offline") << static_cast<int>(how);
        std::size_t not_known = 0;
        store->list_entries(
            [&](ports::list_entry_row&& r) { not_known += r.presence_position == 0; });
        EXPECT_EQ(not_known, 0u) << "the positions are stored now";
        lists_bench again(store, wish, true, std::chrono::minutes{2});
        EXPECT_EQ(heard_of_bob(again, alice, before), "offline") << static_cast<int>(how);
        EXPECT_EQ(again.list(alice), after.list(alice));
    }
}

// After a kill the engine needs it, so as to tell of nobody whom rooms did not show.
TEST(lists_faults, the_row_of_a_policy_names_the_visibility_before) {
    auto store = std::make_shared<failing_store>();
    lists_bench b(store);
    const caller bob = b.user("bob");
    ASSERT_TRUE(b.policy(bob, user_visibility::lists_only));
    ASSERT_TRUE(b.policy(bob, user_visibility::nobody));
    ASSERT_TRUE(b.policy(bob, std::nullopt, presence::auto_accept::everyone));
    std::size_t rows = 0;
    store->policies([&](ports::policy_row&& r) {
        ++rows;
        EXPECT_EQ(r.visibility, static_cast<std::uint8_t>(user_visibility::nobody));
        EXPECT_EQ(r.visibility_before, static_cast<std::uint8_t>(user_visibility::lists_only));
        EXPECT_NE(r.presence_position, 0U);
    });
    EXPECT_EQ(rows, 1U);
}

TEST(lists_faults, a_view_that_began_is_told_after_a_clean_stop_too) {
    auto store = std::make_shared<failing_store>();
    caller alice;
    engine::token before;
    {
        lists_bench b(store);
        alice = b.user("alice");
        const caller bob = b.user("bob");
        b.change(alice, {id("bob")});
        before = b.house.engine.current_token();
        b.accept(bob, {id("alice")});
    }
    lists_bench after(store, test::house_bench::cheap_settings(), true, std::chrono::minutes{1});
    EXPECT_EQ(heard_of_bob(after, alice, before), "offline");
}

}  // namespace
}  // namespace porchlight::homeserver
