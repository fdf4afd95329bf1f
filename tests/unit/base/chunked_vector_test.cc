#include "base/chunked_vector.h"

#include <gtest/gtest.h>

#include <memory>

namespace porchlight::base {
namespace {

TEST(chunked_vector, keeps_what_is_in_it_where_it_is) {
    chunked_vector<std::unique_ptr<int>, 3> v;
    EXPECT_TRUE(v.empty());
    v.push_back(std::make_unique<int>(0));
    const std::unique_ptr<int>* const first = &v[0];
    for (int i = 1; i < 100; ++i) {
        EXPECT_EQ(*v.push_back(std::make_unique<int>(i)), i);
        EXPECT_EQ(*v.back(), i);
    }
    ASSERT_EQ(v.size(), 100U);
    EXPECT_EQ(&v[0], first);
    const auto& same = v;
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(*same[static_cast<std::size_t>(i)], i);
    }
}

}  // namespace
}  // namespace porchlight::base
