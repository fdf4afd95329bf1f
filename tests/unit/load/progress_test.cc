#include "load/progress.h"

#include <gtest/gtest.h>

#include <vector>

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;

struct progress_test : testing::Test {
    std::chrono::milliseconds now{};
    std::vector<std::string> written;
    progress on(bool terminal) {
        return {[this](std::string_view s) { written.emplace_back(s); }, terminal,
                [this] { return now; }};
    }
};

TEST_F(progress_test, a_terminal_sees_a_bar_that_is_drawn_over_itself) {
    auto p = on(true);
    p.begin("joining rooms", 100);
    now = 100ms;
    p.update(50);
    p.update(51);  // too soon
    ASSERT_EQ(written.size(), 2U);
    EXPECT_EQ(written[1],
              "\rjoining rooms  " + std::string(15, '#') + std::string(15, '.') + "  50/100\x1b[K");
}

TEST_F(progress_test, elsewhere_there_are_plain_lines_now_and_then) {
    auto p = on(false);
    p.begin("joining rooms", 100);
    for (int i = 0; i <= 100; ++i, now += 100ms) {
        p.update(static_cast<std::uint64_t>(i), "more");
    }
    p.end();
    ASSERT_EQ(written.size(), 3U);
    EXPECT_EQ(written[0], "joining rooms  50/100  more\n");
    EXPECT_EQ(written[2], "joining rooms  100/100  more\n");
}

TEST_F(progress_test, an_unknown_end_has_no_bar) {
    auto p = on(true);
    p.begin("last states arrive", 0);
    EXPECT_EQ(written.back(), "\rlast states arrive\x1b[K");
}

}  // namespace
}  // namespace porchlight::load
