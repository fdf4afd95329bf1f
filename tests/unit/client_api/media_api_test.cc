#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "support/api_bench.h"

namespace porchlight::client_api {
namespace {

using test::answer;
using test::api_bench;
using more = api_bench::more_headers;

homeserver::settings with_legacy() {
    auto s = test::house_bench::cheap_settings();
    s.media.legacy_reading = true;
    return s;
}

std::string header(const answer& a, std::string_view name) {
    for (const auto& [key, value] : a.headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

class media_api_test : public testing::Test {
  protected:
    // The path behind mxc:// of a new upload: "porch.test/id".
    static std::string upload(api_bench& on, const std::string& token, const std::string& bytes,
                              std::string_view type = "image/png",
                              const std::string& query = "?filename=cat.png") {
        const auto a = on.ask_with({.content_type = type}, "POST",
                                   "/_matrix/media/v3/upload" + query, bytes, token);
        EXPECT_EQ(a.status, 200) << a.text;
        const std::string uri{a.json().as_object().at("content_uri").as_string()};
        EXPECT_TRUE(uri.starts_with("mxc://porch.test/")) << uri;
        return uri.substr(6);
    }
    answer download(const std::string& path, more headers = {}) {
        return bench.ask_with(headers, "GET", "/_matrix/client/v1/media/download/" + path, {},
                              alice);
    }

    api_bench bench;
    std::string alice = bench.sign_up("alice");
};

TEST_F(media_api_test, an_upload_comes_back_as_it_was) {
    const std::string bytes("\x89PNG\0\r\n{}", 9);
    const auto path = upload(bench, alice, bytes);
    const auto a = download(path);
    EXPECT_EQ(a.status, 200);
    EXPECT_EQ(a.text, bytes);
    EXPECT_EQ(header(a, "Content-Type"), "image/png");
    EXPECT_EQ(header(a, "Content-Disposition"), "inline; filename=\"cat.png\"");
    EXPECT_EQ(header(download(path + "/other%20name.png"), "Content-Disposition"),
              "inline; filename=\"other name.png\"");
}

TEST_F(media_api_test, every_answer_with_bytes_keeps_browsers_from_running_them) {
    const auto path = upload(bench, alice, "image", "text/html", "?filename=a.html");
    for (const auto& target :
         {"/_matrix/client/v1/media/download/" + path,
          "/_matrix/client/v1/media/thumbnail/" + path + "?width=32&height=32&method=crop"}) {
        const auto a = bench.ask("GET", target, {}, alice);
        ASSERT_EQ(a.status, 200) << a.text;
        EXPECT_EQ(header(a, "Content-Security-Policy"),
                  "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; "
                  "style-src 'unsafe-inline'; object-src 'self';");
        EXPECT_EQ(header(a, "X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(header(a, "Cross-Origin-Resource-Policy"), "cross-origin");
        EXPECT_FALSE(header(a, "Content-Disposition").empty());
    }
    EXPECT_TRUE(header(download(path), "Content-Disposition").starts_with("attachment"));
}

TEST_F(media_api_test, reading_and_writing_need_a_token) {
    const auto path = upload(bench, alice, "x");
    for (const auto& [method, target] : std::initializer_list<std::pair<const char*, std::string>>{
             {"POST", "/_matrix/media/v3/upload"},
             {"POST", "/_matrix/media/v1/create"},
             {"PUT", "/_matrix/media/v3/upload/porch.test/abc"},
             {"GET", "/_matrix/media/v3/config"},
             {"GET", "/_matrix/client/v1/media/config"},
             {"GET", "/_matrix/client/v1/media/download/" + path},
             {"GET", "/_matrix/client/v1/media/download/" + path + "/name"},
             {"GET", "/_matrix/client/v1/media/thumbnail/" + path + "?width=1&height=1"}}) {
        EXPECT_EQ(bench.ask(method, target).errcode(), "M_MISSING_TOKEN") << target;
    }
}

TEST_F(media_api_test, the_old_paths_are_frozen_unless_the_key_says_so) {
    const auto path = upload(bench, alice, "image");
    api_bench open{{}, with_legacy()};
    const auto there = upload(open, open.sign_up("bob"), "image");
    for (const std::string prefix : {"r0", "v1", "v3"}) {
        const auto old = "/_matrix/media/" + prefix;
        for (const auto& [before, behind] : {std::pair{"/download/", ""},
                                             {"/download/", "/name.png"},
                                             {"/thumbnail/", "?width=32&height=32"}}) {
            const auto shut = bench.ask("GET", old + before + path + behind, {}, alice);
            EXPECT_EQ(shut.status, 404);
            EXPECT_EQ(shut.errcode(), "M_NOT_FOUND");
            const auto read = open.ask("GET", old + before + there + behind);
            EXPECT_EQ(read.status, 200) << read.text;
            EXPECT_TRUE(header(read, "Cache-Control").starts_with("public"));
        }
        EXPECT_EQ(bench.ask("POST", old + "/upload", "x", alice).status, 200);
        EXPECT_EQ(bench.ask("GET", old + "/config", {}, alice).status, 200);
    }
}

TEST_F(media_api_test, there_is_nothing_of_other_servers) {
    const auto path = upload(bench, alice, "image");
    const auto id = path.substr(path.find('/'));
    for (const std::string name : {"elsewhere.test", "..", "porch.test:8448", "%2e%2e%2f"}) {
        EXPECT_EQ(download(name + id).errcode(), "M_NOT_FOUND") << name;
    }
    EXPECT_EQ(download("porch.test/..%2f..%2fetc%2fpasswd").errcode(), "M_NOT_FOUND");
    for (const std::string unknown : {"/_matrix/client/v1/media/thumbnail/porch.test/unknown",
                                      "/_matrix/media/v3/thumbnail/porch.test/unknown"}) {
        EXPECT_EQ(bench.ask("GET", unknown + "?width=9&height=9", {}, alice).errcode(),
                  "M_NOT_FOUND");
    }
    EXPECT_EQ(download("porch.test/" + std::string(2000, 'a')).errcode(), "M_NOT_FOUND");
    EXPECT_EQ(bench.ask("PUT", "/_matrix/media/v3/upload/elsewhere.test" + id, "x", alice).status,
              404);
    EXPECT_EQ(
        bench.ask("GET", "/_matrix/client/v1/media/preview_url?url=http://a", {}, alice).errcode(),
        "M_UNRECOGNIZED");
    EXPECT_EQ(bench.ask("GET", "/_matrix/media/v3/preview_url?url=http://a", {}, alice).errcode(),
              "M_UNRECOGNIZED");
}

TEST_F(media_api_test, the_limit_is_told_and_kept) {
    auto small = test::house_bench::cheap_settings();
    small.media.upload_bytes_max = 2048;
    api_bench tight{{}, small};
    const auto token = tight.sign_up("bob");
    for (const char* path : {"/_matrix/media/v3/config", "/_matrix/client/v1/media/config"}) {
        const auto told = tight.ask("GET", path, {}, token).json();
        EXPECT_EQ(told.as_object().at("m.upload.size").to_number<int>(), 2048);
    }
    upload(tight, token, std::string(2048, 'x'));
    const auto a = tight.ask("POST", "/_matrix/media/v3/upload", std::string(2049, 'x'), token);
    EXPECT_EQ(a.status, 413);
    EXPECT_EQ(a.errcode(), "M_TOO_LARGE");
}

TEST_F(media_api_test, uploads_are_limited_in_rate) {
    settings s;
    s.upload_rate = {1, 2};
    api_bench slow{s};
    const auto token = slow.sign_up("bob");
    upload(slow, token, "x");
    upload(slow, token, "x");
    const auto a = slow.ask("POST", "/_matrix/media/v3/upload", "x", token);
    EXPECT_EQ(a.status, 429);
    EXPECT_TRUE(a.json().as_object().contains("retry_after_ms"));
}

TEST_F(media_api_test, a_long_body_is_for_uploads_of_somebody) {
    const auto permit = [&](std::string_view method, std::string_view target,
                            std::string_view authorization) {
        return bench.dispatcher.long_body(method, target, authorization);
    };
    const auto most = bench.house.config.media.upload_bytes_max;
    EXPECT_EQ(permit("POST", "/_matrix/media/v3/upload?filename=a", "Bearer x").bytes_max, most);
    EXPECT_EQ(permit("POST", "/_matrix/media/r0/upload?access_token=x", "").bytes_max, most);
    EXPECT_EQ(permit("PUT", "/_matrix/media/v3/upload/a/b", "Bearer x").bytes_max, most);
    EXPECT_EQ(permit("POST", "/_matrix/media/v3/upload", "").status, 401);
    EXPECT_EQ(permit("POST", "/_matrix/media/v3/upload", "").bytes_max, 0u);
    EXPECT_EQ(permit("GET", "/_matrix/media/v3/upload", "Bearer x").bytes_max, 0u);
    EXPECT_EQ(permit("POST", "/_matrix/client/v3/createRoom", "Bearer x").bytes_max, 0u);
    EXPECT_EQ(permit("POST", "/_matrix/media/v3/upload%zz", "Bearer x").status, 413);
}

TEST_F(media_api_test, create_first_and_upload_later) {
    const auto made = bench.ask("POST", "/_matrix/media/v1/create", {}, alice);
    ASSERT_EQ(made.status, 200) << made.text;
    const std::string uri{made.json().as_object().at("content_uri").as_string()};
    EXPECT_TRUE(made.json().as_object().at("unused_expires_at").is_int64());
    const auto path = uri.substr(6);
    const auto early = download(path + "?timeout_ms=0");
    EXPECT_EQ(early.status, 504);
    EXPECT_EQ(early.errcode(), "M_NOT_YET_UPLOADED");
    const auto waiting = bench.start("GET", "/_matrix/client/v1/media/download/" + path, {}, alice);
    EXPECT_FALSE(bench.take(waiting));
    const auto put = "/_matrix/media/v3/upload/" + path;
    EXPECT_EQ(bench.ask("PUT", put, "hello", alice).text, "{}");
    EXPECT_EQ(bench.take(waiting)->text, "hello");
    const auto again = bench.ask("PUT", put, "hello", alice);
    EXPECT_EQ(again.status, 409);
    EXPECT_EQ(again.errcode(), "M_CANNOT_OVERWRITE_MEDIA");
    EXPECT_EQ(download(path + "?timeout_ms=soon").errcode(), "M_INVALID_PARAM");
}

TEST_F(media_api_test, thumbnails_are_asked_for_in_numbers) {
    const auto path = "/_matrix/client/v1/media/thumbnail/" + upload(bench, alice, "image");
    const auto ask = [&](const std::string& query) {
        return bench.ask("GET", path + query, {}, alice);
    };
    EXPECT_EQ(ask("?width=32&height=32&method=crop").text, "\x89small 32x32 crop");
    EXPECT_EQ(ask("?width=640&height=480&animated=true").text, "\x89small 640x480");
    EXPECT_EQ(ask("?width=32").errcode(), "M_MISSING_PARAM");
    for (const char* bad :
         {"?width=-1&height=1", "?width=0&height=1", "?width=1.5&height=1", "?width=a&height=1",
          "?width=99999999999999999999&height=1", "?width=1&height=1&method=stretch"}) {
        EXPECT_EQ(ask(bad).errcode(), "M_INVALID_PARAM") << bad;
    }
    const auto text = upload(bench, alice, "text", "text/plain");
    const auto none = bench.ask(
        "GET", "/_matrix/client/v1/media/thumbnail/" + text + "?width=32&height=32", {}, alice);
    EXPECT_EQ(none.status, 400);
    EXPECT_EQ(none.errcode(), "M_UNKNOWN");
}

TEST_F(media_api_test, parts_and_unchanged_copies) {
    const auto path = upload(bench, alice, "0123456789");
    const auto part = download(path, {.range = "bytes=2-4"});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.text, "234");
    EXPECT_EQ(header(part, "Content-Range"), "bytes 2-4/10");
    EXPECT_EQ(download(path, {.range = "bytes=10-"}).status, 416);
    EXPECT_EQ(download(path, {.range = "lines=1-2"}).status, 200);
    const auto tag = header(part, "ETag");
    const auto same = download(path, {.if_none_match = tag});
    EXPECT_EQ(same.status, 304);
    EXPECT_TRUE(same.text.empty());
    EXPECT_EQ(download(path, {.if_none_match = "\"other\""}).status, 200);
    EXPECT_NE(header(same, "Cache-Control").find("immutable"), std::string::npos);
}

TEST_F(media_api_test, what_is_longer_than_a_piece_comes_whole) {
    std::string bytes(base::limits::media_piece_bytes * 3 + 7, 'x');
    for (std::size_t i = 0; i < bytes.size(); i += 1000) {
        bytes[i] = static_cast<char>('a' + i / 1000 % 26);
    }
    const auto path = upload(bench, alice, bytes);
    EXPECT_EQ(download(path).text, bytes);
    EXPECT_EQ(download(path, {.range = "bytes=5-700000"}).text, bytes.substr(5, 699'996));
}

TEST_F(media_api_test, an_upload_is_an_avatar) {
    const auto path = upload(bench, alice, "image");
    const auto user = "/_matrix/client/v3/profile/@alice:porch.test/avatar_url";
    const auto body = R"({"avatar_url":"mxc://)" + path + R"("})";
    EXPECT_EQ(bench.ask("PUT", user, body, alice).status, 200);
    EXPECT_EQ(bench.ask("GET", user).json().as_object().at("avatar_url").as_string(),
              "mxc://" + path);
}

}  // namespace
}  // namespace porchlight::client_api
