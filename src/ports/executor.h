#pragma once

#include "base/time.h"
#include "base/unique_function.h"

namespace porchlight::ports {

using task = base::unique_function<void()>;

// Runs tasks one after another on the deciding thread. The deciding thread is the one that owns all
// live state: the net thread itself with one net thread, a thread of its own from two on.
class executor {
  public:
    virtual ~executor() = default;
    // From any thread; tasks of one poster keep their order. Never runs the task inside the call.
    virtual void post(task t) = 0;
    // Deciding thread only: runs `t` there no earlier than `delay` from now, once.
    virtual void post_after(base::milliseconds delay, task t) = 0;
};

// The cold pool: one or two threads for what blocks (password hashes, store reads).
class cold_pool {
  public:
    virtual ~cold_pool() = default;
    // Runs `work` on a cold thread. False, and nothing run, when limits::cold_queue_max tasks wait:
    // the caller answers 503. `work` posts its outcome to the executor itself.
    [[nodiscard]] virtual bool run(task work) = 0;
};

}  // namespace porchlight::ports
