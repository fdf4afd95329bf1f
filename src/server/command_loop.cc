#include "server/command_loop.h"

namespace porchlight::server {

void command_loop::post(ports::task t) {
    {
        const std::lock_guard lock(mutex_);
        ready_.push_back(std::move(t));
    }
    wake_.notify_one();
}

void command_loop::post_after(base::milliseconds delay, ports::task t) {
    {
        const std::lock_guard lock(mutex_);
        later_.emplace(clock_.now().mono + delay, std::move(t));
    }
    wake_.notify_one();
}

void command_loop::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    wake_.notify_one();
}

void command_loop::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        const base::mono_time now = clock_.now().mono;
        while (!later_.empty() && later_.begin()->first <= now) {
            ready_.push_back(std::move(later_.begin()->second));
            later_.erase(later_.begin());
        }
        if (!ready_.empty()) {
            std::vector<ports::task> batch;
            batch.swap(ready_);
            lock.unlock();
            for (ports::task& t : batch) {
                t();
            }
            lock.lock();
            continue;
        }
        if (stopped_) {
            return;
        }
        if (later_.empty()) {
            wake_.wait(lock);
        } else {
            wake_.wait_for(lock, later_.begin()->first - now);
        }
    }
}

}  // namespace porchlight::server
