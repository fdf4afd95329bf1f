#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "ports/executor.h"

namespace boost::asio {
class io_context;
}

namespace porchlight::net {

// Between the deciding thread and the client's own: tasks go one way, answers the other. Closed, it
// lets nothing through in either direction: tasks and callbacks are destroyed unrun.
class crossing {
  public:
    // `client` lives until close() has returned and its thread has ended; `decider` longer.
    crossing(boost::asio::io_context& client, ports::executor& decider)
        : client_(client), decider_(decider) {}

    // Any thread: runs `t` on the client's thread.
    void enter(ports::task t);
    // Any thread: runs `done` with `outcome` on the deciding thread, later than the call.
    template <class Done, class Outcome>
    void answer(Done done, Outcome outcome) {
        decider_.post(
            [open = open_, done = std::move(done), outcome = std::move(outcome)]() mutable {
                if (open->load()) {
                    done(std::move(outcome));
                }
            });
    }
    // Any thread; called on the deciding one, nothing runs there any more. Idempotent.
    void close();

  private:
    boost::asio::io_context& client_;
    ports::executor& decider_;
    std::mutex mutex_;  // held while something enters, so that nothing does after close()
    // Shared with the answers under way, which may outlive this.
    const std::shared_ptr<std::atomic<bool>> open_ = std::make_shared<std::atomic<bool>>(true);
};

}  // namespace porchlight::net
