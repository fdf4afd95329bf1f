#include "server/write_behind.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace porchlight::server {
namespace {

using base::user_key;

// Runs tasks when told to; later ones wait for advance().
class hand_executor final : public ports::executor {
  public:
    void post(ports::task t) override { now_.push_back(std::move(t)); }
    void post_after(base::milliseconds delay, ports::task t) override {
        later_.emplace_back(time_ + delay, std::move(t));
    }
    void run() {
        while (!now_.empty()) {
            ports::task t = std::move(now_.front());
            now_.pop_front();
            t();
        }
    }
    void advance(base::milliseconds by) {
        time_ += by;
        for (auto& [due, t] : std::exchange(later_, {})) {
            if (due <= time_) {
                now_.push_back(std::move(t));
            } else {
                later_.emplace_back(due, std::move(t));
            }
        }
        run();
    }

  private:
    base::milliseconds time_{0};
    std::deque<ports::task> now_;
    std::vector<std::pair<base::milliseconds, ports::task>> later_;
};

// Keeps what was submitted until it is acknowledged.
class hand_log final : public ports::commit_log {
  public:
    struct entry {
        ports::write_set set;
        bool durable;
        base::unique_function<void(bool)> done;
    };
    bool submit(ports::write_set set, bool durable, base::unique_function<void(bool)> f) override {
        if (full) {
            return false;
        }
        waiting.push_back({std::move(set), durable, std::move(f)});
        return true;
    }
    void acknowledge(bool ok) {
        entry e = std::move(waiting.front());
        waiting.pop_front();
        e.done(ok);
    }
    bool full = false;
    std::deque<entry> waiting;
};

struct write_behind_test : testing::Test {
    hand_executor decider;
    hand_log log;
    storage::dirty_file dirty;
    write_behind behind{decider, log, dirty};

