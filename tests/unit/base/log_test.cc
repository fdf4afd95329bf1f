#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <regex>
#include <sstream>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "base/metrics.h"

namespace porchlight::base::log {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::uint64_t dropped() {
    const auto found = std::ranges::find(metrics::all(), "porchlight_log_lines_dropped_total",
                                         &metrics::metric::name);
    return dynamic_cast<const metrics::counter&>(**found).value();
}

TEST(log, without_a_writer_lines_go_nowhere) {
    testing::internal::CaptureStderr();
    error("test", "unheard");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(log, stop_loses_nothing) {
    testing::internal::CaptureStderr();
    start({});
    for (std::size_t i = 0; i < limits::log_queue_max / 2; ++i) {
        info("test", "line", {{"n", i}});
    }
    stop();
    const auto lines = lines_of(testing::internal::GetCapturedStderr());
    ASSERT_EQ(lines.size(), limits::log_queue_max / 2);
    EXPECT_TRUE(lines.back().ends_with(fmt::format("n={}", limits::log_queue_max / 2 - 1)));
}

TEST(log, lines_begin_with_the_time_in_utc) {
    testing::internal::CaptureStderr();
    start({});
    warn("test", "text");
    stop();
    start({.json = true});
    warn("test", "json");
    stop();
    const auto lines = lines_of(testing::internal::GetCapturedStderr());
    ASSERT_EQ(lines.size(), 2U);
    const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)";
    EXPECT_TRUE(std::regex_match(lines[0], std::regex{time + " warn test: text"})) << lines[0];
    EXPECT_TRUE(std::regex_match(
        lines[1], std::regex{R"(\{"time":")" + time +
                             R"(","level":"warn","area":"test","message":"json"\})"}))
        << lines[1];
}

TEST(log, the_level_can_be_switched_while_running) {
    testing::internal::CaptureStderr();
    start({.least = level::warn});
    info("test", "one");
    warn("test", "two");
    set_level(level::debug);
    debug("test", "three");
    set_level(level::error);
    warn("test", "four");
    stop();
    const auto lines = lines_of(testing::internal::GetCapturedStderr());
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(lines[0].ends_with("two"));
    EXPECT_TRUE(lines[1].ends_with("three"));
}

TEST(log, a_stuck_reader_costs_the_oldest_lines_and_they_are_counted) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const int old_stderr = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);

    const std::uint64_t dropped_before = dropped();
    const std::size_t sent = 4 * limits::log_queue_max;
    start({});
    for (std::size_t i = 0; i < sent; ++i) {
        info("test", "line", {{"n", i}});  // nobody reads: must not block
    }
    std::string read_text;
    std::thread reader{[&] {
        char buffer[4096];
        for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
            read_text.append(buffer, static_cast<std::size_t>(n));
        }
    }};
    stop();
    ::dup2(old_stderr, STDERR_FILENO);  // closes the writing end
    ::close(old_stderr);
    reader.join();
    ::close(ends[0]);

    const auto lines = lines_of(read_text);
    const std::uint64_t lost = dropped() - dropped_before;
    EXPECT_GT(lost, 0U);
    EXPECT_EQ(lines.size() + lost, sent);
    EXPECT_TRUE(lines.back().ends_with(fmt::format("n={}", sent - 1))) << "the newest are kept";
}

}  // namespace
}  // namespace porchlight::base::log
