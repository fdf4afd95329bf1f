#pragma once

#include <thread>

#include "net/deciding_loop.h"
#include "net/wakeup.h"

namespace porchlight::net {

// The deciding thread of its own, for two net threads and more.
class deciding_thread final {
  public:
    // `number`: the thread's in `runtime`. All references outlive the thread.
    deciding_thread(const void* runtime, std::uint32_t number, deciding_loop& loop, wakeup& wake,
                    const ports::clock& clock);
    ~deciding_thread();
    deciding_thread(const deciding_thread&) = delete;
    deciding_thread& operator=(const deciding_thread&) = delete;

    // Any thread but itself. Idempotent.
    void stop();

  private:
    void run(const void* runtime, std::uint32_t number);
    void sleep();

    deciding_loop& loop_;
    wakeup& wakeup_;
    const ports::clock& clock_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace porchlight::net
