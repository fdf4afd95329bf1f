#include "federation/server_rules.h"

#include <gtest/gtest.h>

namespace porchlight::federation {
namespace {

TEST(server_rules, a_star_is_anything_and_a_question_mark_one_character) {
    EXPECT_TRUE(matches_glob("*", ""));
    EXPECT_TRUE(matches_glob("*", "example.org"));
    EXPECT_TRUE(matches_glob("*.example.org", "a.b.example.org"));
    EXPECT_FALSE(matches_glob("*.example.org", "example.org"));
    EXPECT_TRUE(matches_glob("e*e.o?g", "example.org"));
    EXPECT_FALSE(matches_glob("e?", "e"));
    EXPECT_FALSE(matches_glob("example.org", "example.org:8448"));
    EXPECT_TRUE(matches_glob("example.org:*", "example.org:8448"));
    EXPECT_TRUE(matches_glob("EXAMPLE.org", "example.ORG")) << "as names of the Internet";
    EXPECT_FALSE(matches_glob("", "a"));
}

TEST(server_rules, many_stars_end_soon) {
    const std::string pattern = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
    EXPECT_FALSE(matches_glob(pattern, std::string(255, 'a')));
}

TEST(server_rules, deny_beats_allow_and_an_empty_allow_names_all) {
    settings s;
    EXPECT_TRUE(allows(s, "example.org"));
    s.deny = {"*.evil.org"};
    EXPECT_TRUE(allows(s, "example.org"));
    EXPECT_FALSE(allows(s, "a.evil.org"));
    s.allow = {"*.org"};
    EXPECT_TRUE(allows(s, "example.org"));
    EXPECT_FALSE(allows(s, "example.com"));
    EXPECT_FALSE(allows(s, "a.evil.org"));
}

}  // namespace
}  // namespace porchlight::federation
