// src/base: the timing wheel and the ring between two threads.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>

#include "base/spsc_ring.h"
#include "base/timing_wheel.h"

namespace {

using namespace porchlight::base;
using namespace std::chrono_literals;

// A timer that is armed and fires later, with so many others waiting: what a poll costs in it.
void arm_and_fire(benchmark::State& s) {
    constexpr std::int64_t span_ms = 50'000;  // as long as polls wait
    mono_time now{1000s};
    timing_wheel<std::uint32_t> wheel(now);
    const auto waiting = s.range(0);
    for (std::int64_t i = 0; i < waiting; ++i) {
        wheel.insert(now + milliseconds{1 + i * span_ms / waiting}, static_cast<std::uint32_t>(i));
    }
    for ([[maybe_unused]] auto _ : s) {
        // The next to fire is armed again, so that as many wait as before.
        while (wheel.advance(
                   now, [&](std::uint32_t v) { wheel.insert(now + milliseconds{span_ms}, v); },
                   1) == 0) {
            now = *wheel.next();
        }
    }
}
BENCHMARK(arm_and_fire)->Name("base/timing_wheel/arm_and_fire")->Arg(1'000)->Arg(1'000'000);

void through_the_ring(benchmark::State& s) {
    spsc_ring<std::uint64_t> ring(1024);
    for ([[maybe_unused]] auto _ : s) {
        benchmark::DoNotOptimize(ring.push(1));
        benchmark::DoNotOptimize(ring.pop());
    }
}
BENCHMARK(through_the_ring)->Name("base/spsc_ring/push_and_pop");

}  // namespace
