#include "homeserver/to_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/metrics.h"
#include "support/house_bench.h"

// Messages to devices: durable, kept until acknowledged, within limits.
namespace porchlight::homeserver {
namespace {

namespace limits = base::limits;
using matrix::errc;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t all = ~std::uint64_t{0};

struct to_device_test : testing::Test {
    // Another life of the same store.
    void restart() {
        auto store = bench->store;
        bench.reset();
        bench = std::make_unique<test::house_bench>(std::move(store));
    }
    to_device::message message(const login_result& to, std::string content = "{}") {
        return {to.who.user, to.who.device, "org.example.ring", "@alice:porch.test",
                std::move(content)};
    }
    outcome<void> send(std::vector<to_device::message> messages, std::string txn_id) {
        return bench->wait<void>([&](auto done) {
            bench->to_device.send(alice.who, "sendToDevice/x", std::move(txn_id),
                                  std::move(messages), std::move(done));
        });
    }
    // The contents of what waits for a device that was told up to `told`, oldest first.
    std::vector<std::string> waiting(const login_result& d, std::uint64_t told = 0) {
        std::vector<std::string> found;
        if (const auto after = bench->to_device.waiting_after(d.who.device, told)) {
            for (auto& row : bench->store->to_device(d.who.device, *after, all, 9'999)) {
                found.push_back(std::move(row.content));
            }
        }
        return found;
    }
    std::vector<std::string> stored(const login_result& d) {
        std::vector<std::string> found;
        for (auto& row : bench->store->to_device(d.who.device, 0, all, 9'999)) {
            found.push_back(std::move(row.content));
        }
        return found;
    }
    // As a client whose answer was made now presents the token later.
    std::uint64_t told_now() { return bench->to_device.told_by(bench->engine.current_token()); }
    void acknowledge(const login_result& d, std::uint64_t told) {
        bench->to_device.acknowledged(d.who.device, told);
        bench->settle();
    }
    login_result log_in(const std::string& name) {
        return bench
            ->wait<login_result>(
                [&](auto done) { bench->accounts.login(name, "pw-" + name, {}, std::move(done)); })
            .value();
    }
    outcome<void> log_out(const login_result& d) {
        return bench->wait<void>(
            [&](auto done) { bench->accounts.logout(d.who, std::move(done)); });
    }
    // How often a limit was reached.
    static std::uint64_t reached(std::string_view limit) {
        const std::string labels = "limit=\"" + std::string{limit} + "\"";
        std::uint64_t times = 0;
        for (const auto* m : base::metrics::all()) {
            if (m->name == "porchlight_limits_reached_total" && m->labels == labels) {
                times += dynamic_cast<const base::metrics::counter&>(*m).value();
            }
        }
        return times;
    }

    std::unique_ptr<test::house_bench> bench = std::make_unique<test::house_bench>();
    login_result alice = bench->sign_up("alice");
    login_result bob = bench->sign_up("bob");
};

TEST_F(to_device_test, a_message_waits_for_its_device_alone) {
    const login_result tablet = log_in("bob");
    ASSERT_TRUE(send({message(bob, R"({"n":1})")}, "t1"));
    EXPECT_THAT(waiting(bob), ElementsAre(R"({"n":1})"));
    EXPECT_THAT(waiting(tablet), IsEmpty());
    EXPECT_THAT(waiting(alice), IsEmpty());
}

TEST_F(to_device_test, without_a_device_it_goes_to_all_of_the_user) {
    const login_result tablet = log_in("bob");
    auto m = message(bob);
    m.device.reset();
    ASSERT_TRUE(send({m}, "t1"));
    EXPECT_EQ(waiting(bob).size(), 1U);
    EXPECT_EQ(waiting(tablet).size(), 1U);
    EXPECT_THAT(waiting(alice), IsEmpty());
}

TEST_F(to_device_test, it_is_durable_before_it_waits_and_before_the_answer) {
    bench->log_device.held = true;
    bool answered = false;
    bench->to_device.send(alice.who, "k", "t", {message(bob)},
                          [&](outcome<void> r) { answered = r.has_value(); });
    bench->settle();
    EXPECT_FALSE(answered);
    EXPECT_THAT(waiting(bob), IsEmpty());
    const auto before = bench->log_device.durable_commits;
    bench->log_device.held = false;
    bench->settle();
    EXPECT_TRUE(answered);
    EXPECT_EQ(bench->log_device.durable_commits, before + 1);
    EXPECT_EQ(waiting(bob).size(), 1U);
}

TEST_F(to_device_test, a_refused_commit_sends_nothing_and_may_be_tried_again) {
    bench->store->refuse_commits(true);
    EXPECT_EQ(send({message(bob)}, "t").error().code, errc::unavailable);
    bench->store->refuse_commits(false);
    EXPECT_THAT(waiting(bob), IsEmpty());
    EXPECT_TRUE(send({message(bob)}, "t"));
    EXPECT_EQ(waiting(bob).size(), 1U);
}

TEST_F(to_device_test, a_transaction_id_sends_once_over_restarts_too) {
    ASSERT_TRUE(send({message(bob)}, "t"));
    ASSERT_TRUE(send({message(bob)}, "t"));
    EXPECT_EQ(waiting(bob).size(), 1U);
    restart();
    ASSERT_TRUE(send({message(bob)}, "t"));
    EXPECT_EQ(waiting(bob).size(), 1U);
    ASSERT_TRUE(send({message(bob)}, "another"));
    EXPECT_EQ(waiting(bob).size(), 2U);
}

TEST_F(to_device_test, a_transaction_id_that_reached_nobody_is_answered_for_too) {
    ASSERT_TRUE(send({}, "t"));
    restart();
    ASSERT_TRUE(send({message(bob)}, "t"));
    EXPECT_THAT(waiting(bob), IsEmpty());
}

TEST_F(to_device_test, messages_wait_until_a_newer_token_is_presented) {
    const auto before = told_now();
    ASSERT_TRUE(send({message(bob, R"({"n":1})")}, "t1"));
    const auto after = told_now();
    acknowledge(bob, before);
    EXPECT_EQ(waiting(bob, before).size(), 1U) << "the same token gives it again";
    EXPECT_THAT(waiting(bob, after), IsEmpty());
    ASSERT_TRUE(send({message(bob, R"({"n":2})")}, "t2"));
    EXPECT_THAT(waiting(bob, after), ElementsAre(R"({"n":2})"));
    acknowledge(bob, after);
    EXPECT_THAT(stored(bob), ElementsAre(R"({"n":2})")) << "the first is forgotten";
    EXPECT_THAT(waiting(bob), ElementsAre(R"({"n":2})")) << "also for who presents no token";
}

TEST_F(to_device_test, each_of_a_call_has_a_position_so_a_token_may_end_between_them) {
    ASSERT_TRUE(send({message(bob, R"({"n":1})"), message(bob, R"({"n":2})")}, "t"));
    const auto rows = bench->store->to_device(bob.who.device, 0, all, 9);
    ASSERT_EQ(rows.size(), 2U);
    acknowledge(bob, rows[0].position);
    EXPECT_THAT(waiting(bob, rows[0].position), ElementsAre(R"({"n":2})"));
    EXPECT_THAT(stored(bob), ElementsAre(R"({"n":2})"));
    EXPECT_EQ(bench->log.last_applied(), rows[1].position) << "what is given out as D is stored";
}

TEST_F(to_device_test, a_poll_with_nothing_to_forget_writes_nothing) {
    ASSERT_TRUE(send({message(bob)}, "t"));
    const auto told = told_now();
    const auto durable = bench->log_device.durable_commits;
    bench->to_device.acknowledged(bob.who.device, told);
    EXPECT_EQ(bench->log_device.waiting(), 1U);
    bench->settle();
    for (int poll = 0; poll < 3; ++poll) {
        bench->to_device.acknowledged(bob.who.device, told);
        bench->to_device.acknowledged(alice.who.device, told);
        EXPECT_EQ(bench->log_device.waiting(), 0U);
    }
    EXPECT_EQ(bench->log_device.durable_commits, durable) << "forgetting costs no sync";
}

TEST_F(to_device_test, what_could_not_be_forgotten_is_forgotten_with_the_next_token) {
    ASSERT_TRUE(send({message(bob)}, "t"));
    const auto told = told_now();
    bench->store->refuse_commits(true);
    acknowledge(bob, told);
    bench->store->refuse_commits(false);
    EXPECT_EQ(stored(bob).size(), 1U);
    EXPECT_THAT(waiting(bob, told), IsEmpty());
    acknowledge(bob, told);
    EXPECT_THAT(stored(bob), IsEmpty());
}

TEST_F(to_device_test, what_is_being_forgotten_waits_no_more) {
    ASSERT_TRUE(send({message(bob, R"({"n":1})")}, "t1"));
    const auto told = told_now();
    ASSERT_TRUE(send({message(bob, R"({"n":2})")}, "t2"));
    bench->log_device.held = true;
    bench->to_device.acknowledged(bob.who.device, told);
    EXPECT_EQ(stored(bob).size(), 2U) << "the removal is on its way";
    EXPECT_THAT(waiting(bob), ElementsAre(R"({"n":2})")) << "also for who presents no token";
    bench->log_device.held = false;
    bench->settle();
    EXPECT_EQ(stored(bob).size(), 1U);
}

TEST_F(to_device_test, messages_and_what_was_told_survive_a_restart) {
    ASSERT_TRUE(send({message(bob, R"({"n":1})")}, "t1"));
    const auto first = bench->engine.current_token();
    ASSERT_TRUE(send({message(bob, R"({"n":2})")}, "t2"));
    restart();
    const auto told = bench->to_device.told_by(first);
    EXPECT_EQ(waiting(bob).size(), 2U) << "no token was presented yet";
    EXPECT_THAT(waiting(bob, told), ElementsAre(R"({"n":2})"));
    acknowledge(bob, told);
    EXPECT_THAT(stored(bob), ElementsAre(R"({"n":2})"));
}

// A position of typing is given out as D and stored nowhere.
TEST_F(to_device_test, a_token_past_all_that_is_stored_gives_nothing_twice_after_a_restart) {
    ASSERT_TRUE(send({message(bob)}, "t"));
    engine::token newest = bench->engine.current_token();
    newest.durable += 7;
    engine::token cut = newest;
    cut.messages = bench->store->last_position() - 1;
    restart();
    EXPECT_THAT(waiting(bob, bench->to_device.told_by(newest)), IsEmpty());
    EXPECT_EQ(waiting(bob, bench->to_device.told_by(cut)).size(), 1U) << "it was not told all";
    ASSERT_TRUE(send({message(bob, R"({"new":1})")}, "t2"));
    const auto position = bench->store->last_position();
    newest.durable = position + 7;
    EXPECT_THAT(waiting(bob, bench->to_device.told_by(newest)), ElementsAre(R"({"new":1})"))
        << "no token of an earlier run speaks of messages of this one";
}

TEST_F(to_device_test, a_logout_takes_the_messages_along) {
    const login_result tablet = log_in("bob");
    auto m = message(bob);
    m.device.reset();
    ASSERT_TRUE(send({m}, "t"));
    ASSERT_TRUE(log_out(tablet));
    EXPECT_EQ(bench->to_device.waiting_after(tablet.who.device, 0), std::nullopt);
    EXPECT_THAT(stored(tablet), IsEmpty());
    EXPECT_EQ(waiting(bob).size(), 1U);
}

TEST_F(to_device_test, a_message_that_was_on_its_way_at_the_logout_does_not_stay) {
    bench->log_device.held = true;
    bench->accounts.logout(bob.who, [](outcome<void>) {});
    bench->to_device.send(alice.who, "k", "t", {message(bob)}, [](outcome<void>) {});
    bench->settle();
    bench->log_device.held = false;
    bench->settle();
    EXPECT_THAT(waiting(bob), IsEmpty());
    EXPECT_THAT(stored(bob), IsEmpty());
}

TEST_F(to_device_test, at_start_messages_to_devices_that_are_gone_are_removed) {
    const ports::write_set orphan{
        ports::to_device_row{device_key{99}, 5, "t", "@a:porch.test", "{}"}};
    bench->store->commit({&orphan, 1}, true);
    restart();
    bench->settle();
    EXPECT_THAT(bench->store->to_device(device_key{99}, 0, all, 9), IsEmpty());
}

TEST_F(to_device_test, when_too_many_wait_the_oldest_go) {
    const auto before = reached("to_device_waiting");
    for (std::size_t n = 0; n < limits::to_device_waiting_max;
         n += limits::to_device_per_call_max) {
        std::vector<to_device::message> some;
        for (std::size_t i = n; i < n + limits::to_device_per_call_max; ++i) {
            some.push_back(message(bob, R"({"n":)" + std::to_string(i) + "}"));
        }
        ASSERT_TRUE(send(std::move(some), "t" + std::to_string(n)));
    }
    EXPECT_EQ(waiting(bob).size(), limits::to_device_waiting_max);
    EXPECT_EQ(reached("to_device_waiting"), before);
    ASSERT_TRUE(send({message(bob, R"({"n":"last"})")}, "last"));
    EXPECT_EQ(reached("to_device_waiting"), before + 1);
    const auto left = waiting(bob);
    ASSERT_EQ(left.size(), limits::to_device_waiting_max);
    EXPECT_EQ(left.front(), R"({"n":1})");
    EXPECT_EQ(left.back(), R"({"n":"last"})");
    EXPECT_EQ(stored(bob).size(), limits::to_device_waiting_max);
}

TEST_F(to_device_test, a_content_and_a_call_have_limits_and_nothing_is_sent_in_part) {
    const auto contents = reached("to_device_content_bytes");
    const auto calls = reached("to_device_per_call");
    const std::string most =
        R"({"x":")" + std::string(limits::to_device_content_bytes_max - 8, 'x') + R"("})";
    ASSERT_EQ(most.size(), limits::to_device_content_bytes_max);
    EXPECT_TRUE(send({message(bob, most)}, "most"));
    EXPECT_EQ(send({message(bob), message(bob, most + " ")}, "t1").error().code, errc::too_large);
    EXPECT_EQ(reached("to_device_content_bytes"), contents + 1);
    const std::vector<to_device::message> many(limits::to_device_per_call_max + 1, message(bob));
    EXPECT_EQ(send(many, "t2").error().code, errc::invalid_param);
    EXPECT_EQ(reached("to_device_per_call"), calls + 1);
    auto nameless = message(bob);
    nameless.type.clear();
    EXPECT_EQ(send({message(bob), nameless}, "t3").error().code, errc::invalid_param);
    nameless.type.assign(limits::id_bytes_max + 1, 't');
    EXPECT_EQ(send({message(bob), nameless}, "t4").error().code, errc::invalid_param);
    EXPECT_EQ(waiting(bob).size(), 1U);
}

TEST_F(to_device_test, another_service_sends_with_rows_of_its_own_in_one_commit) {
    const login_result tablet = log_in("bob");
    ports::write_set set{ports::meta_row{"mine", "1"}};
    to_device::letters sent;
    bench->to_device.add(
        set, {bob.who.user, std::nullopt, "m.presence_invite", "@alice:porch.test", "{}"}, sent);
    bench->log.commit(bench->log.next_position(), std::move(set), [&](bool ok) {
        ASSERT_TRUE(ok);
        EXPECT_EQ(bench->store->meta("mine"), "1");
        EXPECT_THAT(waiting(bob), IsEmpty()) << "not before delivered()";
        bench->to_device.delivered(sent);
    });
    bench->settle();
    EXPECT_EQ(waiting(bob).size(), 1U);
    EXPECT_EQ(waiting(tablet).size(), 1U);
    restart();
    EXPECT_EQ(waiting(bob).size(), 1U);
}

}  // namespace
}  // namespace porchlight::homeserver
