#include "net/client/request_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace porchlight::net::test {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;

ports::client_request plain() {
    ports::client_request r;
    r.host = "example.org";
    r.keep_alive = true;
    return r;
}

TEST(request_text, of_a_get_is_its_headers) {
    auto r = plain();
    r.target = "/a?b=c";
    r.headers = {{"Authorization", "X-Matrix origin=\"a\",key=\"b\""}};
    EXPECT_EQ(request_text(r),
              "GET /a?b=c HTTP/1.1\r\nHost: example.org\r\n"
              "User-Agent: Porchlight\r\n"
              "Authorization: X-Matrix origin=\"a\",key=\"b\"\r\n\r\n");
}

TEST(request_text, of_a_body_says_its_length_and_kind) {
    auto r = plain();
    r.method = "PUT";
    r.body = "{}";
    EXPECT_EQ(request_text(r),
              "PUT / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: Porchlight\r\n"
              "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(request_text, of_a_post_without_a_body_says_so) {
    auto r = plain();
    r.method = "POST";
    EXPECT_THAT(*request_text(r), HasSubstr("\r\nContent-Length: 0\r\n"));
    EXPECT_THAT(*request_text(r), Not(HasSubstr("Content-Type")));
}

TEST(request_text, of_a_single_request_asks_for_the_end_of_the_connection) {
    auto r = plain();
    EXPECT_THAT(*request_text(r), Not(HasSubstr("Connection")));
    r.keep_alive = false;
    EXPECT_THAT(*request_text(r), HasSubstr("\r\nConnection: close\r\n"));
}

TEST(request_text, is_nothing_where_a_part_would_end_early) {
    const auto changed = [](auto change) {
        auto r = plain();
        change(r);
        return request_text(r);
    };
    EXPECT_TRUE(changed([](auto&) {}));
    EXPECT_FALSE(changed([](auto& r) { r.target = "/a b"; }));
    EXPECT_FALSE(changed([](auto& r) { r.target = "/a\r\nX: y"; }));
    EXPECT_FALSE(changed([](auto& r) { r.target = ""; }));
    EXPECT_FALSE(changed([](auto& r) { r.host = "a\nb"; }));
    EXPECT_FALSE(changed([](auto& r) { r.host = ""; }));
    EXPECT_FALSE(changed([](auto& r) { r.method = "GET /"; }));
    EXPECT_FALSE(changed([](auto& r) { r.headers = {{"a:b", "c"}}; }));
    EXPECT_FALSE(changed([](auto& r) { r.headers = {{"a b", "c"}}; }));
    EXPECT_FALSE(changed([](auto& r) { r.headers = {{"a", std::string("b\0c", 3)}}; }));
    EXPECT_FALSE(changed([](auto& r) { r.headers = {{"a", "b\rc"}}; }));
    EXPECT_TRUE(changed([](auto& r) { r.headers = {{"a", "b c\td"}}; }));
}

}  // namespace
}  // namespace porchlight::net::test
