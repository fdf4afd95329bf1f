#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "simulation/world.h"

namespace {

using namespace porchlight::simulation;

struct arguments {
    std::uint64_t first = 1, seeds = 200;
    std::size_t steps = 400;
};

int usage() {
    std::fputs(
        "simulation [--seeds N] [--first S] [--steps K]   plays N seeds from S on (200 from 1)\n"
        "simulation --seed S [--steps K]                  plays one seed again\n",
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
    std::size_t responses = 0;
    for (std::uint64_t seed = a.first; seed < a.first + a.seeds; ++seed) {
        std::string what;
        world w(seed, mutation::none);
        try {
            w.run(a.steps);
            responses += w.responses();
            continue;
        } catch (const broken& e) {
            what = e.what();
        }
        // Of one seed alone, everything that is remembered.
        const std::size_t most = a.seeds == 1 ? w.recent().size() : 60;
        for (std::size_t i = w.recent().size() - std::min(most, w.recent().size());
             i < w.recent().size(); ++i) {
            std::printf("  %s\n", w.recent()[i].c_str());
        }
        std::printf("FAILED: %s\nseed %llu, commit %s; again: simulation --seed %llu --steps %zu\n",
                    what.c_str(), static_cast<unsigned long long>(seed), PORCHLIGHT_COMMIT,
                    static_cast<unsigned long long>(seed), a.steps);
        return 1;
    }
    std::printf("%llu seeds of %zu steps from %llu, %zu responses checked: all as it should be\n",
                static_cast<unsigned long long>(a.seeds), a.steps,
                static_cast<unsigned long long>(a.first), responses);
    return 0;
}
