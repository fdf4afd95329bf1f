#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "net/cold_threads.h"
#include "net/deciding_loop.h"
#include "net/mailbox.h"
#include "net/metrics.h"
#include "net/secure_random.h"
#include "unit/net/test_server.h"

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;

// Like the real server: requests become tasks of the deciding thread, which answers.
class deciding_handler final : public ports::http_handler {
  public:
    explicit deciding_handler(runtime& r) : runtime_(r) {}
    void on_request(const ports::http_request& r) override {
        threads_seen_.fetch_or(1U << r.handle.thread);
        runtime_.executor().post([this, h = r.handle, path = std::string(r.path)] {
            const auto here = std::this_thread::get_id();
            if (deciding_thread_ == std::thread::id()) {
                deciding_thread_ = here;
            }
            strayed_ = strayed_ || deciding_thread_ != here;
            ++decided_;
            if (decided_ % 2 == 0) {
                runtime_.respond(h, {200, path, "application/json", {}});
                return;
            }
            runtime_.post(h.thread, [this, h, path] { runtime_.respond_now({h, path}); });
        });
    }
    void on_gone(ports::http_handle) override {}

    runtime& runtime_;
    std::atomic<unsigned> threads_seen_{0};
    std::thread::id deciding_thread_;
    bool strayed_ = false;
    int decided_ = 0;
};

class any_number_of_threads : public testing::TestWithParam<unsigned> {
  protected:
    static settings with_threads() {
        settings s;
        s.threads = GetParam();
        return test_server::loopback(s);
    }
    hand_clock clock_;
    runtime runtime_{with_threads(), clock_};
};

// If one wake-up were lost, its client would wait for ever: nothing else moves here.
TEST_P(any_number_of_threads, answer_every_request_of_many_clients) {
    constexpr int clients = 4, requests = 2000;
    deciding_handler handler(runtime_);
    runtime_.start(handler);
    std::atomic<int> answered{0};
    std::vector<std::thread> running;
    for (int c = 0; c < clients; ++c) {
        running.emplace_back([&, c] {
            test_client client(runtime_.bound().front().port);
            for (int i = 0; i < requests; ++i) {
                const auto path = "/" + std::to_string(c) + "/" + std::to_string(i);
                const auto r = client.ask(get(path));
                if (!r || r->body != path) {
                    return;
                }
                ++answered;
            }
        });
    }
    for (auto& t : running) {
        t.join();
    }
    runtime_.stop();
    EXPECT_EQ(answered, clients * requests);
    EXPECT_EQ(handler.decided_, clients * requests);
    EXPECT_FALSE(handler.strayed_);
}

TEST_P(any_number_of_threads, run_tasks_in_the_order_of_each_poster) {
    constexpr int posters = 3, tasks = 20'000;  // more than a ring has slots
    std::vector<int> last(posters, -1);
    bool in_order = true;
    int ran = 0;
    std::promise<void> all;
    deciding_handler handler(runtime_);
    runtime_.start(handler);
    const auto post_all = [&](int poster) {
        for (int i = 0; i < tasks; ++i) {
            runtime_.executor().post([&, poster, i] {
                in_order = in_order && last[static_cast<std::size_t>(poster)] == i - 1;
                last[static_cast<std::size_t>(poster)] = i;
                if (++ran == posters * tasks) {
                    all.set_value();
                }
            });
        }
    };
    runtime_.post(0, [&] { post_all(0); });
    std::thread stranger([&] { post_all(1); });
    runtime_.post(runtime_.thread_count() - 1, [&] { post_all(2); });
    EXPECT_EQ(all.get_future().wait_for(20s), std::future_status::ready);
    stranger.join();
    runtime_.stop();
    EXPECT_TRUE(in_order);
}

