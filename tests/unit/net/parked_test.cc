#include <gtest/gtest.h>

#include "net/connection.h"
#include "net/event_loop.h"
#include "net/metrics.h"
#include "unit/net/test_server.h"

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;

TEST(parked_requests, are_answered_whenever_the_answer_comes) {
    test_server server;
    auto client = server.client();
    client.send(get("/park"));
    const auto seen = server.wait_for_request();
    server.pass(1h);
    EXPECT_TRUE(client.silent());
    server.answer(seen.handle, "late");
    EXPECT_EQ(client.receive()->body, "late");
    EXPECT_EQ(client.ask(get("/next"))->body, "GET /next? ");
    EXPECT_EQ(server.gone_count(), 0U);
}

TEST(parked_requests, take_a_delivery_on_their_own_thread) {
    test_server server;
    auto client = server.client();
    client.send(get("/park"));
    const auto h = server.wait_for_request().handle;
    server.on_thread(0, [&] { server.runtime().respond_now({h, "{\"a\":1}"}); });
    const auto r = client.receive();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->body, "{\"a\":1}");
    EXPECT_EQ(r->header("Content-Type"), "application/json");
    EXPECT_EQ(r->header("Access-Control-Allow-Origin"), "*");
}

TEST(parked_requests, are_gone_when_the_client_ends_the_connection) {
    test_server server;
    auto client = server.client();
    client.send(get("/park"));
    const auto h = server.wait_for_request().handle;
    client.close();
    EXPECT_EQ(server.wait_for_gone(), h);
    server.pass(base::limits::half_closed_max);
    EXPECT_TRUE(server.wait_for_connections(0));
    EXPECT_EQ(server.gone_count(), 1U);
}

TEST(parked_requests, are_gone_when_the_client_resets_the_connection) {
    test_server server;
    auto client = server.client();
    client.send(get("/park"));
    const auto h = server.wait_for_request().handle;
    client.close(true);
    EXPECT_EQ(server.wait_for_gone(), h);
    EXPECT_TRUE(server.wait_for_connections(0));
}

TEST(parked_requests, of_a_half_closed_client_still_get_an_answer_that_comes_soon) {
    test_server server;
    auto client = server.client();
    client.send(get("/park"));
    client.end_sending();
    const auto h = server.wait_for_gone();
    server.answer(h, "still");
    EXPECT_EQ(client.receive()->body, "still");
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(server.gone_count(), 1U);
}

TEST(parked_requests, answered_at_once_reach_a_client_that_closed_its_side) {
    test_server server;
    auto client = server.client();
    client.send(get("/1") + get("/2"));
    client.end_sending();
    EXPECT_EQ(client.receive()->body, "GET /1? ");
    EXPECT_EQ(client.receive()->body, "GET /2? ");
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(server.gone_count(), 0U);
}

TEST(parked_requests, hold_back_what_was_sent_ahead) {
    test_server server;
    auto client = server.client();
    client.send(get("/park/1"));
    const auto first = server.wait_for_request(1).handle;
    client.send(get("/2"));
    client.send(get("/park/3"));
    server.answer(first, "one");
    EXPECT_EQ(client.receive()->body, "one");
    EXPECT_EQ(client.receive()->body, "GET /2? ");
    const auto third = server.wait_for_request(3);
    EXPECT_EQ(third.path, "/park/3");
    server.answer(third.handle, "three");
    EXPECT_EQ(client.receive()->body, "three");
}

TEST(parked_requests, with_too_much_sent_ahead_are_closed_and_gone) {
    settings s;
    s.limits.pipelined_bytes_max = 1000;
    test_server server(s);
    const auto reached = metrics::pipelined_bytes.value();
    auto client = server.client();
    client.send(get("/park"));
    const auto h = server.wait_for_request().handle;
    client.send(std::string(2000, 'x'));
    EXPECT_EQ(server.wait_for_gone(), h);
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(metrics::pipelined_bytes.value(), reached + 1);
}

TEST(parked_requests, a_stale_handle_reaches_nobody) {
    test_server server;
    auto client = server.client();
    client.send(get("/park/1"));
    const auto first = server.wait_for_request(1).handle;
    server.answer(first, "one");
    EXPECT_EQ(client.receive()->body, "one");
    client.send(get("/park/2"));
    const auto second = server.wait_for_request(2).handle;
    EXPECT_EQ(second.slot, first.slot);
    server.answer(first, "again");
    server.on_thread(0, [&] { server.runtime().respond_now({first, "again"}); });
    server.answer({0, 12345, 1}, "nobody");
    server.answer({7, 0, 1}, "nobody");
    server.answer(second, "two");
    EXPECT_EQ(client.receive()->body, "two");
}

TEST(parked_requests, a_handle_is_stale_when_another_client_has_the_place) {
    test_server server;
    ports::http_handle first;
    {
        auto client = server.client();
        client.send(get("/park/1"));
        first = server.wait_for_request(1).handle;
        client.close(true);
        server.wait_for_gone();
    }
    ASSERT_TRUE(server.wait_for_connections(0));
    auto other = server.client();
    other.send(get("/park/2"));
    const auto second = server.wait_for_request(2).handle;
    ASSERT_EQ(second.slot, first.slot);
    server.answer(first, "not yours");
    server.answer(second, "yours");
    EXPECT_EQ(other.receive()->body, "yours");
}

// The table of what one costs, in the design: nothing is added without looking here.
TEST(parked_requests, cost_a_known_number_of_bytes) {
    EXPECT_LE(sizeof(connection), 128U);
    EXPECT_LE(event_loop::bytes_per_watch(), 24U);
}

}  // namespace
}  // namespace porchlight::net::test
