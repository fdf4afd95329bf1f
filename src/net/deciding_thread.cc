#include "net/deciding_thread.h"

#include <poll.h>

#include <algorithm>
#include <limits>

namespace porchlight::net {

deciding_thread::deciding_thread(const void* runtime, std::uint32_t number, deciding_loop& loop,
                                 wakeup& wake, const ports::clock& clock)
    : loop_(loop),
      wakeup_(wake),
      clock_(clock),
      thread_([this, runtime, number] { run(runtime, number); }) {}

deciding_thread::~deciding_thread() {
    stop();
}

void deciding_thread::stop() {
    if (thread_.joinable()) {
        loop_.post([this] { stopping_ = true; });
        thread_.join();
    }
}

void deciding_thread::run(const void* runtime, std::uint32_t number) {
    const thread_number named(runtime, number);
    while (!stopping_) {
        wakeup_.about_to_sleep();
        if (loop_.idle()) {
            sleep();
        }
        wakeup_.awake();
        loop_.run_burst();
        thread_number::burst_over();
    }
}

void deciding_thread::sleep() {
    int wait = -1;
    if (const auto next = loop_.next_deadline()) {
        const auto ms = std::max((*next - clock_.now().mono).count(), std::int64_t{0});
        wait = static_cast<int>(std::min<std::int64_t>(ms, std::numeric_limits<int>::max()));
    }
    pollfd sleeping{wakeup_.descriptor(), POLLIN, 0};
    if (::poll(&sleeping, 1, wait) > 0) {
        wakeup_.clear();
    }
}

}  // namespace porchlight::net
