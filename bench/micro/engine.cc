// src/engine: tokens, positions, who accepted whom, and a change's way to a stream.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "../engine_world.h"
#include "engine/positions.h"
#include "engine/token.h"
#include "engine/views.h"

namespace {

using namespace porchlight;
using namespace porchlight::bench;

constexpr engine::token issued{.durable = 1'790'000'000'123, .presence = 114'688'000'000'042};

void write_token(benchmark::State& s) {
    for ([[maybe_unused]] auto _ : s) {
        benchmark::DoNotOptimize(engine::to_string(issued));
    }
}
BENCHMARK(write_token)->Name("engine/token/to_string");

void parse_token(benchmark::State& s) {
    const auto text = engine::to_string(issued);
    for ([[maybe_unused]] auto _ : s) {
        benchmark::DoNotOptimize(engine::parse_token(text));
    }
}
BENCHMARK(parse_token)->Name("engine/token/parse");

void next_position(benchmark::State& s) {
    listener out(false);
    base::instant now{base::mono_time{1000s}, base::wall_time{milliseconds{begin_ms}}};
    engine::positions p(out, 0, now);
    for ([[maybe_unused]] auto _ : s) {
        benchmark::DoNotOptimize(p.next(now));
    }
}
BENCHMARK(next_position)->Name("engine/positions/next");

void find_acceptance(benchmark::State& s) {
    constexpr std::uint32_t users = 10'000;
    engine::acceptances a;
    for (std::uint32_t i = 0; i < users; ++i) {
        for (std::uint32_t k = 1; k <= team; ++k) {
            a.add(user_key{i}, user_key{(i + k) % users}, 1, false);
        }
    }
    std::uint32_t i = 0;
    for ([[maybe_unused]] auto _ : s) {
        i = (i + 7919) % users;
        benchmark::DoNotOptimize(a.since(user_key{i}, user_key{(i + 10) % users}));
    }
}
BENCHMARK(find_acceptance)->Name("engine/views/acceptance_of_a_pair");

// A world of one room whose members wait, up to date.
struct parked_room : world {
    explicit parked_room(std::uint32_t size) : world(false), members(size) {
        for (std::uint32_t i = 0; i < members; ++i) {
            engine->load_membership(room_key{0}, user_key{i}, 1);
        }
        engine->ready(now);
        park(members, true);
        pass(1s);
        park(members, false);
        pass(1s);
    }
    const std::uint32_t members;
};

// A change that 999 parked streams are marked for. They are not answered, since no turn comes, and
// so from the second on they are marked again for the same subject.
void mark_parked(benchmark::State& s) {
    parked_room w(room_size);
    for ([[maybe_unused]] auto _ : s) {
        ++w.flips;
        w.put(0);
    }
    s.counters["marks"] = room_size - 1;
}
BENCHMARK(mark_parked)->Name("engine/fan_out/mark_999_streams");

// Not visible to anybody else: what the engine itself costs beside presence/user.
void unseen(benchmark::State& s) {
    world w(false);
    w.engine->load_membership(room_key{0}, user_key{0}, 1);
    w.engine->ready(w.now);
    for ([[maybe_unused]] auto _ : s) {
        ++w.flips;
        w.put(0);
    }
}
BENCHMARK(unseen)->Name("engine/engine/put_that_nobody_sees");

// A poll that ends with nothing, and the next.
void time_out(benchmark::State& s) {
    parked_room w(room_size);
    std::uint64_t polls = 0;
    for ([[maybe_unused]] auto _ : s) {
        w.pass(60s);
        w.park(w.members, false);
        polls += w.members;
    }
    s.counters["polls"] =
        benchmark::Counter(static_cast<double>(polls), benchmark::Counter::kIsRate);
}
BENCHMARK(time_out)->Name("engine/streams/1000_polls_time_out")->Unit(benchmark::kMicrosecond);

void look(benchmark::State& s) {
    parked_room w(room_size);
    std::uint32_t i = 0;
    for ([[maybe_unused]] auto _ : s) {
        i = (i + 1) % room_size;
        benchmark::DoNotOptimize(w.engine->look(user_key{0}, user_key{i}, w.now));
    }
}
BENCHMARK(look)->Name("engine/looking/look");

}  // namespace
