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
        if (armed) {
            ++calls;
            if (calls == fails_at || (calls > fails_at && and_after && fails_at != 0)) {
                throw ports::store_error("planted");
            }
        }
        memory_store::commit(sets, durable);
    }
    bool armed = false;
    bool and_after = false;
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

// The loss of a view that ended is told by the rows of the list when the engine's own was lost.
TEST(lists_faults, a_view_that_ended_before_a_kill_is_told_to_who_was_away) {
    for (const bool drops : {true, false}) {
        auto store = std::make_shared<failing_store>();
        caller alice;
        caller bob;
        engine::token before;
        {
            lists_bench b(store);
            alice = b.user("alice");
            bob = b.user("bob");
            b.change(alice, {id("bob")});
            b.accept(bob, {id("alice")});
            before = b.house.engine.current_token();
            store->armed = true;
            store->fails_at = 2;  // the end itself is stored, nothing after it
            store->and_after = true;
            ASSERT_TRUE(drops ? b.change(alice, {}, {id("bob")}) : b.revoke(bob, {id("alice")}));
            store->armed = false;
        }
        lists_bench after(store);
        EXPECT_FALSE(after.sees(alice, bob));
        std::vector<std::string> shown;
        after.house.on_deliver = [&](std::unique_ptr<engine::batch> b) {
            for (const auto& s : b->subjects) {
                shown.push_back(after.name(s.user) +
                                (s.shown == presence::state::offline ? " offline" : " online"));
            }
        };
        engine::poll poll;
        poll.user = alice.user;
        poll.device = alice.device;
        poll.since = before;
        after.house.engine.open(poll, after.house.clock.at);
        after.house.settle();
        EXPECT_NE(std::ranges::find(shown, "@bob:porch.test offline"), shown.end()) << drops;
        std::size_t tombstones = 0;
        after.house.store->list_entries(
            [&](ports::list_entry_row&& r) { tombstones += r.presence_position == 0; });
        EXPECT_EQ(tombstones, 0u);
    }
}

}  // namespace
}  // namespace porchlight::homeserver
