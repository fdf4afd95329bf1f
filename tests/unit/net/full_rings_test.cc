#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <utility>
#include <vector>

#include "net/metrics.h"
#include "unit/net/test_server.h"

// What happens when one thread hands over faster than another takes.
namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;

constexpr std::size_t slots = 16, clients_count = 200;
constexpr unsigned net_threads = 2;

// Holds one thread in a task until let go.
class obstacle {
  public:
    // The task, for whichever thread.
    ports::task task() {
        return [this] {
            begun_.set_value();
            go_.get_future().wait();
        };
    }
    void wait_until_in_the_way() { begun_.get_future().wait(); }
    void let_go() {
        if (!std::exchange(gone_, true)) {
            go_.set_value();
        }
    }

  private:
    bool gone_ = false;
    std::promise<void> begun_, go_;
};

// Each request becomes a task of the deciding thread, which answers it.
class full_rings : public testing::Test, public ports::http_handler {
  protected:
    static settings small_rings() {
        settings s;
        s.threads = net_threads;
        s.ring_slots = slots;
        return test_server::loopback(s);
    }
    void SetUp() override {
        runtime_.start(*this);
        runtime_.executor().post(busy_.task());
        busy_.wait_until_in_the_way();
    }
    void TearDown() override {
        busy_.let_go();
        runtime_.stop();
    }

    void on_request(const ports::http_request& r) override {
        ++read_;
        runtime_.executor().post([this, h = r.handle] {
            ++decided_;
            runtime_.respond(h, {200, "here", "application/json", {}});
        });
    }
    void on_gone(ports::http_handle) override { ++gone_; }

    // Every net thread looked at its sockets at least once after this was called.
    void net_threads_look() {
        for (int round = 0; round < 3; ++round) {
            for (std::uint32_t n = 0; n < net_threads; ++n) {
                std::promise<void> looked;
                runtime_.post(n, [&] { looked.set_value(); });
                ASSERT_EQ(looked.get_future().wait_for(20s), std::future_status::ready);
            }
        }
    }
    void connect_all() {
        for (std::size_t i = 0; i < clients_count; ++i) {
            clients_.emplace_back(runtime_.bound().front().port);
        }
        while (runtime_.open_connections() != clients_count) {
            net_threads_look();
        }
    }
    // Every client asks; the deciding thread stands still, and so does reading before long.
    void ask_until_reading_stops() {
        connect_all();
        for (auto& c : clients_) {
            c.send(get("/"));
        }
        net_threads_look();
        ASSERT_LT(read_, clients_count);
    }
    void all_are_answered(std::string_view connection = "keep-alive") {
        for (auto& c : clients_) {
            const auto r = c.receive();
            ASSERT_TRUE(r);
            EXPECT_EQ(r->body, "here");
            if (connection == "close") {
                EXPECT_EQ(r->header("Connection"), "close");
            }
        }
        EXPECT_EQ(read_, clients_count);
        EXPECT_EQ(decided_, clients_count);
    }

    hand_clock clock_;
    std::atomic<std::size_t> read_{0}, gone_{0}, decided_{0};
    obstacle busy_;
    runtime runtime_{small_rings(), clock_};
    std::vector<test_client> clients_;
};

TEST_F(full_rings, requests_are_read_only_as_fast_as_they_are_decided) {
    const auto reached = metrics::thread_ring.value();
    ask_until_reading_stops();
    const std::size_t read = read_;
    EXPECT_LE(read, net_threads * slots);
    EXPECT_EQ(metrics::thread_ring.value(), reached + net_threads);
    net_threads_look();
    EXPECT_EQ(read_, read);
    busy_.let_go();
    all_are_answered();
    // And as before from then on.
    for (auto& c : clients_) {
        EXPECT_TRUE(c.ask(get("/again")));
    }
}

TEST_F(full_rings, answers_still_go_out_while_reading_stands) {
    connect_all();
    test_client& first = clients_.front();
    first.send(get("/"));
    while (read_ == 0) {
        net_threads_look();
    }
    for (std::size_t i = 1; i < clients_.size(); ++i) {
        clients_[i].send(get("/"));
    }
    net_threads_look();
    ASSERT_LT(read_, clients_count);
    // The deciding thread stands, but any thread may answer: the first connection has slot 0.
    for (std::uint32_t n = 0; n < net_threads; ++n) {
        runtime_.respond({n, 0, 1}, {200, "from elsewhere", "application/json", {}});
    }
    const auto r = first.receive();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->body, "from elsewhere");
    busy_.let_go();
}

TEST_F(full_rings, in_both_directions_lose_nothing_and_block_nobody) {
    ask_until_reading_stops();
    obstacle before_each[net_threads];
    for (std::uint32_t n = 0; n < net_threads; ++n) {
        runtime_.post(n, before_each[n].task());
        before_each[n].wait_until_in_the_way();
    }
    // From the deciding thread come more tasks than a ring holds, besides the answers.
    std::atomic<std::size_t> ran{0};
    std::promise<void> posted;
    runtime_.executor().post([&] {
        for (std::uint32_t n = 0; n < net_threads; ++n) {
            for (std::size_t i = 0; i < 10 * slots; ++i) {
                runtime_.post(n, [&] { ++ran; });
            }
        }
        posted.set_value();
    });
    busy_.let_go();
    ASSERT_EQ(posted.get_future().wait_for(20s), std::future_status::ready);
    for (auto& o : before_each) {
        o.let_go();
    }
    all_are_answered();
    EXPECT_EQ(ran, net_threads * 10 * slots);
}

TEST_F(full_rings, a_client_that_waits_unread_is_not_too_slow) {
    ask_until_reading_stops();
    net_threads_look();
    clock_.advance(base::limits::keep_alive_idle + 1s);
    net_threads_look();
    EXPECT_EQ(runtime_.open_connections(), clients_count);
    busy_.let_go();
    all_are_answered();
}

TEST_F(full_rings, who_went_away_unread_is_only_closed) {
    ask_until_reading_stops();
    const std::size_t read = read_;
    for (auto& c : clients_) {
        c.close(true);
    }
    net_threads_look();
    EXPECT_LE(gone_, read);
    busy_.let_go();
    while (runtime_.open_connections() != 0) {
        net_threads_look();
    }
    EXPECT_LE(gone_, read_);
}

TEST_F(full_rings, drain_answers_those_that_were_not_read_yet) {
    ask_until_reading_stops();
    std::promise<void> drained;
    runtime_.begin_drain([&] { drained.set_value(); });
    net_threads_look();
    busy_.let_go();
    all_are_answered("close");
    clients_.clear();
    EXPECT_EQ(drained.get_future().wait_for(20s), std::future_status::ready);
}

}  // namespace
}  // namespace porchlight::net::test
