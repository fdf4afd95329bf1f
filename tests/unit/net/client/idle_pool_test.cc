#include "net/client/idle_pool.h"

#include <gtest/gtest.h>

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;
using pool = idle_pool<int>;

constexpr base::mono_time at(base::milliseconds t) {
    return base::mono_time{t};
}
std::unique_ptr<int> number(int n) {
    return std::make_unique<int>(n);
}

TEST(idle_pool, gives_the_newest_of_a_place) {
    pool p(10, 60s);
    p.keep("a", number(1), at(0s));
    p.keep("b", number(2), at(1s));
    p.keep("a", number(3), at(2s));
    EXPECT_EQ(*p.take("a"), 3);
    EXPECT_EQ(*p.take("a"), 1);
    EXPECT_EQ(p.take("a"), nullptr);
    EXPECT_EQ(p.take("c"), nullptr);
    EXPECT_EQ(*p.take("b"), 2);
    EXPECT_EQ(p.size(), 0);
}

TEST(idle_pool, closes_what_waited_too_long) {
    pool p(10, 60s);
    p.keep("a", number(1), at(0s));
    p.keep("a", number(2), at(30s));
    EXPECT_EQ(p.expire(at(59s)), at(60s));
    EXPECT_EQ(p.size(), 2);
    EXPECT_EQ(p.expire(at(60s)), at(90s));
    EXPECT_EQ(p.size(), 1);
    EXPECT_EQ(*p.take("a"), 2);
    EXPECT_EQ(p.expire(at(60s)), std::nullopt);
}

TEST(idle_pool, is_never_larger_than_it_may_be) {
    pool p(2, 60s);
    EXPECT_FALSE(p.keep("a", number(1), at(0s)).was_full);
    EXPECT_FALSE(p.keep("b", number(2), at(1s)).was_full);
    EXPECT_TRUE(p.keep("c", number(3), at(2s)).was_full);
    EXPECT_EQ(p.size(), 2);
    EXPECT_EQ(p.take("a"), nullptr) << "the oldest went";
    EXPECT_EQ(*p.take("b"), 2);
}

TEST(idle_pool, drops_one_by_its_id_and_no_other) {
    pool p(10, 60s);
    const auto first = p.keep("a", number(1), at(0s)).named;
    p.keep("a", number(2), at(0s));
    p.drop(first);
    p.drop(first);
    EXPECT_EQ(*p.take("a"), 2);
    EXPECT_EQ(p.take("a"), nullptr);
}

}  // namespace
}  // namespace porchlight::net::test
