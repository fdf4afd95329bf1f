#include <gtest/gtest.h>

#include "simulation/world.h"

// Each checker is seen to catch what it is there for.
namespace porchlight::simulation {
namespace {

// Does any of some seeds break with a message that has these words?
bool found(mutation m, const std::string& words, std::uint64_t seeds = 30) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        world w(seed, m);
        try {
            w.run(200);
        } catch (const broken& e) {
            if (std::string(e.what()).find(words) != std::string::npos) {
                return true;
            }
        }
    }
    return false;
}

TEST(simulation_checkers_catch, nothing_in_a_sound_world) {
    EXPECT_FALSE(found(mutation::none, ""));
}
TEST(simulation_checkers_catch, a_lost_event) {
    EXPECT_TRUE(found(mutation::drops_an_event, "last heard"));
}
TEST(simulation_checkers_catch, events_after_the_last_reason) {
    EXPECT_TRUE(found(mutation::forgets_the_leaving, "policy forbids"));
}
TEST(simulation_checkers_catch, a_repeated_subject) {
    EXPECT_TRUE(found(mutation::repeats_a_subject, "two events"));
}
TEST(simulation_checkers_catch, an_early_empty_response) {
    EXPECT_TRUE(found(mutation::answers_early, "an empty response before its time"));
}
TEST(simulation_checkers_catch, copies_that_disagree_on_the_activity) {
    EXPECT_TRUE(found(mutation::shows_another_time, "but it is"));
}
TEST(simulation_checkers_catch, events_after_a_revocation) {
    EXPECT_TRUE(found(mutation::forgets_a_revocation, "policy forbids"));
}
TEST(simulation_checkers_catch, what_a_block_should_have_frozen) {
    EXPECT_TRUE(found(mutation::forgets_a_block, "but it is"));
}
TEST(simulation_checkers_catch, the_activity_of_somebody_never_seen) {
    EXPECT_TRUE(found(mutation::tells_a_stranger, "a stranger"));
}
TEST(simulation_checkers_catch, a_state_lost_by_a_power_loss) {
    EXPECT_TRUE(found(mutation::mistakes_power_loss, "last heard", 200));
}
TEST(simulation_checkers_catch, a_state_lost_by_a_kill) {
    EXPECT_TRUE(found(mutation::loses_a_save, "last heard"));
}

}  // namespace
}  // namespace porchlight::simulation
