#include "admin/health.h"

#include <gtest/gtest.h>

namespace porchlight::admin {
namespace {

TEST(health, is_200_while_everything_works) {
    const health_check checks[] = {{"listener", true, ""}, {"store", true, ""}};
    const health_answer answer = health(checks);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body,
              R"({"status":"ok","checks":{"listener":{"status":"ok"},"store":{"status":"ok"}}})");
}

TEST(health, is_503_when_the_store_fails_and_says_so) {
    const health_check checks[] = {{"listener", true, ""},
                                   {"store", false, "the disk is \"full\"\n"}};
    const health_answer answer = health(checks);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, R"({"status":"failing","checks":{"listener":{"status":"ok"},)"
                           R"("store":{"status":"failing","detail":"the disk is \"full\"\n"}}})");
}

TEST(health, without_checks_there_is_nothing_wrong) {
    const health_answer answer = health({});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"status":"ok","checks":{}})");
}

}  // namespace
}  // namespace porchlight::admin
