#include "matrix/json.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <boost/json/serialize.hpp>

#include "base/limits.h"

namespace porchlight::matrix {
namespace {

errc code_of(std::string_view text) {
    const auto r = parse_json(text);
    return r ? static_cast<errc>(-1) : r.error().code;
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(parse_json, keeps_integers_exact) {
    const auto v = parse_json(R"({"a":9223372036854775807,"b":18446744073709551615,"c":-3})");
    ASSERT_TRUE(v);
    EXPECT_EQ(v->at("a").as_int64(), 9223372036854775807);
    EXPECT_EQ(v->at("b").as_uint64(), 18446744073709551615u);
    EXPECT_EQ(v->at("c").as_int64(), -3);
}

TEST(parse_json, tells_what_is_not_json) {
    for (const auto text : {"", " ", "{", "{\"a\":}", "nul", "[1,]", "'a'", "{\"a\":1}x",
                            "\"\x01\"", "\"\\ud800\"", "\"\xff\"", "\xef\xbb\xbf", "01"}) {
        EXPECT_EQ(code_of(text), errc::not_json) << text;
    }
}

TEST(parse_json, refuses_numbers_beyond_double) {
    EXPECT_EQ(code_of("1e400"), errc::not_json);
    EXPECT_FALSE(parse_json("[123456789012345678901234567890]"));
}

TEST(parse_json, refuses_a_key_given_twice) {
    const auto r = parse_json(R"({"x":{"presence":1,"presence":2}})");
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code, errc::bad_json);
    EXPECT_NE(r.error().message.find("\"presence\""), std::string::npos);
    EXPECT_EQ(code_of("{\"a\":1,\"\\u0061\":2}"), errc::bad_json);
}

TEST(parse_json, limits_the_depth) {
    EXPECT_TRUE(parse_json(nested(base::limits::json_depth_max)));
    EXPECT_EQ(code_of(nested(base::limits::json_depth_max + 1)), errc::bad_json);
    EXPECT_EQ(code_of(nested(200'000)), errc::bad_json);
    EXPECT_TRUE(parse_json("[]")) << "the parser is usable after a refusal";
}

TEST(parse_json, takes_the_largest_body_and_no_more) {
    const std::string most = '"' + std::string(base::limits::body_bytes_max - 2, 'x') + '"';
    EXPECT_TRUE(parse_json(most));
    EXPECT_EQ(code_of(most + ' '), errc::too_large);
    EXPECT_EQ(code_of(nested(200'000)), errc::bad_json);
}

TEST(members, name_the_key_and_what_is_allowed) {
    const auto v = parse_json(R"({"s":"x","i":5,"f":1.0,"b":true,"n":null})");
    ASSERT_TRUE(v);
    const auto& o = v->get_object();
    EXPECT_EQ(**optional_string(o, "s"), "x");
    EXPECT_EQ(**optional_integer(o, "i"), 5);
    EXPECT_EQ(**optional_bool(o, "b"), true);
    EXPECT_FALSE(*optional_string(o, "absent"));
    EXPECT_EQ(required_string(o, "absent").error().code, errc::missing_param);
    EXPECT_EQ(optional_string(o, "n").error().code, errc::bad_json);
    EXPECT_EQ(optional_integer(o, "f").error().code, errc::bad_json);
    EXPECT_NE(optional_bool(o, "s").error().message.find("\"s\""), std::string::npos);
    EXPECT_EQ(find(*v, "i")->as_int64(), 5);
    EXPECT_EQ(find(v->at("i"), "i"), nullptr);
}

// --- canonical JSON ---

std::string canonical(std::string_view text) {
    const auto v = parse_json(text);
    return v ? canonical_json(*v).value() : "not JSON";
}

TEST(canonical_json, gives_the_specifications_examples) {
    EXPECT_EQ(canonical("{}"), "{}");
    EXPECT_EQ(canonical(R"({"one": 1, "two": "Two"})"), R"({"one":1,"two":"Two"})");
    EXPECT_EQ(canonical(R"({"b": "2", "a": "1"})"), R"({"a":"1","b":"2"})");
    EXPECT_EQ(canonical(R"({"auth": {"success": true, "mxid": "@john.doe:example.com",
        "profile": {"display_name": "John Doe", "three_pids": [
        {"medium": "email", "address": "john.doe@example.org"},
        {"medium": "msisdn", "address": "123456789"}]}}})"),
              R"({"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe",)"
              R"("three_pids":[{"address":"john.doe@example.org","medium":"email"},)"
              R"({"address":"123456789","medium":"msisdn"}]},"success":true}})");
    EXPECT_EQ(canonical(R"({"a": "日本語"})"), R"({"a":"日本語"})");
    EXPECT_EQ(canonical(R"({"本": 2, "日": 1})"), R"({"日":1,"本":2})");
    EXPECT_EQ(canonical(R"({"a": "\u65E5"})"), R"({"a":"日"})");
    EXPECT_EQ(canonical(R"({"a": null})"), R"({"a":null})");
    EXPECT_EQ(canonical(R"({"a": -0})"), R"({"a":0})");
}

TEST(canonical_json, escapes_only_what_must_be) {
    EXPECT_EQ(canonical(R"("\u0000\b\t\n\f\r\"\\\/\u001f\u007f")"),
              "\"\\u0000\\b\\t\\n\\f\\r\\\"\\\\/\\u001f\x7f\"");
}

TEST(canonical_json, sorts_by_code_point_not_by_utf16) {
    // U+FF61 comes before U+1F600, whose UTF-16 begins with 0xD83D.
    EXPECT_EQ(canonical("{\"\xF0\x9F\x98\x80\":1,\"\xEF\xBD\xA1\":2}"),
              "{\"\xEF\xBD\xA1\":2,\"\xF0\x9F\x98\x80\":1}");
}

TEST(canonical_json, refuses_floats_and_large_integers) {
    for (const auto text : {"1.0", "1.5", "1e3", "9007199254740992", "-9007199254740992",
                            "18446744073709551615", "{\"a\":[{\"b\":0.1}]}"}) {
        const auto v = parse_json(text);
        ASSERT_TRUE(v) << text;
        const auto r = canonical_json(*v);
        ASSERT_FALSE(r) << text;
        EXPECT_EQ(r.error().code, errc::bad_json);
    }
    EXPECT_EQ(canonical("[9007199254740991,-9007199254740991]"),
              "[9007199254740991,-9007199254740991]");
}

json::value any_value(int depth) {
    switch (*rc::gen::inRange(0, depth > 0 ? 6 : 4)) {
        case 0:
            return nullptr;
        case 1:
            return *rc::gen::arbitrary<bool>();
        case 2:
            return static_cast<std::int64_t>(*rc::gen::arbitrary<std::int32_t>());
        case 3: {
            std::string text;
            for (const char c : *rc::gen::arbitrary<std::string>()) {
                text += static_cast<char>(c & 0x7f);
            }
            return json::value(text);
        }
        case 4: {
            json::array a;
            for (int n = *rc::gen::inRange(0, 4); n > 0; --n) {
                a.push_back(any_value(depth - 1));
            }
            return a;
        }
        default: {
            json::object o;
            for (int n = *rc::gen::inRange(0, 4); n > 0; --n) {
                o[*rc::gen::container<std::string>(rc::gen::inRange('a', 'e'))] =
                    any_value(depth - 1);
            }
            return o;
        }
    }
}

TEST(canonical_json, reads_back_as_the_same_value_and_is_stable) {
    EXPECT_TRUE(rc::check([] {
        const json::value v = any_value(3);
        const auto text = canonical_json(v).value();
        const auto again = parse_json(text);
        RC_ASSERT(again);
        RC_ASSERT((*again == v));
        RC_ASSERT(canonical_json(*again).value() == text);
    }));
}

TEST(append_json_string, agrees_with_a_parser_on_any_text) {
    EXPECT_TRUE(rc::check([] {
        std::string text;
        for (const char c : *rc::gen::arbitrary<std::string>()) {
            text += static_cast<char>(c & 0x7f);
        }
        std::string out = "kept";
        append_json_string(out, text);
        const auto v = parse_json(std::string_view{out}.substr(4));
        RC_ASSERT(v);
        const auto& read = v->as_string();
        RC_ASSERT((std::string_view{read.data(), read.size()} == text));
    }));
}

TEST(parse_json, survives_any_bytes) {
    EXPECT_TRUE(rc::check([] {
        const auto r = parse_json(*rc::gen::arbitrary<std::string>());
        RC_ASSERT(r || r.error().code == errc::not_json || r.error().code == errc::bad_json);
    }));
}

}  // namespace
}  // namespace porchlight::matrix
