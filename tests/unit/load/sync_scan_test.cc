#include "load/sync_scan.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;

std::vector<sighting> all_in(std::string_view body, std::string_view run = "r1") {
    const sync_scanner scanner(run);
    std::vector<sighting> all;
    while (const auto s = scanner.next(body)) {
        all.push_back(*s);
    }
    EXPECT_TRUE(body.empty());
    return all;
}

std::string event(const std::string& text) {
    return R"({"type":"m.presence","sender":"@a:x","content":{"presence":"online","status_msg":")" +
           text + R"("}})";
}

TEST(sync_scan, finds_each_status_text_of_its_run) {
    const auto body = R"({"next_batch":"s1","presence":{"events":[)" +
                      event(status_text("r1", {7, 3, 12345us})) + "," + event("on the porch") +
                      "," + event(status_text("r2", {1, 1, 1us})) + "," +
                      event(status_text("r1", {0, 4'000'000'000, 90s})) + "]}}";
    const auto found = all_in(body);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].subject, 7U);
    EXPECT_EQ(found[0].sequence, 3U);
    EXPECT_EQ(found[0].intended, 12345us);
    EXPECT_EQ(found[1].subject, 0U);
    EXPECT_EQ(found[1].sequence, 4'000'000'000U);
    EXPECT_EQ(found[1].intended, 90s);
}

TEST(sync_scan, what_only_looks_like_a_status_text_is_passed_over) {
    for (const char* text :
         {"porchlight-load r1 ", "porchlight-load r1 1.2", "porchlight-load r1 1.2.x",
          "porchlight-load r1 .2.3", "porchlight-load r1 1.2.3 and more",
          "porchlight-load r1 99999999999.1.1", "porchlight-load r10 1.2.3"}) {
        EXPECT_TRUE(all_in(event(text)).empty()) << text;
    }
    EXPECT_EQ(all_in(event("porchlight-load r1 x") + event(status_text("r1", {1, 2, 3us}))).size(),
              1U);
}

TEST(sync_scan, a_text_that_was_cut_is_none) {
    const auto whole = event(status_text("r1", {1, 2, 3us}));
    const auto quote = whole.rfind("3\"") + 1;
    for (std::size_t size = 0; size <= quote; ++size) {
        EXPECT_TRUE(all_in(std::string_view(whole).substr(0, size)).empty()) << size;
    }
    EXPECT_EQ(all_in(std::string_view(whole).substr(0, quote + 1)).size(), 1U);
}

RC_GTEST_PROP(sync_scan, any_bytes_are_scanned_to_their_end, (const std::string& bytes)) {
    all_in(bytes);
    all_in("\"porchlight-load r1 " + bytes);
    next_batch(bytes);
    next_batch("\"next_batch\"" + bytes);
}

TEST(next_batch, is_found_however_the_server_writes_it) {
    EXPECT_EQ(next_batch(R"({"next_batch":"s72_1"})"), "s72_1");
    EXPECT_EQ(next_batch("{ \"presence\" : {},\n  \"next_batch\" :\t\"a b\" }"), "a b");
}

TEST(next_batch, in_a_text_is_none) {
    EXPECT_EQ(next_batch(R"({"status_msg":"\"next_batch\":\"x\"","next_batch":"real"})"), "real");
    EXPECT_EQ(next_batch(R"({"prev_batch":"x"})"), "");
    EXPECT_EQ(next_batch(R"({"next_batch":null})"), "");
    EXPECT_EQ(next_batch(R"({"next_batch":"cut)"), "");
}

}  // namespace
}  // namespace porchlight::load
