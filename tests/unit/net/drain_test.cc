#include <gtest/gtest.h>

#include <future>

#include "unit/net/test_server.h"

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;

class draining : public testing::TestWithParam<unsigned> {
  protected:
    static settings with_threads() {
        settings s;
        s.threads = GetParam();
        return s;
    }
    void begin(test_server& server) {
        server.runtime().begin_drain([this] { drained_.set_value(); });
        for (std::uint32_t n = 0; n < GetParam(); ++n) {
            server.on_thread(n, [] {});
        }
    }
    bool is_drained() { return future_.wait_for(20s) == std::future_status::ready; }
    bool not_yet() { return future_.wait_for(0s) == std::future_status::timeout; }

  private:
    std::promise<void> drained_;
    std::future<void> future_ = drained_.get_future();
};

TEST_P(draining, closes_idle_connections_and_accepts_no_more) {
    test_server server(with_threads());
    auto idle = server.client();
    EXPECT_EQ(idle.ask(get("/"))->status, 200);
    begin(server);
    EXPECT_TRUE(is_drained());
    EXPECT_TRUE(idle.closed_by_server());
    EXPECT_FALSE(server.client().connected());
}

TEST_P(draining, waits_for_answers_and_makes_them_the_last) {
    test_server server(with_threads());
    auto parked = server.client();
    parked.send(get("/park"));
    const auto h = server.wait_for_request().handle;
    begin(server);
    EXPECT_TRUE(not_yet());
    server.answer(h, "bye");
    const auto r = parked.receive();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->body, "bye");
    EXPECT_EQ(r->header("Connection"), "close");
    EXPECT_TRUE(parked.closed_by_server());
    parked.close();
    EXPECT_TRUE(is_drained());
    EXPECT_EQ(server.gone_count(), 0U);
}

TEST_P(draining, lets_a_request_that_is_on_its_way_arrive) {
    test_server server(with_threads());
    auto client = server.client();
    client.send("PUT /a HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n1");
    ASSERT_TRUE(server.wait_for_connections(1));
    begin(server);
    const auto r = client.ask("2");
    ASSERT_TRUE(r);
    EXPECT_EQ(r->body, "PUT /a? 12");
    EXPECT_EQ(r->header("Connection"), "close");
}

TEST_P(draining, closes_what_is_left_at_its_deadline) {
    test_server server(with_threads());
    auto parked = server.client();
    parked.send(get("/park"));
    const auto h = server.wait_for_request().handle;
    begin(server);
    server.pass(base::limits::drain_deadline);
    EXPECT_EQ(server.wait_for_gone(), h);
    EXPECT_TRUE(parked.closed_by_server());
    EXPECT_TRUE(is_drained());
}

TEST_P(draining, of_a_server_without_clients_is_done_at_once) {
    test_server server(with_threads());
    begin(server);
    EXPECT_TRUE(is_drained());
}

INSTANTIATE_TEST_SUITE_P(threads, draining, testing::Values(1U, 2U));

}  // namespace
}  // namespace porchlight::net::test
