#include "client_api/url.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace porchlight::client_api {
namespace {

using segments = std::vector<std::string>;

TEST(split_path, decodes_each_segment_by_itself) {
    EXPECT_EQ(split_path("/a/%40alice%3Ax/c"), (segments{"a", "@alice:x", "c"}));
    EXPECT_EQ(split_path("/a%2Fb/%2e%2e/c"), (segments{"a/b", "..", "c"}))
        << "an encoded slash or dot is data";
    EXPECT_EQ(split_path("/"), segments{""});
    EXPECT_EQ(split_path("/a/"), (segments{"a", ""}));
    EXPECT_EQ(split_path("//a"), (segments{"", "a"}));
    EXPECT_EQ(split_path("/a+b"), segments{"a+b"}) << "a plus in a path is a plus";
    EXPECT_EQ(split_path("/gr%C3%BC%C3%9fe"), segments{"grüße"});
}

TEST(split_path, refuses_bad_escapes) {
    for (const auto path :
         {"", "a", "/%", "/%4", "/%zz", "/%4g", "/%00", "/%ff", "/%c3", "/a%", "/%ed%a0%80"}) {
        EXPECT_FALSE(split_path(path)) << path;
    }
}

TEST(split_query, splits_and_decodes) {
    using q = query_parameters;
    EXPECT_EQ(split_query(""), q{});
    EXPECT_EQ(split_query("a=1&b=%7B%7D&c"), (q{{"a", "1"}, {"b", "{}"}, {"c", ""}}));
    EXPECT_EQ(split_query("a=b=c&&d=x+y"), (q{{"a", "b=c"}, {"d", "x y"}}));
    EXPECT_EQ(split_query("a=1&a=2"), (q{{"a", "1"}, {"a", "2"}}));
    EXPECT_FALSE(split_query("a=%"));
    EXPECT_FALSE(split_query("%zz=1"));
    EXPECT_FALSE(split_query("a=%00"));
}

TEST(split, survives_any_bytes) {
    EXPECT_TRUE(rc::check([](const std::string& text) {
        split_path('/' + text);
        split_query(text);
    }));
}

TEST(split_path, gives_back_what_was_encoded) {
    EXPECT_TRUE(rc::check([] {
        std::string plain, encoded = "/";
        for (const char c : *rc::gen::arbitrary<std::string>()) {
            const char ascii = static_cast<char>((c & 0x7f) == 0 ? 'x' : c & 0x7f);
            constexpr auto hex = "0123456789ABCDEF";
            plain += ascii;
            encoded += '%';
            encoded += hex[ascii >> 4];
            encoded += hex[ascii & 15];
        }
        RC_ASSERT(split_path(encoded) == (segments{plain}));
    }));
}

}  // namespace
}  // namespace porchlight::client_api
