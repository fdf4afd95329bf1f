#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "load/http.h"
#include "load/schedule.h"

namespace porchlight::load {

// One thread's sockets and timers over epoll: what is read, and what is due, is handled in turns.
// Also lends what a connection needs only for a moment, so that a parked one holds no buffer.
class event_loop {
  public:
    // Whoever owns a socket. Must stay until the turn in which it was forgotten is over.
    class watcher {
      public:
        virtual void ready(std::uint32_t events) = 0;

      protected:
        ~watcher() = default;
    };

    // `epoch` is the moment 0.
    explicit event_loop(std::chrono::steady_clock::time_point epoch);
    ~event_loop();
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;

    moment now() const;

    void watch(int descriptor, std::uint32_t events, watcher& w);
    void watch_otherwise(int descriptor, std::uint32_t events, watcher& w);

    // `what` is called once, not before `when`.
    void at(moment when, std::function<void()> what);
    void after(moment delay, std::function<void()> what) { at(now() + delay, std::move(what)); }

    // Turns until `done` says so, which is asked after each. A signal only ends a turn.
    void run_until(const std::function<bool()>& done);

    // Lent until the end of the call. `reader()` may be taken, then there will be another.
    std::span<char> scratch() { return scratch_; }
    std::string& request() { return request_; }
    std::unique_ptr<response_reader>& reader() { return reader_; }

  private:
    void turn();

    const std::chrono::steady_clock::time_point epoch_;
    const int poller_;
    std::multimap<moment, std::function<void()>> timers_;
    std::vector<char> scratch_;
    std::string request_;
    std::unique_ptr<response_reader> reader_;
};

}  // namespace porchlight::load
