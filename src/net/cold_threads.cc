#include "net/cold_threads.h"

#include "base/assert.h"
#include "base/limits.h"
#include "net/metrics.h"

namespace porchlight::net {

cold_threads::cold_threads(unsigned threads) {
    ASSERT(threads > 0);
    for (unsigned i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { work(); });
    }
}

cold_threads::~cold_threads() {
    stop();
}

bool cold_threads::run(ports::task work) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) {
            return false;
        }
        if (waiting_.size() >= base::limits::cold_queue_max) {
            metrics::cold_queue.reached();
            return false;
        }
        waiting_.push_back(std::move(work));
    }
    changed_.notify_one();
    return true;
}

std::size_t cold_threads::waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

void cold_threads::stop() {
    std::deque<ports::task> dropped;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        dropped.swap(waiting_);
    }
    changed_.notify_all();
    for (auto& thread : threads_) {
        if (thread.joinable()) {
            thread.join();
        }
    }
}

void cold_threads::work() {
    for (;;) {
        ports::task next;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (stopping_) {
                return;
            }
            next = std::move(waiting_.front());
            waiting_.pop_front();
        }
        next();
    }
}

}  // namespace porchlight::net
