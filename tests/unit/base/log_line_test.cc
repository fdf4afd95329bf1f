#include "base/log_line.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <boost/json.hpp>

#include "base/limits.h"

namespace porchlight::base::log {
namespace {

std::string text_of(std::string_view message, std::initializer_list<field> fields) {
    return text_line(level::info, "net", message, {fields.begin(), fields.size()});
}

boost::json::object json_of(std::string_view message, std::initializer_list<field> fields) {
    const std::string line =
        json_line(level::info, "net", message, {fields.begin(), fields.size()});
    return boost::json::parse("{" + line).as_object();
}

TEST(log_line, text_is_level_area_message_fields) {
    EXPECT_EQ(text_of("listening", {{"address", "127.0.0.1:8008"}, {"threads", 2}}),
              "info net: listening address=127.0.0.1:8008 threads=2");
}

TEST(log_line, text_quotes_what_would_be_read_wrongly) {
    EXPECT_EQ(text_of("m", {{"v", "two words"}}), R"(info net: m v="two words")");
    EXPECT_EQ(text_of("m", {{"v", ""}}), R"(info net: m v="")");
    EXPECT_EQ(text_of("m", {{"v", "a=b"}}), R"(info net: m v="a=b")");
    EXPECT_EQ(text_of("m", {{"v", R"(say "hi" \o)"}}), R"(info net: m v="say \"hi\" \\o")");
}

TEST(log_line, nobody_can_forge_a_line_or_command_a_terminal) {
    const std::string line = text_of("m", {{"v", "a\nerror net: forged\r\t\x1b[31m\x7f"}});
    EXPECT_EQ(line, R"(info net: m v="a\nerror net: forged\r\t\x1b[31m\x7f")");
    EXPECT_EQ(text_of("m", {{"v", "\xc2\x9b"}}), R"(info net: m v="\x9b")");
    EXPECT_EQ(text_of("m", {{"v", "\xff"}}), R"(info net: m v="\xff")");
}

TEST(log_line, json_says_the_same) {
    const auto line = json_of("listening", {{"address", "[::1]:8008"}, {"threads", 2}});
    EXPECT_EQ(line.at("level"), "info");
    EXPECT_EQ(line.at("area"), "net");
    EXPECT_EQ(line.at("message"), "listening");
    EXPECT_EQ(line.at("address"), "[::1]:8008");
    EXPECT_EQ(line.at("threads"), "2");
}

TEST(log_line, json_keeps_good_text_and_replaces_bad_bytes) {
    const auto value = [](std::string_view v) {
        return std::string{json_of("m", {{"v", v}}).at("v").as_string()};
    };
    EXPECT_EQ(value("gr\u00fc\u00dfe \U0001F4A1"), "gr\u00fc\u00dfe \U0001F4A1");
    EXPECT_EQ(value("a\xff"
                    "b"),
              "a\uFFFDb");
    EXPECT_EQ(value("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate is no character";
    EXPECT_EQ(value("\xc0\xaf"), "\uFFFD\uFFFD") << "an over-long slash";
    EXPECT_EQ(value("\xf4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD") << "beyond Unicode";
    EXPECT_EQ(value("\xe2\x82"), "\uFFFD\uFFFD") << "cut in the middle";
    EXPECT_EQ(value(std::string_view{"\0\x01\"\\", 4}), (std::string_view{"\0\x01\"\\", 4}));
}

TEST(log_line, a_long_value_is_cut_between_characters) {
    const std::string euros = [] {
        std::string s;
        while (s.size() < 2 * limits::log_value_bytes_max) {
            s += "\u20ac";
        }
        return s;
    }();
    const std::string value{json_of("m", {{"v", euros}}).at("v").as_string()};
    EXPECT_LE(value.size(), limits::log_value_bytes_max + 3);
    EXPECT_TRUE(value.ends_with("\u20ac\u2026")) << value.substr(value.size() - 8);
}

RC_GTEST_PROP(log_line, any_bytes_make_one_valid_line, (const std::string& value)) {
    const field fields[] = {{"v", value}};
    boost::json::error_code error;
    const std::string json = "{" + json_line(level::warn, "net", value, fields);
    RC_ASSERT(boost::json::parse(json, error).is_object());
    RC_ASSERT(!error);
    for (const char c : text_line(level::warn, "net", value, fields)) {
        RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
}

}  // namespace
}  // namespace porchlight::base::log
