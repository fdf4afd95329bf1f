#include "storage/store_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>

#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "storage/memory_store.h"
#include "unit/storage/rows.h"

namespace porchlight::storage {
namespace {

using namespace testing;
using ::testing::ElementsAre;

// Runs what was posted when told, on the test's thread.
class manual_executor final : public executor {
  public:
    void post(task t) override {
        {
            const std::scoped_lock lock{mutex_};
            tasks_.push_back(std::move(t));
        }
        posted_.notify_one();
    }
    void post_after(base::milliseconds, task) override { FAIL() << "nothing here waits"; }
    void run_one() {
        task t;
        {
            std::unique_lock lock{mutex_};
            posted_.wait(lock, [this] { return !tasks_.empty(); });
            t = std::move(tasks_.front());
            tasks_.pop_front();
        }
        t();
    }
    void run_all() {
        while (!tasks_.empty()) {
            run_one();
        }
    }

  private:
    std::mutex mutex_;
    std::condition_variable posted_;
    std::deque<task> tasks_;
};

// Keeps the store thread inside commit until let go, and notes the groups it was given.
class gated_store final : public memory_store {
  public:
    struct group {
        std::size_t sets;
        bool durable;
        friend bool operator==(const group&, const group&) = default;
    };
    void commit(std::span<const write_set> sets, bool durable) override {
        std::unique_lock lock{mutex_};
        groups_.push_back({sets.size(), durable});
        entered_.notify_all();
        entered_.wait(lock, [this] { return open_; });
        memory_store::commit(sets, durable);
    }
    void close_gate() {
        const std::scoped_lock lock{mutex_};
        open_ = false;
    }
    void open_gate() {
        const std::scoped_lock lock{mutex_};
        open_ = true;
        entered_.notify_all();
    }
    void wait_for_commit() {
        std::unique_lock lock{mutex_};
        entered_.wait(lock, [this] { return !groups_.empty(); });
    }
    std::vector<group> groups() {
        const std::scoped_lock lock{mutex_};
        return groups_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable entered_;
    bool open_ = true;
    std::vector<group> groups_;
};

std::int64_t value_of(std::string_view name) {
    std::int64_t sum = 0;
    for (const auto* m : base::metrics::all()) {
        if (m->name != name) {
            continue;
        }
        if (const auto* c = dynamic_cast<const base::metrics::counter*>(m)) {
            sum += static_cast<std::int64_t>(c->value());
        } else if (const auto* g = dynamic_cast<const base::metrics::gauge*>(m)) {
            sum += g->value();
        } else if (const auto* h = dynamic_cast<const base::metrics::histogram*>(m)) {
            for (std::size_t i = 0; i < base::metrics::histogram::bucket_count; ++i) {
                sum += static_cast<std::int64_t>(h->bucket(i));
            }
        }
    }
    return sum;
}

class store_thread_test : public ::testing::Test {
  protected:
    // Submits a set that writes the row `name`; its answer is noted under that name.
    bool submit(const std::string& name, bool durable = true) {
        return log_.submit({named(name, "x")}, durable,
                           [this, name](bool written) { answer(name, written); });
    }
    void submit_bad(const std::string& name) {
        // Of this set nothing may be written, not even what comes before its bad row.
        EXPECT_TRUE(log_.submit({named(name, "x"), account(1, "@a:here"), account(2, "@a:here")},
                                true, [this, name](bool written) { answer(name, written); }));
    }
    void answer(const std::string& name, bool written) {
        answers_.push_back(name + (written ? " written" : " refused"));
    }

