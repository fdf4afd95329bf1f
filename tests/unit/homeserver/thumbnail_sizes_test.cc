#include "homeserver/media/thumbnail_sizes.h"

#include <gtest/gtest.h>

namespace porchlight::homeserver {
namespace {

std::string made_for(std::uint32_t width, std::uint32_t height, bool crop) {
    return thumbnail_name("id", size_made_for({width, height, crop}));
}

TEST(thumbnail_sizes, are_the_smallest_that_is_large_enough) {
    EXPECT_EQ(made_for(1, 1, true), "id-32x32-crop");
    EXPECT_EQ(made_for(32, 32, true), "id-32x32-crop");
    EXPECT_EQ(made_for(33, 10, true), "id-96x96-crop");
    EXPECT_EQ(made_for(97, 97, true), "id-320x240-scale");
    EXPECT_EQ(made_for(32, 32, false), "id-320x240-scale");
    EXPECT_EQ(made_for(320, 241, false), "id-640x480-scale");
    EXPECT_EQ(made_for(641, 1, false), "id-800x600-scale");
    EXPECT_EQ(made_for(5000, 5000, false), "id-800x600-scale");
    EXPECT_EQ(made_for(5000, 5000, true), "id-800x600-scale");
}

}  // namespace
}  // namespace porchlight::homeserver
