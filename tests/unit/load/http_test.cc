#include "load/http.h"

#include <gtest/gtest.h>

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;
using progress = response_reader::progress;

constexpr std::string_view plain =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: application/json\r\n\r\nhello";
constexpr std::string_view chunked =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n";

// The response read from pieces of this size.
struct read {
    response_reader reader;
    progress last = progress::need_more;
    std::string piece;

    read(std::string_view bytes, std::size_t size) {
        while (!bytes.empty() && last == progress::need_more) {
            piece = bytes.substr(0, size);
            bytes.remove_prefix(piece.size());
            std::string_view left = piece;
            last = reader.feed(left);
            if (last == progress::need_more) {
                piece.assign(piece.size(), '#');  // nothing may point into it any more
            }
        }
    }
};

TEST(response_reader, a_body_is_the_same_in_whatever_pieces_it_comes) {
    for (const auto response : {plain, chunked}) {
        for (std::size_t size = 1; size <= response.size(); ++size) {
            const read r(response, size);
            ASSERT_EQ(r.last, progress::complete) << size;
            EXPECT_EQ(r.reader.result().body, "hello") << size;
            EXPECT_EQ(r.reader.result().status, 200);
            EXPECT_TRUE(r.reader.result().keep_alive);
        }
    }
}

TEST(response_reader, what_follows_a_response_is_left) {
    response_reader reader;
    const std::string two = std::string(plain) + "HTTP/1.1 204";
    std::string_view bytes = two;
    EXPECT_EQ(reader.feed(bytes), progress::complete);
    EXPECT_EQ(bytes, "HTTP/1.1 204");
    reader.reset();
    bytes = plain;
    EXPECT_EQ(reader.feed(bytes), progress::complete);
    EXPECT_EQ(reader.result().body, "hello");
}

TEST(response_reader, a_body_without_length_ends_with_the_connection) {
    read r("HTTP/1.0 200 OK\r\n\r\nhello", 100);
    EXPECT_EQ(r.last, progress::need_more);
    EXPECT_EQ(r.reader.end(), progress::complete);
    EXPECT_EQ(r.reader.result().body, "hello");
    EXPECT_FALSE(r.reader.result().keep_alive);
}

TEST(response_reader, a_response_that_is_cut_is_not_complete) {
    read r(plain.substr(0, plain.size() - 1), 100);
    EXPECT_EQ(r.last, progress::need_more);
    EXPECT_EQ(r.reader.end(), progress::invalid);
}

TEST(response_reader, what_is_not_http_is_invalid) {
    EXPECT_EQ(read("SSH-2.0-OpenSSH_9.2\r\n", 100).last, progress::invalid);
    EXPECT_EQ(read("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n", 1000).last,
              progress::invalid);
}

TEST(retry_delay, is_what_the_server_says) {
    const read r("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 1000);
    EXPECT_EQ(r.reader.result().status, 429);
    EXPECT_EQ(retry_delay(r.reader.result()), 7s);
    EXPECT_EQ(retry_delay({429, R"({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms": 250})"}), 250ms);
    EXPECT_EQ(retry_delay({429, "{}"}), 1s) << "nothing said";
    EXPECT_EQ(retry_delay({429, R"({"retry_after_ms":86400000})"}), 60s) << "not for ever";
    EXPECT_EQ(retry_delay({429, R"({"retry_after_ms":0})"}), 1ms) << "not at once";
}

TEST(request_frame, writes_requests) {
    const request_frame frame{"/base", "matrix.test:8448"};
    std::string out = "of before";
    frame.begin(out, "GET");
    out += "/x";
    frame.end(out, "secret");
    EXPECT_TRUE(out.starts_with("GET /base/x HTTP/1.1\r\nHost: matrix.test:8448\r\n")) << out;
    EXPECT_TRUE(out.ends_with("\r\nAuthorization: Bearer secret\r\n\r\n")) << out;
    frame.begin(out, "PUT");
    frame.end_with_body(out, "", "{}");
    EXPECT_TRUE(out.ends_with("Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"))
        << out;
    EXPECT_EQ(out.find("Authorization"), std::string::npos);
}

TEST(url_encoded, leaves_only_what_needs_no_encoding) {
    EXPECT_EQ(url_encoded("@a_b:c.d/\xC3\xA9 +"), "%40a_b%3Ac.d%2F%C3%A9%20%2B");
}

}  // namespace
}  // namespace porchlight::load
