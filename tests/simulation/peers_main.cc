#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "simulation/peers.h"

namespace {

using namespace porchlight::simulation;

struct arguments {
    std::uint64_t first = 1, seeds = 50;
    std::size_t steps = 300;
};

int usage() {
    std::fputs(
        "simulation_peers [--seeds N] [--first S] [--steps K]   plays N seeds from S on\n"
        "simulation_peers --seed S [--steps K]                  plays one seed again\n",
        stderr);
    return 2;
}

bool read(int argc, char** argv, arguments& a) {
    for (int i = 1; i < argc; i += 2) {
        const std::string name = argv[i];
        char* end = nullptr;
        const std::uint64_t value = i + 1 < argc ? std::strtoull(argv[i + 1], &end, 10) : 0;
        if (end == nullptr || *end != '\0' || value == 0) {
            return false;
        }
        if (name == "--seeds") {
            a.seeds = value;
        } else if (name == "--first") {
            a.first = value;
        } else if (name == "--seed") {
            a.first = value;
            a.seeds = 1;
        } else if (name == "--steps") {
            a.steps = value;
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    arguments a;
    if (!read(argc, argv, a)) {
        return usage();
    }
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
