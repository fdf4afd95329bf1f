#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "ports/clock.h"
#include "ports/executor.h"

namespace porchlight::server {

// The deciding thread of a command that runs and ends: executes what is posted until told to stop.
class command_loop final : public ports::executor {
  public:
    explicit command_loop(ports::clock& clock) : clock_(clock) {}
    void post(ports::task t) override;
    void post_after(base::milliseconds delay, ports::task t) override;
    // Runs tasks on the calling thread until stop().
    void run();
    void stop();  // any thread

  private:
    ports::clock& clock_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<ports::task> ready_;
    std::multimap<base::mono_time, ports::task> later_;
    bool stopped_ = false;
};

}  // namespace porchlight::server
