#include <gtest/gtest.h>

#include <string>

#include "net/peer.h"
#include "net/real_clock.h"
#include "unit/net/test_server.h"

namespace porchlight::net::test {
namespace {

std::string start_with(settings s) {
    const hand_clock clock;
    try {
        const runtime r(std::move(s), clock);
        return {};
    } catch (const start_error& e) {
        return e.what();
    }
}

TEST(start, says_why_it_cannot) {
    settings s;
    EXPECT_EQ(start_with(s), "There is no address to listen on.");
    s.listen.assign(base::limits::listeners_max + 1, {});
    EXPECT_EQ(start_with(s), "There are 257 addresses to listen on; allowed: 256.");
    s.listen = {{"127.0.0.1", 0, "cert.pem", ""}};
    EXPECT_EQ(start_with(s), "TLS on 127.0.0.1:0 needs both a certificate file and a key file.");
    s.listen = {{"127.0.0.1", 0, "/does/not/exist", "/nor/this"}};
    EXPECT_NE(start_with(s).find("/does/not/exist"), std::string::npos);
    s.listen = {{}};
    s.threads = 0;
    EXPECT_EQ(start_with(s), "The number of threads must be at least 1.");
    s.threads = 1;
    s.trusted_proxies = {"10.0.0.0/33"};
    EXPECT_NE(start_with(s).find("10.0.0.0/33"), std::string::npos);
    s.trusted_proxies = {"10.0.0.0/8"};
    EXPECT_EQ(start_with(s), "");
}

class start_on_a_taken_port : public testing::TestWithParam<unsigned> {};

TEST_P(start_on_a_taken_port, is_refused) {
    settings s;
    s.threads = GetParam();
    test_server first(s);
    s.listen.resize(1);
    s.listen.front().port = first.port();
    EXPECT_EQ(start_with(s), "Cannot listen on 127.0.0.1:" + std::to_string(first.port()) +
                                 ": Address already in use.");
}

INSTANTIATE_TEST_SUITE_P(threads, start_on_a_taken_port, testing::Values(1U, 2U));

TEST(start, listens_on_ipv6_too) {
    settings s;
    s.listen.resize(1);
    s.listen.front().address = "::1";
    const auto error = start_with(s);
    EXPECT_TRUE(error.empty() || error.find("::1") != std::string::npos) << error;
}

std::string client_of(std::string_view peer, std::string_view forwarded_for) {
    std::string wrong, text;
    const auto proxies =
        trusted_networks::parse({"127.0.0.0/9", "10.1.2.3", "2001:db8::/33"}, wrong);
    proxies->client(*ip_address::parse(peer), forwarded_for).write_to(text);
    return text;
}

TEST(forwarded_for, is_believed_from_trusted_proxies_only) {
    EXPECT_EQ(client_of("127.0.0.1", "192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(client_of("192.0.2.1", "192.0.2.7"), "192.0.2.1");
    EXPECT_EQ(client_of("127.128.0.1", "192.0.2.7"), "127.128.0.1");
    EXPECT_EQ(client_of("2001:db8:7fff::1", "2001:db8:8000::5"), "2001:db8:8000::5");
}

TEST(forwarded_for, counts_from_the_end_so_that_clients_cannot_lie) {
    EXPECT_EQ(client_of("127.0.0.1", "1.2.3.4, 192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(client_of("127.0.0.1", "1.2.3.4, 192.0.2.7 , 10.1.2.3"), "192.0.2.7");
    EXPECT_EQ(client_of("127.0.0.1", "1.2.3.4, nonsense"), "127.0.0.1");
    EXPECT_EQ(client_of("127.0.0.1", ""), "127.0.0.1");
    EXPECT_EQ(client_of("127.0.0.1", ","), "127.0.0.1");
}

TEST(forwarded_for, reaches_the_handler) {
    settings s;
    s.trusted_proxies = {"127.0.0.1"};
    test_server server(s);
    auto client = server.client();
    client.ask(get("/", "X-Forwarded-For: 1.2.3.4\r\nx-forwarded-for: 192.0.2.7\r\n"));
    EXPECT_EQ(server.wait_for_request().peer_address, "192.0.2.7");
}

TEST(real_clock, tells_monotonic_and_wall_time) {
    const real_clock clock;
    const auto first = clock.now();
    const auto second = clock.now();
    EXPECT_GE(second.mono, first.mono);
    EXPECT_GT(base::unix_ms(first.wall), 1'700'000'000'000);
}

}  // namespace
}  // namespace porchlight::net::test
