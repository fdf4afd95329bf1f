#include "base/spsc_ring.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <thread>

namespace {
using porchlight::base::spsc_ring;

TEST(spsc_ring, gives_values_back_in_order) {
    spsc_ring<int> ring(4);
    EXPECT_TRUE(ring.push(1));
    EXPECT_TRUE(ring.push(2));
    EXPECT_EQ(ring.size(), 2U);
    EXPECT_EQ(ring.pop(), 1);
    EXPECT_EQ(ring.pop(), 2);
    EXPECT_EQ(ring.pop(), std::nullopt);
    EXPECT_TRUE(ring.empty());
}

TEST(spsc_ring, refuses_when_full_and_leaves_the_value_with_the_caller) {
    spsc_ring<std::unique_ptr<int>> ring(2);
    EXPECT_TRUE(ring.push(std::make_unique<int>(1)));
    EXPECT_TRUE(ring.push(std::make_unique<int>(2)));
    auto third = std::make_unique<int>(3);
    EXPECT_FALSE(ring.push(std::move(third)));
    ASSERT_NE(third, nullptr);
    EXPECT_EQ(**ring.pop(), 1);
    EXPECT_TRUE(ring.push(std::move(third)));
    EXPECT_EQ(**ring.pop(), 2);
    EXPECT_EQ(**ring.pop(), 3);
}

TEST(spsc_ring, lets_go_of_what_was_taken) {
    spsc_ring<std::shared_ptr<int>> ring(2);
    auto value = std::make_shared<int>(7);
    EXPECT_TRUE(ring.push(std::shared_ptr<int>(value)));
    ring.pop();
    EXPECT_EQ(value.use_count(), 1);
}

TEST(spsc_ring, loses_and_repeats_nothing_between_two_threads) {
    constexpr std::uint64_t total = 200'000;
    spsc_ring<std::uint64_t> ring(64);
    std::thread producer([&ring] {
        for (std::uint64_t i = 0; i < total;) {
            auto value = i;
            if (ring.push(std::move(value))) {
                ++i;
            } else {
                std::this_thread::yield();
            }
        }
    });
    for (std::uint64_t expected = 0; expected < total;) {
        if (const auto value = ring.pop()) {
            if (*value != expected) {
                ADD_FAILURE() << "got " << *value << " instead of " << expected;
                break;
            }
            ++expected;
        } else {
            std::this_thread::yield();
        }
    }
    producer.join();
}
}  // namespace
