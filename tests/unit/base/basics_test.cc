#include <gtest/gtest.h>

#include <memory>

#include "base/assert.h"
#include "base/result.h"
#include "base/unique_function.h"

namespace porchlight::base {
namespace {

TEST(assert_death, a_broken_invariant_names_itself_and_its_place) {
    const int one = 1;
    EXPECT_DEATH(ASSERT(one == 2), "one == 2.*|basics_test.cc.*one == 2");
    ASSERT(one == 1);
}

TEST(unique_function, owns_what_cannot_be_copied) {
    unique_function<int(int)> add = [base = std::make_unique<int>(40)](int n) { return *base + n; };
    unique_function<int(int)> moved = std::move(add);
    EXPECT_EQ(moved(2), 42);
    EXPECT_FALSE(add);  // NOLINT(bugprone-use-after-move): a moved-from one is empty
}

TEST(unique_function, passes_by_reference_and_keeps_state) {
    int seen = 0;
    unique_function<void(int&)> count = [calls = 0](int& out) mutable { out = ++calls; };
    count(seen);
    count(seen);
    EXPECT_EQ(seen, 2);
}

TEST(unique_function, releases_what_it_held) {
    const auto held = std::make_shared<int>(0);
    {
        unique_function<void()> f = [held] {};
        EXPECT_EQ(held.use_count(), 2);
        f = nullptr;
        EXPECT_EQ(held.use_count(), 1);
    }
}

TEST(result, is_a_value_or_an_error) {
    const result<int> good = 5;
    const result<int> bad = boost::system::errc::make_error_code(boost::system::errc::io_error);
    EXPECT_EQ(*good, 5);
    EXPECT_TRUE(bad.has_error());
    EXPECT_EQ(bad.error(), boost::system::errc::io_error);
}

}  // namespace
}  // namespace porchlight::base
