#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "net/listener.h"
#include "net/metrics.h"
#include "unit/net/client/test_outgoing.h"

// Servers that are slow, talk too much or stop in the middle.
namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;
using ports::client_error;
using ::testing::HasSubstr;

// The failure that a server which says `bytes` ends in.
ports::client_failure failure_after(std::string bytes,
                                    reaction::next then = reaction::next::listens) {
    const certificate cert("example.org");
    tls_peer peer(cert, [&](const auto&) { return reaction{bytes, then}; });
    test_outgoing client(believing(cert));
    auto r = request_to(peer.port());
    r.response_bytes_max = 100;
    const auto a = client.ask(r);
    if (a.has_value()) {
        ADD_FAILURE() << "there was an answer";
        return {};
    }
    EXPECT_EQ(peer.connections(), 1) << "a new connection that fails is not tried again";
    return a.error();
}

TEST(bad_answers, a_body_that_is_too_long_ends_the_request) {
    const auto counted = metrics::client_response_bytes.value();
    const auto f = failure_after(ok(std::string(101, 'x')));
    EXPECT_EQ(f.what, client_error::too_large);
    EXPECT_THAT(f.sentence, HasSubstr("is longer than 100 bytes"));
    EXPECT_EQ(metrics::client_response_bytes.value(), counted + 1);
}

TEST(bad_answers, so_do_chunks_that_are_too_long_together) {
    const std::string chunk = "32\r\n" + std::string(50, 'x') + "\r\n";
    const auto f = failure_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk +
                                 chunk + chunk);
    EXPECT_EQ(f.what, client_error::too_large);
}

TEST(bad_answers, and_a_body_without_a_length_that_does_not_end) {
    const auto f = failure_after("HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'));
    EXPECT_EQ(f.what, client_error::too_large);
}

TEST(bad_answers, a_head_that_is_too_long_ends_the_request) {
    const auto counted = metrics::client_head_bytes.value();
    const auto f = failure_after(
        ok("", "X: " + std::string(base::limits::client_head_bytes_max, 'x') + "\r\n"));
    EXPECT_EQ(f.what, client_error::too_large);
    EXPECT_THAT(f.sentence, HasSubstr("is longer than 16384 bytes"));
    EXPECT_EQ(metrics::client_head_bytes.value(), counted + 1);
}

TEST(bad_answers, a_connection_that_ends_within_an_answer_is_no_answer) {
    for (const auto then : {reaction::next::ends, reaction::next::vanishes}) {
        for (const auto* said :
             {"", "HTTP/1.1 200 OK\r\nContent-Le",
              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"}) {
            const auto f = failure_after(said, then);
            EXPECT_EQ(f.what, client_error::protocol) << said;
            EXPECT_THAT(f.sentence, HasSubstr("ended the connection before its whole answer"));
        }
    }
}

// Anyone on the way can cut a connection, but not say TLS's end.
TEST(bad_answers, a_body_without_a_length_must_end_with_tls) {
    const auto f = failure_after("HTTP/1.1 200 OK\r\n\r\nabc", reaction::next::vanishes);
    EXPECT_EQ(f.what, client_error::protocol);
}

TEST(bad_answers, what_is_no_http_is_no_answer) {
    const auto f = failure_after("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    EXPECT_EQ(f.what, client_error::protocol);
    EXPECT_THAT(f.sentence, HasSubstr("is no HTTP/1.1: "));
}

TEST(bad_answers, silence_ends_with_the_time_of_the_request) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) { return reaction{}; });
    test_outgoing client(believing(cert));
    auto r = request_to(peer.port());
    r.timeout = 300ms;
    const auto a = client.ask(r);
    ASSERT_TRUE(a.has_error());
    EXPECT_EQ(a.error().what, client_error::timed_out);
    EXPECT_EQ(a.error().sentence, "no whole answer of example.org at 127.0.0.1 port " +
                                      std::to_string(peer.port()) + " within 300 ms");
    EXPECT_TRUE(peer.wait_for_ended(1)) << "the connection is closed";
}

TEST(bad_answers, an_answer_that_comes_slowly_has_no_more_time) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) {
        return reaction{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"};
    });
    test_outgoing client(believing(cert));
    auto r = request_to(peer.port());
    r.timeout = 300ms;
    EXPECT_EQ(client.ask(r).error().what, client_error::timed_out);
}

// Accepts in the kernel and says nothing.
TEST(bad_answers, an_address_where_nobody_speaks_leaves_time_for_the_next) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) { return reaction{ok("here")}; });
    const auto silent = bind_and_listen("127.0.0.2", peer.port(), false);
    auto s = believing(cert);
    s.limits.attempt_min = 1ms;
    test_outgoing client(s);
    auto r = request_to(peer.port());
    r.addresses = {"127.0.0.2", "127.0.0.1"};
    r.timeout = 3s;
    const auto a = client.ask(r);
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_EQ(a->body, "here");
    r.addresses = {"127.0.0.2"};
    r.timeout = 300ms;
    EXPECT_EQ(client.ask(r).error().what, client_error::unreachable);
    r.addresses = {"127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2"};
    const auto out_of_time = [&] {
        auto hurried = believing(cert);
        hurried.limits.attempt_min = 1s;
        return test_outgoing(hurried).ask(r);
    }();
    EXPECT_EQ(out_of_time.error().what, client_error::timed_out);
    ::close(silent.descriptor);
}

}  // namespace
}  // namespace porchlight::net::test
