#include "simulation/peers.h"

#include <gtest/gtest.h>

// The checkers of the simulation of servers catch what they are there for.
namespace porchlight::simulation {
namespace {

bool is_caught(peers_mutation m) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        peers_play play(seed, m);
        try {
            play.run(200);
        } catch (const disagreement&) {
            return true;
        }
    }
    return false;
}

TEST(peers_checkers, catch_a_server_that_is_deaf_to_denies) {
    EXPECT_TRUE(is_caught(peers_mutation::deaf_to_denies));
}
TEST(peers_checkers, catch_a_server_that_tells_strangers) {
    EXPECT_TRUE(is_caught(peers_mutation::tells_strangers));
}
TEST(peers_checkers, catch_messages_lost_with_a_kill) {
    EXPECT_TRUE(is_caught(peers_mutation::forgets_the_outbox));
}
TEST(peers_checkers, catch_states_that_stay_stale) {
    EXPECT_TRUE(is_caught(peers_mutation::keeps_stale_states));
}

}  // namespace
}  // namespace porchlight::simulation
