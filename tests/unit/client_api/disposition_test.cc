#include "client_api/media/disposition.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace porchlight::client_api {
namespace {

TEST(disposition, only_what_cannot_script_is_shown) {
    for (const char* type : {"image/png", "IMAGE/PNG", "text/plain; charset=utf-8", "video/mp4",
                             "application/json", "text/css ; a=b"}) {
        EXPECT_TRUE(may_be_shown(type)) << type;
    }
    for (const char* type :
         {"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/pdf",
          "text/javascript", "", ";", "image/png2", "text/html;image/png", " image/png"}) {
        EXPECT_FALSE(may_be_shown(type)) << type;
    }
}

TEST(disposition, names_are_written_for_every_reader) {
    EXPECT_EQ(content_disposition("image/png", ""), "inline");
    EXPECT_EQ(content_disposition("text/html", "a.html"), "attachment; filename=\"a.html\"");
    EXPECT_EQ(content_disposition("image/png", "a b.png"), "inline; filename=\"a b.png\"");
    EXPECT_EQ(content_disposition("image/png", "\xc3\xa4.png"),
              "inline; filename=\"__.png\"; filename*=UTF-8''%C3%A4.png");
}

TEST(disposition, a_name_is_never_more_than_a_name) {
    for (const std::string& evil :
         {std::string{"a\r\nSet-Cookie: x=y"}, std::string{"a\"; filename=\"b"},
          std::string{"a\\\"b"}, std::string{"../../etc/passwd"}, std::string{"a\0b", 3},
          std::string{"a;b=c"}, std::string{"\x7f\x01"}, std::string{"%0d%0a"}}) {
        const auto header = content_disposition("text/html", evil);
        EXPECT_TRUE(std::ranges::all_of(header, [](char c) { return c >= ' ' && c <= '~'; }))
            << header;
        EXPECT_EQ(std::ranges::count(header, '"'), 2) << header;
        EXPECT_EQ(header.find('\\'), std::string::npos) << header;
        EXPECT_EQ(header.find('/'), std::string::npos) << header;
        EXPECT_LE(std::ranges::count(header, ';'), 2) << header;
    }
}

}  // namespace
}  // namespace porchlight::client_api
