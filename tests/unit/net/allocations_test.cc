#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "net/runtime.h"
#include "support/counted_allocations.h"
#include "unit/net/test_client.h"
#include "unit/net/test_server.h"

// The promise of the hot path, the runtime's part: a poll that is read and parked and a delivery
// that is sent to it allocate nothing once the buffers have grown.

namespace porchlight::net::test {
namespace {

// Each request is a poll and is parked; it also is the news for the poll before it. All on one net
// thread, whose allocations from one request to the next are one delivery and one poll.
class relay final : public ports::http_handler {
  public:
    explicit relay(std::size_t answer_bytes)
        : body_(answer_bytes, 'x'), runtime_(test_server::loopback({}), clock_) {
        runtime_.start(*this);
    }
    ~relay() override { runtime_.stop(); }

    std::uint16_t port() const { return runtime_.bound().front().port; }
    // Of the last round; read by a client once its answer is here.
    std::size_t used() const { return used_; }

    void on_request(const ports::http_request& r) override {
        used_ = testing::allocations - seen_;
        seen_ = testing::allocations;
        if (waiting_) {
            runtime_.respond_now({*waiting_, body_});
        }
        waiting_ = r.handle;
    }
    void on_gone(ports::http_handle) override { waiting_.reset(); }

  private:
    hand_clock clock_;
    const std::string body_;
    std::optional<ports::http_handle> waiting_;
    std::size_t seen_ = 0;
    std::atomic<std::size_t> used_{0};
    runtime runtime_;
};

// What the relay allocates in each of `rounds`, after as many to let buffers grow.
std::vector<std::size_t> allocations_of(relay& server, int rounds) {
    test_client first(server.port()), second(server.port());
    const auto poll = get("/_matrix/client/v3/sync?since=1.2.3&timeout=30000",
                          "Authorization: Bearer a_token_of_a_usual_length_12345678\r\n");
    std::vector<std::size_t> used;
    first.send(poll);
    for (int i = 0; i < 2 * rounds; ++i) {
        auto& waits = i % 2 == 0 ? first : second;
        (i % 2 == 0 ? second : first).send(poll);
        EXPECT_EQ(waits.receive()->status, 200);
        if (i >= rounds) {
            used.push_back(server.used());
        }
    }
    return used;
}

TEST(hot_path, a_delivery_and_the_next_poll_allocate_nothing_in_the_runtime) {
    relay server(300);
    EXPECT_EQ(allocations_of(server, 20), std::vector<std::size_t>(20, 0));
}

TEST(hot_path, nor_does_one_of_50_events) {
    relay server(16'000);
    EXPECT_EQ(allocations_of(server, 20), std::vector<std::size_t>(20, 0));
}

}  // namespace
}  // namespace porchlight::net::test
