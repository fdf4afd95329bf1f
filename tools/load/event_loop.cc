#include "load/event_loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>

#include "base/assert.h"

namespace porchlight::load {
namespace {

constexpr std::size_t scratch_bytes = 256 * 1024;
constexpr std::size_t events_of_turn = 512;
constexpr std::chrono::microseconds wait_max{100'000};

}  // namespace

event_loop::event_loop(std::chrono::steady_clock::time_point epoch)
    : epoch_(epoch),
      poller_(::epoll_create1(EPOLL_CLOEXEC)),
      scratch_(scratch_bytes),
      reader_(std::make_unique<response_reader>()) {
    ASSERT(poller_ >= 0);
}

event_loop::~event_loop() {
    ::close(poller_);
}

moment event_loop::now() const {
    return std::chrono::duration_cast<moment>(std::chrono::steady_clock::now() - epoch_);
}

void event_loop::watch(int descriptor, std::uint32_t events, watcher& w) {
    epoll_event interest{.events = events, .data = {.ptr = &w}};
    const int failed = ::epoll_ctl(poller_, EPOLL_CTL_ADD, descriptor, &interest);
    ASSERT(failed == 0);
}

void event_loop::watch_otherwise(int descriptor, std::uint32_t events, watcher& w) {
    epoll_event interest{.events = events, .data = {.ptr = &w}};
    const int failed = ::epoll_ctl(poller_, EPOLL_CTL_MOD, descriptor, &interest);
    ASSERT(failed == 0);
}

void event_loop::at(moment when, std::function<void()> what) {
    timers_.emplace(when, std::move(what));
}

void event_loop::run_until(const std::function<bool()>& done) {
    while (!done()) {
        turn();
    }
}

void event_loop::turn() {
    auto wait = wait_max;
    if (!timers_.empty()) {
        wait = std::clamp(timers_.begin()->first - now(), moment(0), wait_max);
    }
    // Milliseconds would be too coarse: what is sent late counts as latency.
    const timespec timeout{wait.count() / 1'000'000, wait.count() % 1'000'000 * 1000};
    std::array<epoll_event, events_of_turn> events;
    const int ready = ::epoll_pwait2(poller_, events.data(), events.size(), &timeout, nullptr);
    for (int i = 0; i < ready; ++i) {
        const auto& e = events[static_cast<std::size_t>(i)];
        static_cast<watcher*>(e.data.ptr)->ready(e.events);
    }
    // Only those that are due by now: what they add has to wait for the sockets.
    std::multimap<moment, std::function<void()>> due;
    const auto end = timers_.upper_bound(now());
    for (auto t = timers_.begin(); t != end;) {
        due.insert(due.end(), timers_.extract(t++));
    }
    for (const auto& [when, what] : due) {
        what();
    }
}

}  // namespace porchlight::load
