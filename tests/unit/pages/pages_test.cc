#include "pages/pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "base/limits.h"

namespace porchlight::pages {
namespace {

class recording_sender final : public ports::http_sender {
  public:
    void respond(ports::http_handle, ports::http_response r) override { last = std::move(r); }
    void post(std::uint32_t, base::unique_function<void()> t) override { t(); }
    void respond_now(const ports::http_delivery&) override {}
    std::uint32_t thread_count() const override { return 1; }
    std::optional<ports::http_response> last;
};

const std::string large(3 * base::limits::media_piece_bytes + 7, 'x');

const file some_files[] = {
    {"/", "text/html; charset=utf-8", "\"doc\"", "the document", "gz", "br"},
    {"/admin", "text/html; charset=utf-8", "\"adm\"", "the operator's view", "", ""},
    {"/assets/large-1a.js", "text/javascript; charset=utf-8", "\"lrg\"", large, "", ""},
    {"/assets/style-2b.css", "text/css; charset=utf-8", "\"sty\"", "a{}", "gz2", ""},
};

struct pages_test : testing::Test {
    recording_sender sender;
    pages served{sender, some_files};

    struct more {
        std::string_view method = "GET", accept_encoding = {}, if_none_match = {};
    };
    ports::http_response ask(std::string_view path) { return ask(path, {}); }
    ports::http_response ask(std::string_view path, more m) {
        ports::http_request r;
        r.method = m.method;
        r.path = path;
        r.accept_encoding = m.accept_encoding;
        r.if_none_match = m.if_none_match;
        EXPECT_TRUE(served.is_for(path));
        sender.last.reset();
        served.on_request(r);
        return std::move(sender.last).value();
    }
    static std::string header(const ports::http_response& r, std::string_view name) {
        for (const auto& [n, value] : r.headers) {
            if (n == name) {
                return value;
            }
        }
        return "";
    }
};

TEST_F(pages_test, only_its_own_files_are_its) {
    EXPECT_TRUE(served.is_for("/"));
    EXPECT_TRUE(served.is_for("/admin"));
    EXPECT_FALSE(served.is_for("/index.html"));
    EXPECT_FALSE(served.is_for("/assets/"));
    EXPECT_FALSE(served.is_for("/assets/../admin"));
    EXPECT_FALSE(served.is_for("/_matrix/client/versions"));
    EXPECT_FALSE(served.is_for(""));
}

TEST_F(pages_test, a_document_is_asked_for_anew_and_a_named_asset_never) {
    const auto document = ask("/");
    EXPECT_EQ(document.status, 200);
    EXPECT_EQ(document.body, "the document");
    EXPECT_EQ(document.content_type, "text/html; charset=utf-8");
    EXPECT_EQ(header(document, "Cache-Control"), "no-cache");
    const auto asset = ask("/assets/style-2b.css");
    EXPECT_EQ(header(asset, "Cache-Control"), "public, max-age=31536000, immutable");
}

TEST_F(pages_test, what_is_the_same_is_not_sent_again) {
    const auto tag = header(ask("/"), "ETag");
    EXPECT_EQ(tag, "W/\"doc\"");
    const auto again = ask("/", {.if_none_match = tag});
    EXPECT_EQ(again.status, 304);
    EXPECT_TRUE(again.body.empty());
    EXPECT_EQ(header(again, "ETag"), tag);
    EXPECT_EQ(ask("/", {.if_none_match = "\"other\", W/\"doc\""}).status, 304);
    EXPECT_EQ(ask("/", {.if_none_match = "\"other\""}).status, 200);
}

TEST_F(pages_test, the_page_may_load_and_ask_this_server_alone) {
    for (const auto* path : {"/", "/admin", "/assets/style-2b.css"}) {
        const auto r = ask(path);
        const auto policy = header(r, "Content-Security-Policy");
        EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self';")) << policy;
        EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
        EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos) << policy;
        EXPECT_EQ(header(r, "X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(header(r, "Referrer-Policy"), "no-referrer");
    }
}

TEST_F(pages_test, it_is_compressed_as_the_client_takes_it) {
    const auto body = [&](std::string_view path, std::string_view codings) {
        const auto r = ask(path, {.accept_encoding = codings});
        EXPECT_EQ(header(r, "Vary"), "Accept-Encoding");
        return r.body + "|" + header(r, "Content-Encoding");
    };
    EXPECT_EQ(body("/", "gzip, deflate, br, zstd"), "br|br");
    EXPECT_EQ(body("/", "gzip, deflate"), "gz|gzip");
    EXPECT_EQ(body("/", "GZip;q=0.5"), "gz|gzip");
    EXPECT_EQ(body("/", "br;q=0, gzip"), "gz|gzip");
    EXPECT_EQ(body("/", "br; q=0.000 , gzip ;q=0"), "the document|");
    EXPECT_EQ(body("/", "br;q=0.001"), "br|br");
    EXPECT_EQ(body("/", "deflate, brotli, xgzip"), "the document|");
    EXPECT_EQ(body("/", ", ,;,"), "the document|");
    EXPECT_EQ(body("/", ""), "the document|");
    // Where a coding gains nothing there is none.
    EXPECT_EQ(body("/assets/style-2b.css", "br, gzip"), "gz2|gzip");
    EXPECT_EQ(body("/admin", "br, gzip"), "the operator's view|");
}

TEST_F(pages_test, a_large_file_comes_in_pieces) {
    auto r = ask("/assets/large-1a.js");
    std::string all = r.body;
    EXPECT_EQ(r.body.size(), base::limits::media_piece_bytes);
    EXPECT_EQ(r.body.size() + r.rest_bytes, large.size());
    while (all.size() < large.size()) {
        std::optional<std::string> piece;
        r.rest->next([&](std::optional<std::string> p) { piece = std::move(p); });
        ASSERT_TRUE(piece.has_value());
        EXPECT_LE(piece->size(), base::limits::media_piece_bytes);
        all += *piece;
    }
    EXPECT_EQ(all, large);
    EXPECT_EQ(ask("/").rest, nullptr);
}

TEST_F(pages_test, it_is_only_read) {
    EXPECT_EQ(ask("/", {.method = "HEAD"}).status, 200);
    EXPECT_EQ(ask("/", {.method = "POST"}).status, 405);
    EXPECT_EQ(ask("/", {.method = "DELETE"}).status, 405);
}

TEST_F(pages_test, a_build_without_the_page_says_so) {
    const pages none{sender, std::span<const file>{}};
    EXPECT_TRUE(none.is_for("/"));
    EXPECT_TRUE(none.is_for("/admin"));
    EXPECT_FALSE(none.is_for("/assets/style-2b.css"));
    ports::http_request r;
    r.method = "GET";
    r.path = "/";
    pages{sender, std::span<const file>{}}.on_request(r);
    EXPECT_EQ(sender.last->status, 404);
    EXPECT_NE(sender.last->body.find("./dev build"), std::string::npos);
}

// What this very program holds: found by a search that needs them sorted.
TEST(embedded_files, are_sorted_and_whole) {
    const auto files = embedded();
    for (std::size_t i = 0; i < files.size(); ++i) {
        EXPECT_FALSE(files[i].plain.empty()) << files[i].path;
        EXPECT_EQ(files[i].etag.front(), '"');
        if (i > 0) {
            EXPECT_LT(files[i - 1].path, files[i].path);
        }
    }
    if (!files.empty()) {
        EXPECT_EQ(files.front().path, "/");
        EXPECT_NE(files.front().plain.find("<!doctype html>"), std::string_view::npos);
        const auto terms = std::find_if(files.begin(), files.end(),
                                        [](const file& f) { return f.path == "/licences.txt"; });
        ASSERT_NE(terms, files.end());
        for (const auto* name : {"matrix-js-sdk", "svelte", "uplot", "figtree", "OFL-1.1"}) {
            EXPECT_NE(terms->plain.find(name), std::string_view::npos) << name;
        }
    }
}

}  // namespace
}  // namespace porchlight::pages
