#include "net/client/outgoing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/metrics.h"
#include "unit/net/client/test_outgoing.h"
#include "unit/net/test_server.h"

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;
using ports::client_error;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(outgoing, gets_an_answer) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) { return reaction{ok("hello", "X-Test: One\r\n")}; });
    test_outgoing client(believing(cert));
    auto r = request_to(peer.port());
    r.target = "/path?query";
    r.headers = {{"Authorization", "X-Matrix abc"}};
    const auto a = client.ask(r);
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_EQ(a->status, 200);
    EXPECT_EQ(a->body, "hello");
    ASSERT_NE(a->header("x-test"), nullptr);
    EXPECT_EQ(*a->header("x-test"), "One");
    const auto heard = peer.heard().at(0);
    EXPECT_EQ(heard.server_name, "example.org");
    EXPECT_EQ(heard.head,
              "GET /path?query HTTP/1.1\r\nHost: example.org:8448\r\nUser-Agent: Porchlight\r\n"
              "Authorization: X-Matrix abc\r\nConnection: close\r\n");
}

TEST(outgoing, carries_large_bodies_both_ways) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto& r) { return reaction{ok(r.body)}; });
    test_outgoing client(believing(cert));
    auto r = request_to(peer.port());
    r.method = "PUT";
    r.body = std::string(1000 * 1000, 'x');
    r.response_bytes_max = r.body.size();
    const auto a = client.ask(r);
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_EQ(a->body, r.body);
    EXPECT_THAT(peer.heard().at(0).head, HasSubstr("Content-Type: application/json\r\n"));
}

TEST(outgoing, reads_what_comes_in_chunks) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) {
        return reaction{
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"};
    });
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "abcde");
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "abcde");
    EXPECT_EQ(peer.connections(), 1) << "the end of an answer was found";
}

TEST(outgoing, reads_answers_without_a_body) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto& r) {
        return reaction{r.number == 1 ? "HTTP/1.1 204 No Content\r\n\r\n"
                                      : "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"};
    });
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->status, 204);
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->status, 304);
}

TEST(outgoing, reads_an_answer_that_ends_with_its_connection) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) {
        return reaction{"HTTP/1.1 200 OK\r\n\r\nall of it", reaction::next::ends};
    });
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(lasting_request_to(peer.port()))->body, "all of it");
}

TEST(outgoing, waits_for_the_answer_after_interim_ones) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) {
        return reaction{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok("at last")};
    });
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(request_to(peer.port()))->body, "at last");
}

TEST(outgoing, gives_up_after_too_many_interim_answers) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) {
        std::string all;
        for (std::size_t n = 0; n <= base::limits::client_interim_answers_max; ++n) {
            all += "HTTP/1.1 103 Early Hints\r\n\r\n";
        }
        return reaction{all + ok("never read")};
    });
    test_outgoing client(believing(cert));
    EXPECT_EQ(client.ask(request_to(peer.port())).error().what, client_error::protocol);
}

TEST(outgoing, a_redirect_is_an_answer) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) {
        return reaction{
            "HTTP/1.1 302 Found\r\nLocation: https://other/\r\nContent-Length: 0\r\n\r\n"};
    });
    test_outgoing client(believing(cert));
    const auto a = client.ask(request_to(peer.port()));
    EXPECT_EQ(a->status, 302);
    EXPECT_EQ(*a->header("location"), "https://other/");
}

TEST(outgoing, tries_the_next_address_when_one_refuses) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) { return reaction{ok("here")}; });
    test_outgoing client(believing(cert));
    auto r = request_to(peer.port());
    r.addresses = {"127.0.0.2", "127.0.0.1"};
    const auto a = client.ask(r);
    ASSERT_TRUE(a.has_value()) << a.error().sentence;
    EXPECT_EQ(a->body, "here");
}

TEST(outgoing, says_what_came_of_each_address) {
    const certificate cert("example.org");
    std::uint16_t nobodys_port = 0;
    {
        const tls_peer gone(cert, [](const auto&) { return reaction{}; });
        nobodys_port = gone.port();
    }
    test_outgoing client(believing(cert));
    auto r = request_to(nobodys_port);
    r.addresses = {"127.0.0.1", "nonsense"};
    const auto a = client.ask(r);
    ASSERT_TRUE(a.has_error());
    EXPECT_EQ(a.error().what, client_error::unreachable);
    EXPECT_EQ(a.error().sentence, "connecting to 127.0.0.1 port " + std::to_string(nobodys_port) +
                                      ": Connection refused; nonsense is no IP address");
    r.addresses.clear();
    EXPECT_EQ(client.ask(r).error().sentence, "no address of example.org to connect to was left");
}

