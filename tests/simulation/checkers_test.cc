#include <gtest/gtest.h>

#include "simulation/world.h"

// Each checker is seen to catch what it is there for.
namespace porchlight::simulation {
namespace {

std::string found_by(mutation m) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        world w(seed, m);
        try {
            w.run(200);
        } catch (const broken& e) {
            return e.what();
        }
    }
    return {};
}

TEST(simulation_checkers_catch, nothing_in_a_sound_world) {
    EXPECT_EQ(found_by(mutation::none), "");
}
TEST(simulation_checkers_catch, a_lost_event) {
    EXPECT_NE(found_by(mutation::drops_an_event).find("last heard"), std::string::npos);
}
TEST(simulation_checkers_catch, events_after_the_last_reason) {
    const std::string what = found_by(mutation::forgets_the_leaving);
    EXPECT_TRUE(what.find("policy forbids") != std::string::npos ||
                what.find("last heard") != std::string::npos)
        << what;
}
TEST(simulation_checkers_catch, a_repeated_subject) {
    EXPECT_NE(found_by(mutation::repeats_a_subject).find("two events"), std::string::npos);
}
TEST(simulation_checkers_catch, an_early_empty_response) {
    EXPECT_NE(found_by(mutation::answers_early).find("before its time"), std::string::npos);
}
TEST(simulation_checkers_catch, copies_that_disagree_on_the_activity) {
    EXPECT_NE(found_by(mutation::shows_another_time).find("but it is"), std::string::npos);
}
TEST(simulation_checkers_catch, a_state_lost_by_a_kill) {
    EXPECT_NE(found_by(mutation::loses_a_save).find("last heard"), std::string::npos);
}

}  // namespace
}  // namespace porchlight::simulation
