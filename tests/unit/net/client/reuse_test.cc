#include <gtest/gtest.h>

#include <atomic>

#include "net/metrics.h"
#include "unit/net/client/test_outgoing.h"

// Connections that serve more than one request.
namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;
using ports::client_error;

reaction answers(const heard_request& r) {
    return {ok(std::to_string(r.connection) + "." + std::to_string(r.number))};
}

TEST(reuse, the_next_request_goes_over_the_same_connection) {
    const certificate cert("example.org");
    tls_peer peer(cert, answers);
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "1.1");
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "1.2");
    auto r = lasting_request_to(peer.port());
    r.addresses = {"127.0.0.2", "127.0.0.1"};
    EXPECT_EQ(client.ask(r)->body, "1.3") << "one of the addresses is enough";
}

TEST(reuse, only_requests_that_expect_others_share_one) {
    const certificate cert("example.org");
    tls_peer peer(cert, answers);
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "1.1");
    EXPECT_EQ(client.ask(request_to(peer.port()))->body, "2.1");
    EXPECT_TRUE(peer.wait_for_ended(1)) << "it does not stay";
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "1.2");
}

TEST(reuse, requests_at_the_same_time_have_one_each) {
    const certificate cert("example.org");
    std::atomic<int> here{0};
    tls_peer peer(cert, [&](const auto& r) {
        ++here;
        here.notify_all();
        for (int n = here; n < 2; n = here) {
            here.wait(n);
        }
        return answers(r);
    });
    test_outgoing client(believing(cert));
    const auto one = client.begin(lasting_request_to(peer.port()));
    const auto two = client.begin(lasting_request_to(peer.port()));
    EXPECT_TRUE(client.wait(one).has_value());
    EXPECT_TRUE(client.wait(two).has_value());
    EXPECT_EQ(peer.connections(), 2);
}

TEST(reuse, another_name_means_another_connection) {
    const certificate cert("*.example.org");
    tls_peer peer(cert, answers);
    test_outgoing client(believing(cert));
    auto r = lasting_request_to(peer.port());
    r.tls_name = "a.example.org";
    EXPECT_EQ(client.ask(r)->body, "1.1");
    r.tls_name = "b.example.org";
    EXPECT_EQ(client.ask(r)->body, "2.1");
    r.tls_name = "a.example.org";
    EXPECT_EQ(client.ask(r)->body, "1.2");
}

TEST(reuse, a_server_that_closes_after_an_answer_is_believed) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto& r) {
        return reaction{ok(std::to_string(r.connection), "Connection: close\r\n")};
    });
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "1");
    EXPECT_TRUE(peer.wait_for_ended(1));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "2");
}

TEST(reuse, bytes_after_an_answer_end_the_connection) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) { return reaction{ok("one") + ok("unasked")}; });
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "one");
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "one");
    EXPECT_EQ(peer.connections(), 2);
}

// As when a server closes an idle connection at the moment the next request is sent.
TEST(reuse, a_connection_that_ends_before_the_answer_is_tried_again_on_a_new_one) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto& r) {
        return r.number == 1 ? answers(r) : reaction{"", reaction::next::vanishes};
    });
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "1.1");
    const auto a = client.ask(lasting_request_to(peer.port()));
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_EQ(a->body, "2.1");
    EXPECT_EQ(peer.heard().size(), 3);
}

TEST(reuse, it_is_tried_again_just_once) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto& r) {
        return r.connection == 1 && r.number == 1 ? answers(r)
                                                  : reaction{"", reaction::next::vanishes};
    });
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "1.1");
    const auto a = client.ask(lasting_request_to(peer.port()));
    ASSERT_TRUE(a.has_error());
    EXPECT_EQ(a.error().what, client_error::protocol);
    EXPECT_EQ(peer.heard().size(), 3);
}

TEST(reuse, it_is_not_tried_again_once_an_answer_began) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto& r) {
        return r.number == 1 ? answers(r) : reaction{"HTTP/1.1 2", reaction::next::vanishes};
    });
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "1.1");
    const auto a = client.ask(lasting_request_to(peer.port()));
    ASSERT_TRUE(a.has_error());
    EXPECT_EQ(a.error().what, client_error::protocol);
    EXPECT_EQ(peer.heard().size(), 2);
}

TEST(reuse, a_connection_that_ends_while_idle_is_closed) {
    const certificate cert("example.org");
    tls_peer peer(cert, answers);
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "1.1");
    peer.end_sending();
    EXPECT_TRUE(peer.wait_for_ended(1)) << "the client ends it, too";
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "2.1");
}

// The end may have been read together with the answer.
TEST(reuse, so_is_one_that_ends_with_its_answer) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto& r) {
        return reaction{answers(r).bytes, reaction::next::ends};
    });
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "1.1");
    EXPECT_TRUE(peer.wait_for_ended(1)) << "the client ends it, too";
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "2.1");
}

TEST(reuse, what_nobody_uses_is_closed) {
    const certificate cert("example.org");
    tls_peer peer(cert, answers);
    auto s = believing(cert);
    s.limits.idle_max = 10ms;
    test_outgoing client(s);
    for (std::size_t n = 1; n <= 2; ++n) {
        EXPECT_TRUE(client.ask(lasting_request_to(peer.port())).has_value());
        EXPECT_TRUE(peer.wait_for_ended(n));
    }
}

TEST(reuse, more_than_may_wait_close_the_oldest) {
    const certificate cert("*.example.org");
    tls_peer peer(cert, answers);
    auto s = believing(cert);
    s.limits.idle_connections_max = 1;
    test_outgoing client(s);
    const auto counted = metrics::client_idle_connections.value();
    auto r = lasting_request_to(peer.port());
    r.tls_name = "a.example.org";
    EXPECT_EQ(client.ask(r)->body, "1.1");
    r.tls_name = "b.example.org";
    EXPECT_EQ(client.ask(r)->body, "2.1");
    EXPECT_TRUE(peer.wait_for_ended(1));
    EXPECT_EQ(client.ask(r)->body, "2.2");
    EXPECT_EQ(metrics::client_idle_connections.value(), counted + 1);
}

}  // namespace
}  // namespace porchlight::net::test
