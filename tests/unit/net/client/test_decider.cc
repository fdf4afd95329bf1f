#include "unit/net/client/test_decider.h"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;
constexpr auto broken_after = 30s;
}  // namespace

void test_decider::post(ports::task t) {
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(t));
    }
    posted_.notify_one();
}

void test_decider::post_after(base::milliseconds, ports::task) {
    ADD_FAILURE() << "the client has timers of its own";
}

bool test_decider::run_one(std::unique_lock<std::mutex>& lock) {
    if (tasks_.empty()) {
        return false;
    }
    {
        auto task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
    }
    lock.lock();
    return true;
}

bool test_decider::run_until(const std::function<bool()>& so) {
    std::unique_lock lock(mutex_);
    while (!so()) {
        if (!run_one(lock) &&
            !posted_.wait_for(lock, broken_after, [this] { return !tasks_.empty(); })) {
            return false;
        }
    }
    return true;
}

bool test_decider::wait_for_posted() {
    std::unique_lock lock(mutex_);
    return posted_.wait_for(lock, broken_after, [this] { return !tasks_.empty(); });
}

void test_decider::run_posted() {
    std::unique_lock lock(mutex_);
    while (run_one(lock)) {
    }
}

}  // namespace porchlight::net::test
