#include "person/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "matrix/json.h"

namespace porchlight::person {
namespace {

bool moves_nothing(const std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // C0 and DEL; C1 is 0xC2 0x80..0x9F in UTF-8.
        if (byte < 0x20 || byte == 0x7F) {
            return false;
        }
        if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
            return false;
        }
    }
    return true;
}

TEST(CleanedText, escape_sequences_go_whole) {
    EXPECT_EQ(cleaned("a\x1b[2Jb"), "ab");
    EXPECT_EQ(cleaned("a\x1b[38;5;196mred\x1b[0m"), "ared");
    EXPECT_EQ(cleaned("a\x1b]0;title\x07z"), "az");
    EXPECT_EQ(cleaned("a\x1b]8;;http://x\x1b\\link"), "alink");
    EXPECT_EQ(cleaned("a\x1bPsixel\x1b\\z"), "az");
    EXPECT_EQ(cleaned("a\x1b"
                      "cz"),
              "az")
        << "the reset of a terminal";
    EXPECT_EQ(cleaned("a\xC2\x9B"
                      "2Jz"),
              "az")
        << "CSI as one character";
    EXPECT_EQ(cleaned("a\xC2\x9D"
                      "0;t\xC2\x9Cz"),
              "az")
        << "OSC as one character";
    EXPECT_EQ(cleaned("a\x1b"), "a");
    EXPECT_EQ(cleaned("a\x1b[12;"), "a") << "one that never ends takes the rest";
}

TEST(CleanedText, a_line_stays_a_line) {
    EXPECT_EQ(cleaned("until\n3\tpm\r"), "until 3 pm ");
    EXPECT_EQ(cleaned("a\b\b\x7f\x01z"), "az");
    EXPECT_EQ(cleaned("a\u2028z"), "a z");
    EXPECT_EQ(cleaned(std::string_view("a\0z", 3)), "az");
}

TEST(CleanedText, nothing_turns_the_writing_around_or_hides) {
    EXPECT_EQ(cleaned("a\u202Ez\u2066\u200F\u061C"), "az");
    EXPECT_EQ(cleaned("a\u200B\uFEFF\u2060z"), "az");
    EXPECT_EQ(cleaned("heart\u2764\uFE0F"), "heart\u2764");
}

TEST(CleanedText, letters_of_all_writings_stay) {
    EXPECT_EQ(cleaned("Würstchen 漢字 שלום 😀"), "Würstchen 漢字 שלום 😀");
}

TEST(CleanedText, at_most_three_marks_stay_on_a_letter) {
    std::string zalgo = "e";
    for (int i = 0; i < 50; ++i) {
        zalgo += "\u0301";
    }
    EXPECT_EQ(cleaned(zalgo + "f"), "e\u0301\u0301\u0301f");
    EXPECT_EQ(cleaned("\u0301x"), "x") << "a mark without a letter would sit on what is before";
}

TEST(CleanedText, bytes_that_are_no_utf8_are_shown_as_such) {
    EXPECT_EQ(cleaned("a\xFFz"), "a\uFFFDz");
    EXPECT_EQ(cleaned("a\xE6\xBCz"), "a\uFFFDz");
    EXPECT_EQ(cleaned("\xC0\x9B"), "\uFFFD\uFFFD") << "overlong";
}

RC_GTEST_PROP(CleanedText, whatever_comes_moves_no_cursor, (const std::string& bytes)) {
    const std::string out = cleaned(bytes);
    RC_ASSERT(moves_nothing(out));
    RC_ASSERT(matrix::is_utf8(out));
    RC_ASSERT(cleaned(out) == out);
}

// Arbitrary bytes are seldom sequences; these are made of their parts.
RC_GTEST_PROP(CleanedText, whatever_is_made_of_sequences_moves_no_cursor, ()) {
    const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
        std::vector<std::string>{"\x1b", "[", "]", "\x07", "\\", "\xC2\x9B", "\xC2", "\x9B", "2J",
                                 "m", "P", "x", "\u202E", "\u0301", "漢", "\n"}));
    std::string text;
    for (const std::string& p : parts) {
        text += p;
    }
    RC_ASSERT(moves_nothing(cleaned(text)));
}

TEST(Width, wide_characters_take_two_columns) {
    EXPECT_EQ(width_of("abc"), 3U);
    EXPECT_EQ(width_of("漢字"), 4U);
    EXPECT_EQ(width_of("e\u0301"), 1U);
    EXPECT_EQ(width_of("😀"), 2U);
}

TEST(Width, a_cell_is_exactly_as_wide_as_asked) {
    EXPECT_EQ(fitted("abc", 5), "abc  ");
    EXPECT_EQ(fitted("abcdef", 5), "abcd…");
    EXPECT_EQ(fitted("漢字漢字", 5), "漢字…");
    EXPECT_EQ(fitted("漢字漢字", 4), "漢… ") << "half a character does not fit";
    EXPECT_EQ(fitted("abc", 0), "");
    EXPECT_EQ(fitted("abc", 1), "…");
}

RC_GTEST_PROP(Width, a_cell_never_outgrows_its_column, (const std::string& bytes)) {
    const auto columns = *rc::gen::inRange<std::size_t>(0, 40);
    RC_ASSERT(width_of(fitted(cleaned(bytes), columns)) == columns);
}

}  // namespace
}  // namespace porchlight::person
