#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "ports/executor.h"

namespace porchlight::net {

// The cold pool of the real server: a few threads and one bounded queue. Any thread may call run().
class cold_threads final : public ports::cold_pool {
  public:
    // REQUIRES: threads > 0.
    explicit cold_threads(unsigned threads);
    ~cold_threads() override;
    [[nodiscard]] bool run(ports::task work) override;
    // Work that no thread has begun. Any thread.
    std::size_t waiting();
    // Finishes what runs, throws away what waits, refuses what comes. Idempotent.
    void stop();

  private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<ports::task> waiting_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace porchlight::net
