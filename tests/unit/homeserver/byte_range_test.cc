#include "homeserver/media/byte_range.h"

#include <gtest/gtest.h>

namespace porchlight::homeserver {
namespace {

std::optional<byte_part> part(std::string_view header, std::uint64_t whole) {
    const auto r = parse_range(header);
    EXPECT_TRUE(r) << header;
    return r ? part_of(*r, whole) : std::nullopt;
}

TEST(byte_range, is_read_as_rfc_9110_has_it) {
    const auto both = part("bytes=2-5", 10);
    ASSERT_TRUE(both);
    EXPECT_EQ(both->offset, 2u);
    EXPECT_EQ(both->bytes, 4u);
    const auto open = part("bytes=2-", 10);
    EXPECT_EQ(open->bytes, 8u);
    const auto suffix = part("bytes=-3", 10);
    EXPECT_EQ(suffix->offset, 7u);
    EXPECT_EQ(suffix->bytes, 3u);
    EXPECT_EQ(part("bytes=-30", 10)->bytes, 10u);
    EXPECT_EQ(part("bytes=0-99", 10)->bytes, 10u);
    EXPECT_EQ(part("bytes=9-18446744073709551615", 10)->bytes, 1u);
}

TEST(byte_range, outside_is_nothing) {
    EXPECT_FALSE(part("bytes=10-", 10));
    EXPECT_FALSE(part("bytes=0-", 0));
    EXPECT_FALSE(part("bytes=-0", 10));
    EXPECT_FALSE(part("bytes=-5", 0));
}

TEST(byte_range, what_is_no_range_is_no_range) {
    for (const char* header :
         {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-2,4-5", "bytes=5-2", "items=1-2",
          "bytes=+1-2", "bytes= 1-2", "bytes=18446744073709551616-", "bytes=--1"}) {
        EXPECT_FALSE(parse_range(header)) << header;
    }
}

}  // namespace
}  // namespace porchlight::homeserver