TEST_P(any_number_of_threads, never_run_a_task_inside_the_call) {
    deciding_handler handler(runtime_);
    runtime_.start(handler);
    std::promise<bool> nested;
    runtime_.executor().post([&] {
        bool returned = false;
        auto ran_early = std::make_shared<bool>(false);
        runtime_.executor().post([&nested, ran_early] { nested.set_value(*ran_early); });
        returned = true;
        *ran_early = !returned;
    });
    EXPECT_FALSE(nested.get_future().get());
    runtime_.stop();
}

TEST_P(any_number_of_threads, run_what_was_posted_before_the_start) {
    std::promise<void> ran;
    runtime_.executor().post([&] { ran.set_value(); });
    deciding_handler handler(runtime_);
    runtime_.start(handler);
    EXPECT_EQ(ran.get_future().wait_for(20s), std::future_status::ready);
    runtime_.stop();
}

TEST_P(any_number_of_threads, take_a_turn_after_tasks_and_when_its_time_comes) {
    std::vector<std::string> happened, until_second;
    std::optional<base::mono_time> next;
    std::promise<void> first, second;
    runtime_.set_turn_hooks({[&](base::instant now) {
                                 happened.push_back("turn");
                                 if (next && *next <= now.mono) {
                                     next = std::nullopt;
                                     until_second = happened;
                                     second.set_value();
                                 } else if (happened.size() == 2) {
                                     next = now.mono + 50ms;
                                     first.set_value();
                                 }
                             },
                             [&] { return next; }});
    deciding_handler handler(runtime_);
    runtime_.executor().post([&] { happened.push_back("task"); });
    runtime_.start(handler);
    ASSERT_EQ(first.get_future().wait_for(20s), std::future_status::ready);
    clock_.advance(50ms);
    runtime_.post(0, [] {});
    ASSERT_EQ(second.get_future().wait_for(20s), std::future_status::ready);
    runtime_.stop();
    EXPECT_EQ(until_second, (std::vector<std::string>{"task", "turn", "turn"}));
}

TEST_P(any_number_of_threads, run_delayed_tasks_when_due_and_not_before) {
    deciding_handler handler(runtime_);
    runtime_.start(handler);
    std::atomic<int> fired{0};
    std::promise<void> set, due;
    runtime_.executor().post([&] {
        runtime_.executor().post_after(100ms, [&] {
            ++fired;
            due.set_value();
        });
        runtime_.executor().post_after(50ms, [&] { ++fired; });
        set.set_value();
    });
    set.get_future().wait();
    clock_.advance(99ms);
    std::promise<void> looked;
    runtime_.executor().post([] {});
    runtime_.executor().post([&] { looked.set_value(); });
    looked.get_future().wait();
    std::promise<void> looked_again;
    runtime_.executor().post([&] { looked_again.set_value(); });
    looked_again.get_future().wait();
    EXPECT_EQ(fired, 1);
    clock_.advance(1ms);
    runtime_.executor().post([] {});
    EXPECT_EQ(due.get_future().wait_for(20s), std::future_status::ready);
    runtime_.stop();
    EXPECT_EQ(fired, 2);
}