    gated_store store_;
    manual_executor executor_;
    std::vector<std::string> answers_;
    store_thread log_{store_, executor_};
};

TEST_F(store_thread_test, answers_on_the_executor_after_the_commit) {
    EXPECT_TRUE(submit("a"));
    executor_.run_one();
    EXPECT_THAT(answers_, ElementsAre("a written"));
    EXPECT_EQ(store_.meta("a"), "x");
}

TEST_F(store_thread_test, nothing_is_answered_before_its_commit_returned) {
    store_.close_gate();
    EXPECT_TRUE(submit("a"));
    store_.wait_for_commit();
    executor_.run_all();
    EXPECT_THAT(answers_, ElementsAre());
    store_.open_gate();
    executor_.run_one();
    EXPECT_THAT(answers_, ElementsAre("a written"));
}

TEST_F(store_thread_test, what_waits_together_is_committed_together_and_synced_if_one_asks) {
    store_.close_gate();
    EXPECT_TRUE(submit("first", false));
    store_.wait_for_commit();
    EXPECT_TRUE(submit("b", false));
    EXPECT_TRUE(submit("c", true));
    EXPECT_TRUE(submit("d", false));
    EXPECT_EQ(value_of("porchlight_store_queue_depth"), 3);
    store_.open_gate();
    log_.stop();
    executor_.run_all();
    EXPECT_THAT(store_.groups(),
                ElementsAre(gated_store::group{1, false}, gated_store::group{3, true}));
    EXPECT_THAT(answers_, ElementsAre("first written", "b written", "c written", "d written"));
    EXPECT_EQ(value_of("porchlight_store_queue_depth"), 0);
}

TEST_F(store_thread_test, a_bad_set_fails_alone_and_the_order_of_answers_stays) {
    const auto failures = value_of("porchlight_store_failures_total");
    store_.close_gate();
    EXPECT_TRUE(submit("first"));
    store_.wait_for_commit();
    EXPECT_TRUE(submit("b"));
    submit_bad("bad");
    EXPECT_TRUE(submit("d"));
    store_.open_gate();
    log_.stop();
    executor_.run_all();
    EXPECT_THAT(answers_, ElementsAre("first written", "b written", "bad refused", "d written"));
    EXPECT_EQ(store_.meta("bad"), std::nullopt);
    EXPECT_EQ(store_.meta("d"), "x");
    EXPECT_EQ(value_of("porchlight_store_failures_total") - failures, 1);
}

TEST_F(store_thread_test, a_broken_disk_refuses_and_a_mended_one_works_again) {
    store_.refuse_commits(true);
    EXPECT_TRUE(submit("a"));
    executor_.run_one();
    EXPECT_TRUE(log_.failing());
    store_.refuse_commits(false);
    EXPECT_TRUE(submit("b"));
    executor_.run_one();
    EXPECT_FALSE(log_.failing());
    EXPECT_THAT(answers_, ElementsAre("a refused", "b written"));
}

TEST_F(store_thread_test, a_burst_of_failures_is_logged_once_at_each_end) {
    ::testing::internal::CaptureStderr();
    base::log::start({});
    store_.refuse_commits(true);
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(submit("a"));
        executor_.run_one();
    }
    store_.refuse_commits(false);
    EXPECT_TRUE(submit("b"));
    executor_.run_one();
    base::log::stop();
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::ranges::count(text, '\n'), 2) << text;
    EXPECT_THAT(text, ::testing::HasSubstr("writing works again sets_lost=5"));
}

TEST_F(store_thread_test, a_full_queue_refuses_and_counts) {
    const auto refused = value_of("porchlight_limits_reached_total");
    store_.close_gate();
    EXPECT_TRUE(submit("first"));
    store_.wait_for_commit();
    for (std::size_t i = 0; i < base::limits::store_queue_max; ++i) {
        ASSERT_TRUE(submit("x"));
    }
    EXPECT_FALSE(submit("one too many"));
    EXPECT_EQ(value_of("porchlight_limits_reached_total") - refused, 1);
    store_.open_gate();
    log_.stop();
    executor_.run_all();
    EXPECT_EQ(answers_.size(), base::limits::store_queue_max + 1);
    EXPECT_EQ(store_.meta("one too many"), std::nullopt);
    for (const auto& group : store_.groups()) {
        EXPECT_LE(group.sets, base::limits::store_group_max);
    }
}

TEST_F(store_thread_test, stop_writes_what_was_submitted_and_refuses_what_comes_later) {
    store_.close_gate();
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(submit(std::to_string(i)));
    }
    store_.open_gate();
    log_.stop();
    EXPECT_FALSE(submit("late"));
    executor_.run_all();
    EXPECT_EQ(answers_.size(), 10U);
    EXPECT_EQ(answers_.back(), "9 written");
    EXPECT_EQ(store_.meta("9"), "x");
}

TEST_F(store_thread_test, each_commit_is_measured) {
    const auto measured = value_of("porchlight_store_commit_seconds");
    EXPECT_TRUE(submit("a"));
    executor_.run_one();
    EXPECT_EQ(value_of("porchlight_store_commit_seconds") - measured, 1);
}

}  // namespace
}  // namespace porchlight::storage
