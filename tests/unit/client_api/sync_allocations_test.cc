#include <gtest/gtest.h>

#include <deque>

#include "client_api/sync/presence_answers.h"
#include "support/counted_allocations.h"
#include "support/house_bench.h"

// The promise of the hot path: no allocation per delivery once the buffers have grown.

namespace porchlight::client_api {
namespace {

class counting_sender final : public ports::http_sender {
  public:
    void respond(ports::http_handle, ports::http_response) override {}
    void post(std::uint32_t, base::unique_function<void()> t) override {
        tasks_.push_back(std::move(t));
    }
    void respond_now(const ports::http_delivery& d) override {
        ++answers;
        bytes += d.body.size();
    }
    std::uint32_t thread_count() const override { return 1; }
    void run() {
        while (!tasks_.empty()) {
            auto t = std::move(tasks_.front());
            tasks_.pop_front();
            t();
        }
    }
    std::size_t answers = 0, bytes = 0;

  private:
    std::deque<base::unique_function<void()>> tasks_;
};

std::unique_ptr<engine::batch> batch_of(std::size_t deliveries) {
    constexpr std::string_view id = "@someone:with.a.rather.long.server.name";
    auto b = std::make_unique<engine::batch>();
    b->arena.assign(id.begin(), id.end());
    for (std::uint32_t i = 0; i < 50; ++i) {
        engine::batch::subject s{};
        s.user_id_size = id.size();
        s.text_size = id.size();
        b->subjects.push_back(s);
        b->indices.push_back(i);
    }
    for (std::size_t i = 0; i < deliveries; ++i) {
        engine::batch::delivery d{};
        d.since = engine::token{~std::uint64_t{0}, ~std::uint64_t{0}, 0};
        d.next = *d.since;
        d.count = 50;
        b->deliveries.push_back(d);
    }
    return b;
}

std::size_t allocations_for(presence_answers& answers, counting_sender& sender,
                            std::size_t deliveries) {
    auto b = std::make_shared<shared_batch>(shared_batch{batch_of(deliveries)});
    const std::size_t before = porchlight::testing::allocations;
    answers.send(std::move(b));
    sender.run();
    return porchlight::testing::allocations - before;
}

TEST(hot_path, presence_answers_allocate_per_batch_and_not_per_delivery) {
    counting_sender sender;
    const test::hand_clock clock;
    presence_answers answers{sender, clock, [](auto) {}};
    allocations_for(answers, sender, 1);  // the buffers grow
    const std::size_t one = allocations_for(answers, sender, 1);
    const std::size_t many = allocations_for(answers, sender, 400);
    EXPECT_EQ(sender.answers, 402U);
    EXPECT_GT(sender.bytes, 402U * 50 * 100);
    EXPECT_EQ(one, many);
    EXPECT_LE(one, 4U);
}

}  // namespace
}  // namespace porchlight::client_api
