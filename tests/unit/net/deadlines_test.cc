#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "net/listener.h"
#include "net/metrics.h"
#include "unit/net/test_server.h"

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;
namespace limits = base::limits;

// Bytes that were sent are in the server's hands once it answered another client's later request.
void let_it_read(test_server& server) {
    EXPECT_EQ(server.client().ask(get("/other", "Connection: close\r\n"))->status, 200);
    EXPECT_EQ(server.client().ask(get("/other", "Connection: close\r\n"))->status, 200);
}

TEST(http_deadlines, a_head_that_trickles_in_gets_a_408_and_a_close) {
    test_server server;
    const auto reached = metrics::request_deadline.value();
    auto client = server.client();
    client.send("GET / HTTP/1.1\r\n");
    let_it_read(server);
    server.pass(limits::head_deadline - 1ms);
    client.send("Host: t\r\n");
    let_it_read(server);
    EXPECT_TRUE(client.silent());
    server.pass(1ms);
    const auto r = client.receive();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->status, 408);
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(metrics::request_deadline.value(), reached + 1);
}

// The loop slept since before the connection came; its deadline counts from when it came all the
// same.
TEST(http_deadlines, a_connection_after_a_long_silence_has_its_whole_deadline) {
    test_server server;
    server.pass(0ms);              // it runs
    server.clock().advance(200s);  // unnoticed
    auto client = server.client();
    client.send("GET / HTTP/1.1\r\n");
    let_it_read(server);
    const auto r = client.ask("Host: t\r\n\r\n");
    ASSERT_TRUE(r);
    EXPECT_EQ(r->status, 200);
}

TEST(http_deadlines, a_body_that_trickles_in_gets_a_408_and_a_close) {
    test_server server;
    auto client = server.client();
    client.send("PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n");
    let_it_read(server);
    for (int i = 0; i < 29; ++i) {
        server.pass(1s);
        client.send("x");
        let_it_read(server);
    }
    EXPECT_TRUE(client.silent());
    server.pass(1s);
    const auto r = client.receive();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->status, 408);
    EXPECT_TRUE(client.closed_by_server());
}

TEST(http_deadlines, a_connection_without_a_request_is_closed) {
    test_server server;
    auto client = server.client();
    ASSERT_TRUE(server.wait_for_connections(1));
    server.on_thread(0, [] {});
    server.pass(limits::head_deadline);
    EXPECT_TRUE(client.closed_by_server());
}

TEST(http_deadlines, an_idle_connection_is_closed_after_a_while) {
    test_server server;
    auto client = server.client();
    EXPECT_EQ(client.ask(get("/"))->status, 200);
    server.pass(limits::keep_alive_idle - 1ms);
    EXPECT_EQ(client.ask(get("/"))->status, 200);
    server.pass(limits::keep_alive_idle - 1ms);
    EXPECT_TRUE(client.silent());
    server.pass(1ms);
    EXPECT_TRUE(client.closed_by_server());
}

TEST(http_deadlines, a_reader_that_stands_still_is_closed) {
    test_server server;
    const auto reached = metrics::send_stall.value();
    auto client = server.client();
    client.send(get("/park"));
    server.answer(server.wait_for_request().handle, std::string(7 * 1024 * 1024, 'x'));
    server.on_thread(0, [] {});
    server.pass(limits::send_stall_max - 1ms);
    EXPECT_EQ(server.runtime().open_connections(), 1U);
    server.pass(1ms);
    EXPECT_TRUE(server.wait_for_connections(0));
    EXPECT_EQ(metrics::send_stall.value(), reached + 1);
    EXPECT_EQ(server.gone_count(), 0U) << "the request was answered";
}

TEST(http_deadlines, a_slow_reader_gets_it_all_as_long_as_it_reads) {
    test_server server;
    auto client = server.client();
    client.send(get("/park"));
    const std::string body(7 * 1024 * 1024, 'x');
    server.answer(server.wait_for_request().handle, body);
    server.on_thread(0, [] {});
    const auto r = client.receive();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->body, body);
    EXPECT_EQ(client.ask(get("/next"))->body, "GET /next? ");
}

