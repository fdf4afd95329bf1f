#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "load/measurements.h"

namespace porchlight::load {

// Further processes of a run; each sends its results through a pipe. They ignore Ctrl-C, which is
// for the first process, and end with it.
class children {
  public:
    children() = default;
    // Those that have not been collected are killed.
    ~children();
    children(const children&) = delete;
    children& operator=(const children&) = delete;

    // `work` is what the new process does. Throws failure.
    void start(const std::function<measurements()>& work);
    // Waits for all of them. Throws failure where one did not end well.
    std::vector<measurements> collect();

  private:
    struct child {
        pid_t process = -1;
        int pipe = -1;
    };
    std::vector<child> all_;
};

}  // namespace porchlight::load
