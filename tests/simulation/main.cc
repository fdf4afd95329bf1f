#include <algorithm>
#include <cstdio>
#include <string>

#include "simulation/arguments.h"
#include "simulation/world.h"

using namespace porchlight::simulation;

int main(int argc, char** argv) {
    const auto wish = read_arguments(argc, argv, {});
    if (!wish) {
        return 2;
    }
    const arguments a = *wish;
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
