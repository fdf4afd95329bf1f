#include <cstdio>
#include <string>

#include "simulation/arguments.h"
#include "simulation/peers.h"

using namespace porchlight::simulation;

int main(int argc, char** argv) {
    const auto wish = read_arguments(argc, argv, {.seeds = 50, .steps = 300});
    if (!wish) {
        return 2;
    }
    const arguments a = *wish;
    std::size_t pushes = 0;
    std::size_t pairs = 0;
    for (std::uint64_t seed = a.first; seed < a.first + a.seeds; ++seed) {
        peers_play play(seed, peers_mutation::none);
        try {
            play.run(a.steps);
            pushes += play.pushes_checked();
            pairs += play.pairs_checked();
        } catch (const disagreement& e) {
            for (const std::string& line : play.recent(a.seeds == 1 ? 100'000 : 60)) {
                std::printf("  %s\n", line.c_str());
            }
            std::printf(
                "FAILED: %s\nseed %llu, commit %s; again: simulation_peers --seed %llu "
                "--steps %zu\n",
                e.what(), static_cast<unsigned long long>(seed), PORCHLIGHT_COMMIT,
                static_cast<unsigned long long>(seed), a.steps);
            return 1;
        }
    }
    std::printf(
        "%llu seeds of %zu steps from %llu, %zu pushes and %zu pairs checked: all as it "
        "should be\n",
        static_cast<unsigned long long>(a.seeds), a.steps, static_cast<unsigned long long>(a.first),
        pushes, pairs);
    return 0;
}
