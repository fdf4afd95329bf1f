#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "ports/executor.h"
#include "ports/store.h"

namespace porchlight::storage {

// The commit log over a store: a thread of its own that commits what waits in groups.
//
// 1. Sets are committed, and answered, in order of submission. A group is synced if any of its sets
//    asks for it; a set is answered only after its group's commit returned.
// 2. When a group fails, each of its sets is tried by itself once, in order; those that fail again
//    are answered false and nothing of them is written.
// 3. A burst of failures is logged once at its start and once at its end.
class store_thread final : public ports::commit_log {
  public:
    // Starts the thread. Both must outlive this. Answers go through `executor`.
    store_thread(ports::store& store, ports::executor& executor);
    // As stop().
    ~store_thread() override;

    // From one thread at a time. Cost: a mutex, and one wake-up when the thread sleeps.
    [[nodiscard]] bool submit(ports::write_set set, bool durable,
                              base::unique_function<void(bool)> done) override;

    // Commits all that was submitted, posts the answers and ends the thread. Later submits are
    // refused. The answers still run on the executor, which must go on turning for that.
    void stop();

    // True from a set's failure until the next commit that works; for /health. Any thread.
    bool failing() const { return failures_in_burst_.load(std::memory_order_relaxed) != 0; }

  private:
    struct item {
        ports::write_set set;
        bool durable;
        base::unique_function<void(bool)> done;
    };

    void run();
    void commit(std::deque<item> group);
    bool try_commit(std::span<const ports::write_set> sets, bool durable, bool last_chance);
    void failed(std::string_view why);

    ports::store& store_;
    ports::executor& executor_;
    std::mutex mutex_;  // guards the two below
    std::condition_variable waiting_changed_;
    std::deque<item> waiting_;
    bool stopping_ = false;
    std::atomic<std::uint64_t> failures_in_burst_{0};
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace porchlight::storage
