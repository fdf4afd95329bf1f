#include "storage/store_thread.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"

namespace porchlight::storage {
namespace {

using base::unique_function;
using ports::write_set;

base::metrics::histogram commit_seconds{"porchlight_store_commit_seconds",
                                        "Time of one group commit, its sync included."};
base::metrics::gauge queue_depth{"porchlight_store_queue_depth",
                                 "Write sets waiting for the store thread."};
base::metrics::counter failures{"porchlight_store_failures_total",
                                "Write sets that could not be written."};
base::metrics::counter queue_full{"porchlight_limits_reached_total",
                                  "Times a limit was reached, by limit.", R"(limit="store_queue")"};

// Measures for the histogram above and for nothing else, so it reads the machine's own clock.
class stopwatch {
  public:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

  private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

store_thread::store_thread(ports::store& store, ports::executor& executor)
    : store_(store), executor_(executor), thread_([this] { run(); }) {}

store_thread::~store_thread() {
    stop();
}

bool store_thread::submit(write_set set, bool durable, unique_function<void(bool)> done) {
    {
        const std::scoped_lock lock{mutex_};
        if (stopping_) {
            return false;
        }
        if (waiting_.size() >= base::limits::store_queue_max) {
            queue_full.add();
            return false;
        }
        waiting_.push_back({std::move(set), durable, std::move(done)});
        queue_depth.set(static_cast<std::int64_t>(waiting_.size()));
        if (waiting_.size() > 1) {
            return true;  // whoever put the first one woke the thread
        }
    }
    waiting_changed_.notify_one();
    return true;
}

void store_thread::stop() {
    {
        const std::scoped_lock lock{mutex_};
        stopping_ = true;
    }
    waiting_changed_.notify_one();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void store_thread::run() {
    for (;;) {
        std::deque<item> group;
        {
            std::unique_lock lock{mutex_};
            waiting_changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) {
                return;
            }
            if (waiting_.size() <= base::limits::store_group_max) {
                group.swap(waiting_);
            } else {
                const auto end = waiting_.begin() + base::limits::store_group_max;
                std::move(waiting_.begin(), end, std::back_inserter(group));
                waiting_.erase(waiting_.begin(), end);
            }
            queue_depth.set(static_cast<std::int64_t>(waiting_.size()));
        }
        commit(std::move(group));
    }
}

void store_thread::commit(std::deque<item> group) {
    std::vector<write_set> sets;
    sets.reserve(group.size());
    bool durable = false;
    for (item& i : group) {
        sets.push_back(std::move(i.set));
        durable = durable || i.durable;
    }
    std::vector<std::pair<unique_function<void(bool)>, bool>> answers;
    answers.reserve(group.size());
    const bool together = try_commit(sets, durable, group.size() == 1);
    for (std::size_t i = 0; i < group.size(); ++i) {
        const bool written =
            together || (group.size() > 1 && try_commit({&sets[i], 1}, group[i].durable, true));
        answers.emplace_back(std::move(group[i].done), written);
    }
    executor_.post([answers = std::move(answers)]() mutable {
        for (auto& [done, written] : answers) {
            if (done) {
                done(written);
            }
        }
    });
}

bool store_thread::try_commit(std::span<const write_set> sets, bool durable, bool last_chance) {
    try {
        const stopwatch watch;
        store_.commit(sets, durable);
        commit_seconds.observe_seconds(watch.seconds());
    } catch (const ports::store_error& e) {
        if (last_chance) {
            failed(e.what());
        }
        return false;
    }
    if (const auto burst = failures_in_burst_.exchange(0); burst != 0) {
        base::log::info("storage", "writing works again", {{"sets_lost", burst}});
    }
    return true;
}

void store_thread::failed(std::string_view why) {
    failures.add();
    if (failures_in_burst_.fetch_add(1) == 0) {
        base::log::error("storage", "a write failed; its request was answered 503",
                         {{"error", why}});
    }
}

}  // namespace porchlight::storage
