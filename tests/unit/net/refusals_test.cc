#include <gtest/gtest.h>

#include <string>

#include "net/metrics.h"
#include "net/request_parser.h"
#include "unit/net/test_server.h"

namespace porchlight::net::test {
namespace {

struct bad_request {
    const char* name;
    std::string bytes;
    int status;
};

const std::string host = "Host: t\r\n";

const bad_request bad_requests[] = {
    {"noise", "\x16\x03\x01\x02\r\n\r\n", 400},
    {"no_version", "GET /\r\n\r\n", 400},
    {"two_spaces", "GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
    {"space_in_target", "GET /a b HTTP/1.1\r\n" + host + "\r\n", 505},
    {"nul_in_target", std::string("GET /a\0b HTTP/1.1\r\n", 20) + host + "\r\n", 400},
    {"control_in_target", "GET /a\x01 HTTP/1.1\r\n" + host + "\r\n", 400},
    {"target_without_slash", "GET a HTTP/1.1\r\n" + host + "\r\n", 400},
    {"authority_as_target", "CONNECT t.example:443 HTTP/1.1\r\n" + host + "\r\n", 400},
    {"star_without_options", "GET * HTTP/1.1\r\n" + host + "\r\n", 400},
    {"http_2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"http_0_9", "GET / HTTP/0.9\r\n" + host + "\r\n", 505},
    {"no_host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two_hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
    {"two_authorizations",
     "GET / HTTP/1.1\r\n" + host + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
     400},
    {"space_before_colon", "GET / HTTP/1.1\r\n" + host + "Content-Type : x\r\n\r\n", 400},
    {"nul_in_value", "GET / HTTP/1.1\r\n" + host + std::string("A: b\0c\r\n\r\n", 10), 400},
    {"bad_length", "PUT / HTTP/1.1\r\n" + host + "Content-Length: ten\r\n\r\n", 400},
    {"negative_length", "PUT / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400},
    {"two_lengths",
     "PUT / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
    {"length_and_coding",
     "PUT / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"coding_and_length",
     "PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400},
    {"coding_twice",
     "PUT / HTTP/1.1\r\n" + host +
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     400},
    {"coding_of_1_0", "PUT / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n", 400},
    {"unknown_coding", "PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 501},
    {"coding_on_coding", "PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n",
     501},
    {"bad_chunk", "PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
    {"unknown_expectation", "PUT / HTTP/1.1\r\n" + host + "Expect: wonders\r\n\r\n", 417},
    {"body_announced_too_large", "PUT / HTTP/1.1\r\n" + host + "Content-Length: 1048577\r\n\r\n",
     413},
    {"length_beyond_64_bits",
     "PUT / HTTP/1.1\r\n" + host + "Content-Length: 18446744073709551617\r\n\r\n", 400},
    {"chunk_too_large",
     "PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n100001\r\n", 413},
    {"chunk_beyond_64_bits",
     "PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\n", 400},
    {"long_target", "GET /" + std::string(8 * 1024, 'x') + " HTTP/1.1\r\n" + host + "\r\n", 414},
    {"very_long_target", "GET /" + std::string(20 * 1024, 'x'), 414},
    {"long_header", "GET / HTTP/1.1\r\n" + host + "A: " + std::string(17 * 1024, 'x'), 431},
};

class http_refusals : public testing::TestWithParam<bad_request> {};

TEST_P(http_refusals, end_with_a_clear_error_and_a_close) {
    test_server server;
    auto other = server.client();
    auto client = server.client();
    const auto r = client.ask(GetParam().bytes);
    ASSERT_TRUE(r);
    EXPECT_EQ(r->status, GetParam().status) << r->body;
    EXPECT_EQ(r->header("Connection"), "close");
    EXPECT_EQ(r->header("Content-Type"), "application/json");
    EXPECT_EQ(r->header("Access-Control-Allow-Origin"), "*");
    EXPECT_TRUE(r->body.starts_with(R"({"errcode":"M_)")) << r->body;
    EXPECT_NE(r->body.find(R"("error":")"), std::string::npos);
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(other.ask(get("/unharmed"))->status, 200);
}

// The same bytes one at a time: a refusal must not depend on how they were cut.
TEST_P(http_refusals, do_not_depend_on_how_the_bytes_were_cut) {
    const connection_limits limits;
    request_parser parser(limits);
    for (const char c : GetParam().bytes) {
        std::string_view one(&c, 1);
        const auto outcome = parser.feed(one);
        ASSERT_NE(outcome, request_parser::progress::complete);
        if (outcome == request_parser::progress::refused) {
            EXPECT_EQ(parser.why().status, GetParam().status);
            return;
        }
    }
    FAIL() << "was not refused";
}

INSTANTIATE_TEST_SUITE_P(all, http_refusals, testing::ValuesIn(bad_requests),
                         [](const auto& p) { return std::string(p.param.name); });

std::string numbered_headers(int count) {
    std::string headers;
    for (int i = 0; i < count; ++i) {
        headers += "X-" + std::to_string(i) + ": y\r\n";
    }
    return headers;
}

TEST(http_limits, of_headers_are_exact_and_counted) {
    test_server server;
    const auto reached = metrics::header_count.value();
    EXPECT_EQ(server.client().ask(get("/", numbered_headers(99)))->status, 200);
    EXPECT_EQ(metrics::header_count.value(), reached);
    EXPECT_EQ(server.client().ask(get("/", numbered_headers(100)))->status, 431);
    EXPECT_EQ(metrics::header_count.value(), reached + 1);
}

TEST(http_limits, of_the_head_hold_for_many_small_fields_that_come_slowly) {
    settings s;
    s.limits.head_bytes_max = 500;
    s.limits.target_bytes_max = 400;
    test_server server(s);
    const auto reached = metrics::head_bytes.value();
    auto client = server.client();
    client.send("GET / HTTP/1.1\r\nHost: t\r\n");
    for (int i = 0; i < 50; ++i) {
        client.send("X-" + std::to_string(i) + ": 01234567890\r\n");
        server.on_thread(0, [] {});
    }
    EXPECT_EQ(client.receive()->status, 431);
    EXPECT_EQ(metrics::head_bytes.value(), reached + 1);
}

TEST(http_limits, of_a_chunk_header_hold_for_endless_extensions) {
    test_server server;
    auto client = server.client();
    client.send("PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5;");
    client.send(std::string(40 * 1024, 'x'));
    EXPECT_EQ(client.receive()->status, 431);
}

TEST(http_limits, of_a_chunked_body_hold_for_its_sum) {
    settings s;
    s.limits.body_bytes_max = 20;
    test_server server(s);
    const auto reached = metrics::body_bytes.value();
    auto client = server.client();
    client.send("PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 3; ++i) {
        client.send("8\r\n01234567\r\n");
    }
    const auto r = client.receive();
    EXPECT_EQ(r->status, 413);
    EXPECT_NE(r->body.find("M_TOO_LARGE"), std::string::npos);
    EXPECT_EQ(metrics::body_bytes.value(), reached + 1);
}

TEST(http_limits, a_body_too_large_is_refused_before_it_is_asked_for) {
    test_server server;
    auto client = server.client();
    const auto r = client.ask(
        "PUT / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
    EXPECT_EQ(r->status, 413);
}

TEST(http_limits, a_client_that_sends_its_whole_large_body_anyway_still_reads_the_refusal) {
    test_server server;
    auto client = server.client();
    client.send(put("/", std::string(3 * 1024 * 1024, 'x')));
    const auto r = client.receive();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->status, 413);
}

TEST(http_limits, of_unfinished_requests_are_kept_for_all_together) {
    settings s;
    s.limits.partial_bytes_max = 10'000;
    test_server server(s);
    const auto reached = metrics::partial_bytes.value();
    const std::string head = "PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 6001\r\n\r\n";
    auto first = server.client();
    first.send(head + std::string(6000, 'x'));
    server.on_thread(0, [] {});
    auto second = server.client();
    second.send(head + std::string(6000, 'x'));
    const auto refused = second.receive();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 503);
    EXPECT_EQ(refused->header("Retry-After"), "1");
    EXPECT_EQ(metrics::partial_bytes.value(), reached + 1);
    first.send("x");
    EXPECT_EQ(first.receive()->status, 200);
    auto third = server.client();
    EXPECT_EQ(third.ask(put("/", std::string(6000, 'x')))->status, 200);
}

}  // namespace
}  // namespace porchlight::net::test
