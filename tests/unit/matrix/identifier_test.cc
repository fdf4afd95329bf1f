#include "matrix/identifier.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace porchlight::matrix {
namespace {

using namespace std::string_view_literals;

TEST(user_id, splits_at_the_first_colon) {
    const auto id = parse_user_id("@alice:porch.test:8448");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->localpart, "alice");
    EXPECT_EQ(id->server, "porch.test:8448");
}

TEST(user_id, accepts_historical_localparts_when_reading) {
    EXPECT_TRUE(parse_user_id("@Alice!#$ é:porch.test"));
}

TEST(user_id, refuses_what_is_none) {
    for (const auto text :
         {""sv, "@"sv, "@:x"sv, "alice:x"sv, "@alice"sv, "@alice:"sv, "#alice:x"sv, "@a\0b:x"sv,
          "@alice:por ch"sv, "@alice:x:port"sv, "@alice:x:123456"sv}) {
        EXPECT_FALSE(parse_user_id(text)) << text;
    }
}

TEST(user_id, is_limited_to_255_bytes) {
    EXPECT_TRUE(parse_user_id('@' + std::string(252, 'a') + ":x"));
    EXPECT_FALSE(parse_user_id('@' + std::string(253, 'a') + ":x"));
}

TEST(server_name, is_a_host_or_address_with_an_optional_port) {
    for (const auto text :
         {"a", "porch.test", "1.2.3.4:1234", "[::1]", "[2001:db8::1]:8448", "a-b.example:80"}) {
        EXPECT_TRUE(is_server_name(text)) << text;
    }
    for (const auto text : {"", ":80", "a:", "a:b", "a_b", "[::1", "[::g]", "[]", "[::1]80", "a b",
                            "a/b", "[1.2.3.4]"}) {
        EXPECT_FALSE(is_server_name(text)) << text;
    }
}

TEST(new_localpart, has_the_grammar_of_today) {
    EXPECT_TRUE(is_new_localpart("a.b_c=d/e+f-0"));
    for (const auto text : {"", "Alice", "a b", "é", "a:b", "a@b"}) {
        EXPECT_FALSE(is_new_localpart(text)) << text;
    }
}

TEST(other_ids, are_told_by_their_sigils) {
    EXPECT_TRUE(is_room_id("!opaque:porch.test"));
    EXPECT_FALSE(is_room_id("#opaque:porch.test"));
    EXPECT_TRUE(parse_room_alias("#porch:porch.test"));
    EXPECT_TRUE(is_event_id("$abc"));
    EXPECT_FALSE(is_event_id("$"));
    EXPECT_FALSE(is_event_id("abc"));
    EXPECT_FALSE(is_event_id('$' + std::string(255, 'a')));
}

TEST(ids, what_is_parsed_is_the_whole_text) {
    EXPECT_TRUE(rc::check([](const std::string& text) {
        if (const auto id = parse_user_id('@' + text)) {
            RC_ASSERT('@' + std::string{id->localpart} + ':' + std::string{id->server} ==
                      '@' + text);
        }
    }));
}

}  // namespace
}  // namespace porchlight::matrix
