#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

namespace porchlight::simulation {

// What the programs of the simulation are told: which seeds, and how long each is played.
struct arguments {
    std::uint64_t first = 1, seeds = 200;
    std::size_t steps = 400;
};

// None, and the usage printed, when the command line makes no sense.
inline std::optional<arguments> read_arguments(int argc, char** argv, arguments a) {
    for (int i = 1; i < argc; i += 2) {
        const std::string name = argv[i];
        char* end = nullptr;
        const std::uint64_t value = i + 1 < argc ? std::strtoull(argv[i + 1], &end, 10) : 0;
        const bool known =
            name == "--seeds" || name == "--first" || name == "--seed" || name == "--steps";
        if (!known || end == nullptr || *end != '\0' || value == 0) {
            std::fprintf(stderr,
                         "%s [--seeds N] [--first S] [--steps K]   plays N seeds from S on (%llu "
                         "from 1)\n%s --seed S [--steps K]   plays one seed again\n",
                         argv[0], static_cast<unsigned long long>(a.seeds), argv[0]);
            return std::nullopt;
        }
        if (name == "--steps") {
            a.steps = value;
        } else if (name == "--seeds") {
            a.seeds = value;
        } else {
            a.first = value;
            a.seeds = name == "--seed" ? 1 : a.seeds;
        }
    }
    return a;
}

}  // namespace porchlight::simulation
