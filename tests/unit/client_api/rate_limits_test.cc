#include "client_api/rate_limits.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace porchlight::client_api {
namespace {

using namespace std::chrono_literals;

struct rate_limits_test : testing::Test {
    bool take(const std::string& key, limited kind = limited::presence) {
        return !limits.take(kind, key, now);
    }
    settings config = [] {
        settings s;
        s.presence_rate = {2, 3};
        s.login_rate = {1, 1};
        return s;
    }();
    rate_limits limits{config};
    base::mono_time now{1h};
};

TEST_F(rate_limits_test, lets_a_burst_through_and_then_its_rate) {
    EXPECT_TRUE(take("a") && take("a") && take("a"));
    EXPECT_FALSE(take("a"));
    now += 499ms;
    EXPECT_FALSE(take("a"));
    now += 1ms;
    EXPECT_TRUE(take("a"));
    EXPECT_FALSE(take("a"));
    now += 1h;
    EXPECT_TRUE(take("a") && take("a") && take("a"));
    EXPECT_FALSE(take("a")) << "a burst is never more than the bucket";
}

TEST_F(rate_limits_test, says_how_long_to_wait) {
    while (take("a")) {
    }
    now += 100ms;
    const auto f = limits.take(limited::presence, "a", now);
    ASSERT_TRUE(f);
    EXPECT_EQ(f->code, errc::limit_exceeded);
    EXPECT_EQ(f->retry_after, 400ms);
    now += *f->retry_after;
    EXPECT_TRUE(take("a"));
}

TEST_F(rate_limits_test, keys_and_kinds_are_apart) {
    while (take("a")) {
    }
    EXPECT_TRUE(take("b"));
    EXPECT_TRUE(take("a", limited::login));
    EXPECT_FALSE(take("a", limited::login));
}

TEST_F(rate_limits_test, what_is_given_back_can_be_taken_again) {
    EXPECT_TRUE(take("a", limited::login));
    limits.give_back(limited::login, "a");
    EXPECT_TRUE(take("a", limited::login));
    limits.give_back(limited::login, "a");
    limits.give_back(limited::login, "a");
    EXPECT_TRUE(take("a", limited::login));
    EXPECT_FALSE(take("a", limited::login)) << "never above the burst";
}

TEST_F(rate_limits_test, switched_off_takes_everything) {
    config.rate_limits_enabled = false;
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(take("a"));
    }
}

TEST_F(rate_limits_test, an_empty_bucket_survives_the_forgetting_of_others) {
    while (take("a")) {
    }
    for (std::size_t i = 0; i < base::limits::rate_buckets_max / 2; ++i) {
        take("other" + std::to_string(i));
    }
    EXPECT_FALSE(take("a")) << "one generation later it is still known";
}

}  // namespace
}  // namespace porchlight::client_api
