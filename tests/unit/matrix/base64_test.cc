#include "matrix/base64.h"

#include <gtest/gtest.h>

namespace porchlight::matrix {
namespace {

std::vector<std::uint8_t> bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

// The appendix "Unpadded Base64".
TEST(base64, is_that_of_the_specifications_examples) {
    const std::pair<std::string_view, std::string_view> examples[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : examples) {
        EXPECT_EQ(to_base64(bytes(plain)), encoded);
        EXPECT_EQ(from_base64(encoded), bytes(plain)) << encoded;
    }
    EXPECT_EQ(to_base64(std::vector<std::uint8_t>{0xfb, 0xff}), "+/8");
}

TEST(base64, is_read_with_padding_and_with_bits_that_mean_nothing) {
    EXPECT_EQ(from_base64("Zg=="), bytes("f"));
    EXPECT_EQ(from_base64("Zm8="), bytes("fo"));
    EXPECT_EQ(from_base64("Zh"), bytes("f"));
}

TEST(base64, refuses_other_text) {
    for (const auto* text :
         {"Z", "Zm9vY", "Zg=", "Zg===", "=", "Z g", "Zm9-", "Zm9_", "Zg==Zg=="}) {
        EXPECT_EQ(from_base64(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace porchlight::matrix