    static ports::presence_row online(std::uint32_t user, std::uint64_t changed) {
        return {user_key{user}, 2, base::from_unix_ms(1000), changed};
    }
    // What a change of the engine's does.
    void change(std::uint32_t user, std::uint64_t changed) {
        behind.now_dirty(user_key{user});
        behind.save(online(user, changed));
    }
    bool is_dirty(std::uint32_t user) const { return dirty.is_set(user_key{user}); }
};

TEST_F(write_behind_test, many_changes_become_one_write_and_the_last_value_wins) {
    change(1, 10);
    change(1, 11);
    change(2, 12);
    EXPECT_TRUE(log.waiting.empty());
    decider.advance(write_behind::delay);
    ASSERT_EQ(log.waiting.size(), 1U);
    EXPECT_FALSE(log.waiting[0].durable);
    ASSERT_EQ(log.waiting[0].set.size(), 2U);
    for (const ports::write& w : log.waiting[0].set) {
        const auto& row = std::get<ports::presence_row>(w);
        EXPECT_EQ(row.changed, row.user == user_key{1} ? 11U : 12U);
    }
}

TEST_F(write_behind_test, a_user_is_dirty_until_the_newest_row_is_acknowledged) {
    change(1, 10);
    EXPECT_TRUE(is_dirty(1));
    decider.advance(write_behind::delay);
    change(1, 11);  // while the first is on its way
    log.acknowledge(true);
    EXPECT_TRUE(is_dirty(1));
    decider.advance(write_behind::delay);
    log.acknowledge(true);
    EXPECT_FALSE(is_dirty(1));
}

TEST_F(write_behind_test, a_change_whose_row_did_not_come_yet_keeps_the_user_dirty) {
    change(1, 10);
    decider.advance(write_behind::delay);
    behind.now_dirty(user_key{1});  // its row comes a little later
    log.acknowledge(true);
    EXPECT_TRUE(is_dirty(1));
    behind.save(online(1, 11));
    decider.advance(write_behind::delay);
    log.acknowledge(true);
    EXPECT_FALSE(is_dirty(1));
}

TEST_F(write_behind_test, what_the_disk_refused_is_written_again_unless_something_newer_waits) {
    change(1, 10);
    change(2, 11);
    decider.advance(write_behind::delay);
    change(2, 12);
    log.acknowledge(false);
    EXPECT_TRUE(is_dirty(1));
    decider.advance(write_behind::delay);
    ASSERT_EQ(log.waiting.size(), 1U);
    std::map<std::uint32_t, std::uint64_t> written;
    for (const ports::write& w : log.waiting[0].set) {
        const auto& row = std::get<ports::presence_row>(w);
        written[row.user.value] = row.changed;
    }
    EXPECT_EQ(written, (std::map<std::uint32_t, std::uint64_t>{{1, 10}, {2, 12}}));
    log.acknowledge(true);
    EXPECT_FALSE(is_dirty(1) || is_dirty(2));
}

TEST_F(write_behind_test, a_full_queue_loses_nothing) {
    log.full = true;
    change(1, 10);
    decider.advance(write_behind::delay);
    EXPECT_TRUE(is_dirty(1));
    log.full = false;
    decider.advance(write_behind::delay);
    ASSERT_EQ(log.waiting.size(), 1U);
    log.acknowledge(true);
    EXPECT_FALSE(is_dirty(1));
}

TEST_F(write_behind_test, a_loss_goes_at_once_and_a_later_removal_replaces_it) {
    behind.save(ports::loss_row{user_key{1}, user_key{2}, 7, std::nullopt});
    decider.run();
    ASSERT_EQ(log.waiting.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<ports::loss_row>(log.waiting[0].set.at(0)));
    log.acknowledge(true);
    behind.save(ports::loss_row{user_key{1}, user_key{2}, 8, std::nullopt});
    behind.forget({user_key{1}, user_key{2}});
    decider.run();
    ASSERT_EQ(log.waiting.size(), 1U);
    ASSERT_EQ(log.waiting[0].set.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<ports::loss_removal>(log.waiting[0].set.at(0)));
}

TEST_F(write_behind_test, a_ceiling_is_durable_and_tried_until_the_disk_takes_it) {
    behind.reserve_positions(99);
    ASSERT_EQ(log.waiting.size(), 1U);
    EXPECT_TRUE(log.waiting[0].durable);
    log.acknowledge(false);
    decider.advance(write_behind::delay);
    ASSERT_EQ(log.waiting.size(), 1U);
    EXPECT_EQ(std::get<ports::meta_row>(log.waiting[0].set.at(0)).value, "99");
    log.acknowledge(true);
    decider.advance(write_behind::delay);
    EXPECT_TRUE(log.waiting.empty());
}

TEST_F(write_behind_test, a_flush_ends_after_everything_before_it) {
    change(1, 10);
    bool flushed = false;
    behind.flush([&] { flushed = true; });
    ASSERT_EQ(log.waiting.size(), 2U);
    log.acknowledge(true);
    EXPECT_FALSE(flushed);
    log.acknowledge(true);
    EXPECT_TRUE(flushed);
    EXPECT_FALSE(is_dirty(1));
}

TEST_F(write_behind_test, the_end_of_a_suppression_goes_at_once_and_durably) {
    behind.save(online(1, 7));
    decider.run();
    EXPECT_TRUE(log.waiting.empty()) << "availability may wait";
    ports::status_row ended;
    ended.user = user_key{2};
    behind.save(ended);
    decider.run();
    ASSERT_EQ(log.waiting.size(), 1U);
    EXPECT_TRUE(log.waiting.front().durable);
    EXPECT_EQ(log.waiting.front().set.size(), 2U) << "in order with what was saved before it";
    log.acknowledge(true);
    behind.save(online(1, 8));
    decider.advance(write_behind::delay);
    ASSERT_EQ(log.waiting.size(), 1U);
    EXPECT_FALSE(log.waiting.front().durable) << "availability forces no sync";
}

}  // namespace
}  // namespace porchlight::server
