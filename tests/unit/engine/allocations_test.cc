#include "support/counted_allocations.h"
#include "unit/engine/world.h"

namespace porchlight::engine::testing {
namespace {

// Sends batches back without looking into them.
class quiet final : public outside {
  public:
    profile profile_of(user_key) const override { return {"@user:example.org", "Some One", {}}; }
    void deliver(std::unique_ptr<batch> b) override {
        delivered += b->deliveries.size();
        next = b->deliveries.back().next;
        sent = std::move(b);
    }
    void save(const ports::presence_row&) override {}
    void save(const ports::status_row&) override {}
    void save(const ports::loss_row&) override {}
    void forget(const ports::loss_removal&) override {}
    void reserve_presence_positions(std::uint64_t) override {}
    void now_dirty(user_key) override {}

    std::size_t delivered = 0;
    token next;
    std::unique_ptr<batch> sent;
};

TEST(hot_path, marking_and_flushing_allocate_per_batch_and_not_per_delivery) {
    constexpr std::uint32_t observers = 1000;
    quiet out;
    instant now{mono_time{1000s}, wall_time{milliseconds{1'700'000'000'000}}};
    settings s;
    engine e(s, out, 0, true, now);
    for (std::uint32_t i = 0; i <= observers; ++i) {
        e.load_membership(room_key{1}, user_key{i}, 1);
    }
    e.ready(now);
    const auto cycle = [&](std::optional<token> since, std::optional<state> put) {
        for (std::uint32_t i = 1; i <= observers; ++i) {
            poll p;
            p.handle = {
                .thread = 0,
                .slot = i,
                .generation = static_cast<std::uint64_t>(now.wall.time_since_epoch().count())};
            p.user = user_key{i};
            p.device = device_key{i};
            p.since = since;
            p.timeout = since ? milliseconds{30s} : 0ms;
            p.marks.marks = false;
            e.open(std::move(p), now);
        }
        e.turn(now);
        now.mono += 1s;
        now.wall += 1s;
        if (!put) {
            return std::size_t{0};
        }
        const std::size_t before = porchlight::testing::allocations, told = out.delivered;
        e.put(user_key{0}, device_key{9999}, {.asked = *put}, now);
        now.mono += 60ms;  // late, so that the window adapts as well
        e.turn(now);
        const std::size_t used = porchlight::testing::allocations - before;
        EXPECT_EQ(out.delivered - told, observers) << "what is counted is not the flush";
        if (out.sent) {
            e.recycle(std::move(out.sent));
        }
        return used;
    };
    cycle(std::nullopt, std::nullopt);
    for (int i = 0; i < 10; ++i) {
        cycle(out.next, i % 2 == 0 ? state::online : state::unavailable);
    }
    const std::size_t delivered = out.delivered;
    std::size_t used = 0;
    for (int i = 0; i < 10; ++i) {
        used += cycle(out.next, i % 2 == 0 ? state::online : state::unavailable);
    }
    EXPECT_EQ(out.delivered - delivered, 10 * observers);
    EXPECT_LE(used, 10 * 8U);
    EXPECT_GT(e.statistics().windows_doubled, 0U);
}

}  // namespace
}  // namespace porchlight::engine::testing