TEST_P(any_number_of_threads, stop_with_parked_requests_and_waiting_tasks) {
    test_server server(with_threads());
    auto client = server.client();
    client.send(get("/park"));
    server.wait_for_request();
    server.runtime().stop();
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(server.gone_count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(threads, any_number_of_threads, testing::Values(1U, 2U));

TEST(net_threads, share_one_port) {
    settings s;
    s.threads = 2;
    hand_clock clock;
    runtime r(test_server::loopback(s), clock);
    deciding_handler handler(r);
    r.start(handler);
    for (int i = 0; i < 200 && handler.threads_seen_ != 3U; ++i) {
        EXPECT_EQ(test_client(r.bound().front().port).ask(get("/"))->status, 200);
    }
    EXPECT_EQ(handler.threads_seen_, 3U);
    r.stop();
}

TEST(mailbox, spills_in_order_when_a_ring_is_full_and_counts_it) {
    const auto reached = metrics::thread_ring.value();
    wakeup wake;
    const int runtime = 0;
    mailbox box(&runtime, 0, 2, wake);
    constexpr int many = 3 * static_cast<int>(base::limits::ring_slots);
    std::vector<int> ran;
    std::thread poster([&] {
        const thread_number named(&runtime, 1);
        for (int i = 0; i < many; ++i) {
            box.post([&ran, i] { ran.push_back(i); });
        }
    });
    poster.join();
    EXPECT_FALSE(box.empty());
    EXPECT_EQ(box.waiting(), static_cast<std::size_t>(many)) << "in the ring and beside it";
    EXPECT_TRUE(box.run_all());
    EXPECT_EQ(box.waiting(), 0U);
    EXPECT_TRUE(box.empty());
    ASSERT_EQ(ran.size(), static_cast<std::size_t>(many));
    EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
    EXPECT_EQ(metrics::thread_ring.value(), reached + 1);
}

// A reader that sleeps again between two posts of a burst is woken for the rest when it is over,
// not for each of them.
TEST(mailbox, wakes_a_reader_at_the_first_post_of_a_burst_and_when_it_is_over) {
    wakeup wake;
    const int runtime = 0;
    mailbox box(&runtime, 0, 2, wake);
    const auto was_woken = [&] {
        pollfd sleeper{wake.descriptor(), POLLIN, 0};
        const bool so = ::poll(&sleeper, 1, 0) == 1;
        wake.clear();
        return so;
    };
    const thread_number named(&runtime, 1);
    for (int burst = 0; burst < 2; ++burst) {
        wake.about_to_sleep();
        box.post([] {});
        EXPECT_TRUE(was_woken());
        wake.about_to_sleep();
        box.post([] {});
        box.post([] {});
        EXPECT_FALSE(was_woken());
        thread_number::burst_over();
        EXPECT_TRUE(was_woken());
    }
    wake.about_to_sleep();
    thread_number::burst_over();
    EXPECT_FALSE(was_woken()) << "nothing was posted since";
}

TEST(mailbox, wakes_a_reader_for_every_post_of_a_thread_without_bursts) {
    wakeup wake;
    const int runtime = 0;
    mailbox box(&runtime, 0, 2, wake);
    for (int i = 0; i < 2; ++i) {
        wake.about_to_sleep();
        box.post([] {});
        pollfd sleeper{wake.descriptor(), POLLIN, 0};
        EXPECT_EQ(::poll(&sleeper, 1, 0), 1);
        wake.clear();
    }
}

TEST(cold_pool, refuses_when_too_much_waits) {
    const auto reached = metrics::cold_queue.value();
    cold_threads pool(1);
    std::promise<void> started, go;
    const auto released = go.get_future().share();
    ASSERT_TRUE(pool.run([&started, released] {
        started.set_value();
        released.wait();
    }));
    started.get_future().wait();
    std::atomic<std::size_t> ran{0};
    for (std::size_t i = 0; i + 1 < base::limits::cold_queue_max; ++i) {
        ASSERT_TRUE(pool.run([&] { ++ran; }));
    }
    std::promise<void> last;
    ASSERT_TRUE(pool.run([&] { last.set_value(); }));
    EXPECT_FALSE(pool.run([&] { ++ran; }));
    EXPECT_EQ(metrics::cold_queue.value(), reached + 1);
    go.set_value();
    last.get_future().wait();
    EXPECT_EQ(ran, base::limits::cold_queue_max - 1);
    EXPECT_TRUE(pool.run([] {}));
    pool.stop();
    EXPECT_FALSE(pool.run([] {}));
}

TEST(secure_random, never_repeats_itself) {
    secure_random random;
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(seen.insert(ports::random_text(random, 16)).second);
    }
}

}  // namespace
}  // namespace porchlight::net::test