TEST(http_deadlines, an_answer_that_can_not_be_held_for_its_reader_ends_the_connection) {
    settings s;
    s.limits.unsent_bytes_max = 1000;
    test_server server(s);
    const auto reached = metrics::unsent_bytes.value();
    auto client = server.client();
    client.send(get("/park"));
    server.answer(server.wait_for_request().handle, std::string(8 * 1024 * 1024, 'x'));
    EXPECT_TRUE(server.wait_for_connections(0));
    EXPECT_EQ(metrics::unsent_bytes.value(), reached + 1);
}

TEST(http_deadlines, a_refused_client_that_never_closes_is_closed) {
    test_server server;
    auto client = server.client();
    EXPECT_EQ(client.ask("nonsense\r\n\r\n")->status, 400);
    server.pass(limits::linger_max);
    EXPECT_TRUE(server.wait_for_connections(0));
}

TEST(http_connections, beyond_the_most_allowed_are_turned_away_and_counted) {
    settings s;
    s.connections_max = 2;
    test_server server(s);
    const auto reached = metrics::connection_count.value();
    auto first = server.client();
    auto second = server.client();
    EXPECT_EQ(first.ask(get("/"))->status, 200);
    EXPECT_EQ(second.ask(get("/"))->status, 200);
    auto third = server.client();
    EXPECT_TRUE(third.closed_by_server());
    EXPECT_EQ(metrics::connection_count.value(), reached + 1);
    EXPECT_EQ(first.ask(get("/"))->status, 200);
    first.close();
    EXPECT_TRUE(server.wait_for_connections(1));
    EXPECT_EQ(server.client().ask(get("/"))->status, 200);
}

// The limit is the process's, so the server runs in a child and the clients here. It writes its
// port, serves until `until` ends, and succeeds if it counted what it turned away.
int serve_with_few_open_files(int port_to, int until) {
    test_server server;
    const auto port = server.port();
    const auto before = metrics::open_files.value();
    const rlimit few{static_cast<rlim_t>(until) + 20, static_cast<rlim_t>(until) + 20};
    ::setrlimit(RLIMIT_NOFILE, &few);
    char byte = 0;
    if (::write(port_to, &port, sizeof port) != sizeof port || ::read(until, &byte, 1) != 0) {
        return 1;
    }
    return metrics::open_files.value() > before ? 0 : 2;
}

TEST(http_connections, at_the_open_file_limit_are_turned_away_while_others_stay_unharmed) {
    int port_pipe[2], end_pipe[2];
    ASSERT_EQ(::pipe(port_pipe), 0);
    ASSERT_EQ(::pipe(end_pipe), 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::close(end_pipe[1]);
        ::_exit(serve_with_few_open_files(port_pipe[1], end_pipe[0]));
    }
    std::uint16_t port = 0;
    ASSERT_EQ(::read(port_pipe[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
    test_client standing(port);
    EXPECT_TRUE(standing.ask(get("/")));
    std::vector<test_client> clients;
    std::size_t turned_away = 0;
    for (int i = 0; i < 40; ++i) {
        clients.emplace_back(port);
        turned_away += clients.back().ask(get("/")) ? 0 : 1;
    }
    EXPECT_GT(turned_away, 10U);
    EXPECT_LT(turned_away, 40U);
    EXPECT_TRUE(standing.ask(get("/")));
    clients.clear();
    // The server sees the ends one by one; a place is free again soon.
    bool served = false;
    for (int i = 0; i < 1000 && !served; ++i) {
        served = test_client(port).ask(get("/")).has_value();
    }
    EXPECT_TRUE(served);
    for (const int d : {port_pipe[0], port_pipe[1], end_pipe[0], end_pipe[1]}) {
        ::close(d);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(http_connections, are_kept_alive_by_tcp_and_given_up_when_unacknowledged) {
    // What accepted sockets inherit is set on the listening one; the kernel's own timers can't be
    // hurried, so this looks only at what was asked of it.
    const auto bound = bind_and_listen("127.0.0.1", 0, false);
    int keep_alive = 0;
    socklen_t size = sizeof keep_alive;
    EXPECT_EQ(::getsockopt(bound.descriptor, SOL_SOCKET, SO_KEEPALIVE, &keep_alive, &size), 0);
    EXPECT_EQ(keep_alive, 1);
    ::close(bound.descriptor);
}

}  // namespace
}  // namespace porchlight::net::test
