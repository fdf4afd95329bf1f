#include "matrix/error.h"

#include <gtest/gtest.h>

#include "matrix/json.h"

namespace porchlight::matrix {
namespace {

TEST(catalogue, describes_every_code) {
    for (int i = 0; i <= static_cast<int>(errc::unknown); ++i) {
        const auto& entry = describe(static_cast<errc>(i));
        EXPECT_EQ(entry.code, static_cast<errc>(i));
        EXPECT_GE(entry.status, 400);
        EXPECT_TRUE(entry.errcode.starts_with("M_"));
        EXPECT_FALSE(entry.sentence.empty());
    }
    EXPECT_EQ(describe(errc::method_not_allowed).status, 405);
    EXPECT_EQ(describe(errc::unrecognized).errcode, "M_UNRECOGNIZED");
}

TEST(error_json, says_the_sentence_unless_there_is_a_better_one) {
    EXPECT_EQ(to_json(fail(errc::not_found)),
              R"({"errcode":"M_NOT_FOUND","error":"There is nothing here."})");
    EXPECT_EQ(to_json(fail(errc::bad_json, "The key \"a\" is odd.")),
              R"({"errcode":"M_BAD_JSON","error":"The key \"a\" is odd."})");
}

TEST(error_json, carries_when_to_come_back) {
    failure f = fail(errc::limit_exceeded);
    f.retry_after = base::milliseconds{1500};
    const auto v = parse_json(to_json(f));
    ASSERT_TRUE(v);
    EXPECT_EQ(v->at("retry_after_ms"), 1500);
}

TEST(error_json, an_unknown_token_is_a_hard_logout) {
    const auto v = parse_json(to_json(fail(errc::unknown_token)));
    ASSERT_TRUE(v);
    EXPECT_EQ(v->at("soft_logout"), false);
}

TEST(outcome, looking_without_asking_throws) {
    const outcome<int> r = fail(errc::forbidden, "why");
    EXPECT_THROW((void)r.value(), std::logic_error);
}

}  // namespace
}  // namespace porchlight::matrix
