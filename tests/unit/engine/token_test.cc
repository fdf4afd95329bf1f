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

RC_GTEST_PROP(token, every_token_is_read_back,
              (std::uint64_t d, std::uint64_t p, std::uint32_t k)) {
    const token t{d, p, k};
    RC_ASSERT(parse_token(to_string(t)) == std::optional{t});
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
