#include "person/account.h"

#include <gmock/gmock.h>

namespace porchlight::person {
namespace {

using testing::HasSubstr;
using testing::Not;

web_answer answer(long status, const std::string& body) {
    return {"", status, body};
}

std::string sentence_of(const web_answer& a) {
    try {
        read_answer(a, "https://porch.test");
    } catch (const failed& f) {
        return f.message;
    }
    return "";
}

TEST(Answers, a_good_one_is_its_json) {
    EXPECT_EQ(read_answer(answer(200, R"({"a":1})"), "s"), (json::value{{"a", 1}}));
}

TEST(Answers, none_says_why) {
    EXPECT_EQ(sentence_of({"no answer in time", 0, ""}),
              "no answer from https://porch.test: no answer in time");
}

TEST(Answers, a_refusal_has_the_servers_words) {
    EXPECT_EQ(sentence_of(answer(403, R"({"errcode":"M_FORBIDDEN","error":"Not yours."})")),
              "https://porch.test refuses: Not yours (M_FORBIDDEN)");
}

TEST(Answers, what_a_server_says_moves_no_cursor) {
    EXPECT_EQ(
        sentence_of(answer(403, R"({"errcode":"M_\u001b[2J","error":"a\u001b]0;t\u0007b\nc"})")),
        "https://porch.test refuses: ab c (M_)");
}

TEST(Answers, too_soon_says_how_long_to_wait) {
    const auto a =
        answer(429, R"({"errcode":"M_LIMIT_EXCEEDED","error":"e","retry_after_ms":1500})");
    EXPECT_THAT(sentence_of(a), HasSubstr("wait 2 s"));
}

TEST(Answers, an_unknown_token_is_one_sentence_with_the_way_out) {
    const auto a = answer(401, R"({"errcode":"M_UNKNOWN_TOKEN","error":"e"})");
    EXPECT_THROW(read_answer(a, "s"), logged_out);
    EXPECT_THAT(sentence_of(a), HasSubstr("log in again: porchlight login"));
}

TEST(Answers, what_is_no_matrix_server_is_said_to_be_none) {
    EXPECT_THAT(sentence_of(answer(502, "<html>")),
                HasSubstr("status 502, which is no answer of a Matrix"));
    EXPECT_THAT(sentence_of(answer(200, "<html>")), HasSubstr("is it a Matrix server?"));
    EXPECT_THAT(sentence_of(answer(302, "")), HasSubstr("status 302"));
}

TEST(Answers, a_feature_has_to_be_there_and_true) {
    const auto with = [](json::value v) {
        return json::value{{"unstable_features", {{"io.porchlight.presence_lists", std::move(v)}}}};
    };
    EXPECT_TRUE(has_feature(with(true), lists_feature));
    EXPECT_FALSE(has_feature(with(false), lists_feature));
    EXPECT_FALSE(has_feature(with("true"), lists_feature));
    EXPECT_FALSE(has_feature(json::value{{"versions", json::array()}}, lists_feature));
}

}  // namespace
}  // namespace porchlight::person
