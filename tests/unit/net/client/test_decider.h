#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "ports/executor.h"

namespace porchlight::net::test {

// The deciding thread is the test's own: it runs what was posted while it waits for something.
class test_decider final : public ports::executor {
  public:
    void post(ports::task t) override;
    // Nothing here waits by it.
    void post_after(base::milliseconds delay, ports::task t) override;
    // Runs tasks until `so` holds. False: it didn't within a time that only a broken client takes.
    bool run_until(const std::function<bool()>& so);
    // Waits until something was posted, and leaves it there. False: nothing was.
    bool wait_for_posted();
    // Runs what was posted up to now.
    void run_posted();

  private:
    bool run_one(std::unique_lock<std::mutex>& lock);

    std::mutex mutex_;
    std::condition_variable posted_;
    std::deque<ports::task> tasks_;
};

}  // namespace porchlight::net::test
