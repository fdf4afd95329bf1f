#include "load/progress.h"

#include <fmt/format.h>

#include <algorithm>

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;

constexpr auto terminal_period = 100ms;
constexpr auto line_period = 5s;
constexpr std::uint64_t bar_width = 30;

}  // namespace

void progress::begin(std::string what, std::uint64_t total) {
    what_ = std::move(what);
    more_.clear();
    total_ = total;
    done_ = 0;
    drawn_ = now_();
    if (terminal_) {
        draw();
    }
}

void progress::update(std::uint64_t done, std::string_view more) {
    done_ = done;
    const auto now = now_();
    if (now - drawn_ >= (terminal_ ? std::chrono::milliseconds(terminal_period) : line_period)) {
        more_ = more;
        drawn_ = now;
        draw();
    }
}

void progress::end() {
    draw();
    if (terminal_) {
        write_("\n");
    }
    what_.clear();
}

void progress::draw() {
    std::string line = what_;
    if (total_ > 0) {
        const auto filled = std::min(done_, total_) * bar_width / total_;
        if (terminal_) {
            line += fmt::format("  {:#>{}}{:.>{}}", "", filled, "", bar_width - filled);
        }
        line += fmt::format("  {}/{}", done_, total_);
    }
    if (!more_.empty()) {
        line += "  " + more_;
    }
    // On a terminal each line replaces the one before.
    write_(terminal_ ? "\r" + line + "\x1b[K" : line + "\n");
}

}  // namespace porchlight::load