TEST(outgoing, a_request_that_would_say_something_else_is_not_sent) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) { return reaction{ok("")}; });
    test_outgoing client(believing(cert));
    auto r = request_to(peer.port());
    r.headers = {{"X", "a\r\nHost: other"}};
    EXPECT_EQ(client.ask(r).error().what, client_error::protocol);
    EXPECT_EQ(peer.connections(), 0);
}

TEST(outgoing, two_hundred_requests_do_not_wait_for_each_other) {
    constexpr std::size_t many = 200;
    const certificate cert("example.org");
    settings s;
    s.listen.push_back({"127.0.0.1", 0, cert.cert_file(), cert.key_file()});
    test_server server(s);
    test_outgoing client(believing(cert));
    std::vector<test_outgoing::answer> answers;
    for (std::size_t n = 0; n < many; ++n) {
        auto r = lasting_request_to(server.port());
        r.target = "/park/" + std::to_string(n);
        answers.push_back(client.begin(r));
    }
    server.wait_for_request(many);
    for (const auto& request : server.requests()) {
        server.answer(request.handle, request.path);
    }
    for (std::size_t n = 0; n < many; ++n) {
        const auto a = client.wait(answers[n]);
        ASSERT_TRUE(a.has_value()) << a.error().sentence;
        EXPECT_EQ(a->body, "/park/" + std::to_string(n));
    }
}

TEST(outgoing, more_than_may_be_under_way_fail_at_once) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto& r) {
        return reaction{r.head.starts_with("GET /quick") ? ok("") : ""};
    });
    auto s = believing(cert);
    s.limits.requests_max = 1;
    test_outgoing client(s);
    const auto counted = metrics::client_requests.value();
    auto r = request_to(peer.port());
    r.timeout = 500ms;
    const auto first = client.begin(r);
    const auto second = client.ask(request_to(peer.port()));
    ASSERT_TRUE(second.has_error());
    EXPECT_EQ(second.error().what, client_error::overloaded);
    EXPECT_EQ(metrics::client_requests.value(), counted + 1);
    EXPECT_EQ(client.wait(first).error().what, client_error::timed_out);
    r.target = "/quick";
    r.timeout = 20s;
    EXPECT_TRUE(client.ask(r).has_value()) << "there is room again";
}

TEST(outgoing, stop_drops_what_is_under_way) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) { return reaction{}; });
    test_outgoing client(believing(cert));
    const auto told = client.begin(request_to(peer.port()));
    ASSERT_TRUE(peer.wait_for_heard(1));
    const std::weak_ptr<std::optional<asked>> owned_by_callback =
        client.begin(request_to(peer.port()));
    client.client().stop();
    EXPECT_TRUE(peer.wait_for_ended(1));
    client.client().stop();
    client.begin(request_to(peer.port()));
    client.decider().run_posted();
    EXPECT_FALSE(told->has_value());
    EXPECT_TRUE(owned_by_callback.expired()) << "callbacks are destroyed";
}

TEST(outgoing, stop_drops_an_answer_that_already_came) {
    const certificate cert("example.org");
    tls_peer peer(cert, [](const auto&) { return reaction{ok("")}; });
    test_outgoing client(believing(cert));
    const auto told = client.begin(request_to(peer.port()));
    ASSERT_TRUE(client.decider().wait_for_posted());
    client.client().stop();
    client.decider().run_posted();
    EXPECT_FALSE(told->has_value());
}

TEST(outgoing, does_not_start_with_authorities_that_it_cannot_read) {
    test_decider decider;
    outgoing_settings s;
    s.ca_file = "/nowhere/ca.pem";
    try {
        const outgoing client(s, decider);
        FAIL() << "it started";
    } catch (const start_error& e) {
        EXPECT_THAT(e.what(), HasSubstr("/nowhere/ca.pem"));
        EXPECT_THAT(e.what(), Not(HasSubstr("\n")));
    }
}

}  // namespace
}  // namespace porchlight::net::test
