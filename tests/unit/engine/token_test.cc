#include "engine/token.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace porchlight::engine {
namespace {

TEST(token, text_of_a_token_is_three_decimals) {
    EXPECT_EQ(to_string({12, 345, 0}), "12.345.0");
    EXPECT_EQ(to_string({~0ULL, ~0ULL, ~0U}),
              "18446744073709551615.18446744073709551615.4294967295");
}

TEST(token, names_the_messages_told_only_where_that_is_less_than_d) {
    EXPECT_EQ(to_string({12, 345, 0, 7}), "12.345.0.7");
    EXPECT_EQ(to_string({12, 345, 0, 0}), "12.345.0.0");
    EXPECT_EQ(to_string({12, 345, 0, 12}), "12.345.0");
    EXPECT_EQ(to_string({~0ULL, ~0ULL, ~0U, ~0ULL - 1}),
              "18446744073709551615.18446744073709551615.4294967295.18446744073709551614");
    EXPECT_EQ(parse_token("12.345.0.7")->messages_told(), 7U);
    EXPECT_EQ(parse_token("12.345.0")->messages_told(), 12U);
}

RC_GTEST_PROP(token, every_token_is_read_back,
              (std::uint64_t d, std::uint64_t p, std::uint32_t k)) {
    const token t{d, p, k};
    RC_ASSERT(parse_token(to_string(t)) == std::optional{t});
}

RC_GTEST_PROP(token, every_token_with_messages_left_is_read_back,
              (std::uint64_t d, std::uint64_t p, std::uint32_t k, std::uint64_t m)) {
    RC_PRE(d > 0U);
    const token t{d, p, k, m % d};
    RC_ASSERT(parse_token(to_string(t)) == std::optional{t});
}

TEST(token, messages_told_up_to_d_or_beyond_are_refused) {
    for (const char* text : {"5.2.3.5", "5.2.3.6", "5.2.3.", "5.2.3.04", "5.2.3.4.", "5.2.3.4.0",
                             "5.2.3.+4", "5.2.3.18446744073709551616"}) {
        EXPECT_FALSE(parse_token(text)) << text;
    }
}

TEST(token, anything_else_is_refused) {
    for (const char* text :
         {"",        ".",      "1",      "1.2",    "1.2.",           "1.2.3.",
          "1.2.3.4", " 1.2.3", "1.2.3 ", "+1.2.3", "-1.2.3",         "01.2.3",
          "1.02.3",  "1.2.00", "1,2,3",  "a.b.c",  "1.2.4294967296", "18446744073709551616.0.0",
          "s12_3",   "1..3"}) {
        EXPECT_FALSE(parse_token(text)) << text;
    }
    EXPECT_FALSE(parse_token(std::string_view("1.2.3\0", 6)));
}

}  // namespace
}  // namespace porchlight::engine
