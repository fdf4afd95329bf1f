// src/presence: one user's state, and the consent of a list.
#include <benchmark/benchmark.h>

#include <chrono>

#include "presence/consent.h"
#include "presence/user.h"

namespace {

using namespace porchlight;
using namespace porchlight::presence;
using namespace std::chrono_literals;
using base::device_key;

struct clock_by_hand {
    base::instant now{base::mono_time{1000s},
                      base::wall_time{base::milliseconds{1'700'000'000'000}}};
    void pass(base::milliseconds t) {
        now.mono += t;
        now.wall += t;
    }
};

const settings defaults;

// A poll ends and the next begins.
void next_poll(benchmark::State& s) {
    clock_by_hand clock;
    user u(defaults);
    u.stream_opened(device_key{1}, {}, clock.now);
    for ([[maybe_unused]] auto _ : s) {
        clock.pass(1ms);
        benchmark::DoNotOptimize(u.stream_closed(device_key{1}, true, clock.now));
        benchmark::DoNotOptimize(u.stream_opened(device_key{1}, {}, clock.now));
    }
}
BENCHMARK(next_poll)->Name("presence/user/next_poll");

void flip(benchmark::State& s) {
    clock_by_hand clock;
    user u(defaults);
    u.stream_opened(device_key{1}, {}, clock.now);
    bool online = false;
    for ([[maybe_unused]] auto _ : s) {
        clock.pass(1ms);
        online = !online;
        benchmark::DoNotOptimize(u.put(
            device_key{1}, {.asked = online ? state::online : state::unavailable}, clock.now));
    }
}
BENCHMARK(flip)->Name("presence/user/put");

void seen(benchmark::State& s) {
    clock_by_hand clock;
    user u(defaults);
    u.stream_opened(device_key{1}, {}, clock.now);
    for ([[maybe_unused]] auto _ : s) {
        benchmark::DoNotOptimize(u.seen_by_others(clock.now));
    }
}
BENCHMARK(seen)->Name("presence/user/seen_by_others");

// Asked, accepted, revoked, dropped: both halves.
void asked_and_dropped(benchmark::State& s) {
    for ([[maybe_unused]] auto _ : s) {
        auto entry = next(entry_state::none, entry_input::invite);
        auto consent = next(consent_state::none, consent_input::invite);
        consent = next(consent.to, consent_input::accept);
        entry = next(entry.to, entry_input::accept);
        consent = next(consent.to, consent_input::revoke);
        entry = next(entry.to, entry_input::drop);
        benchmark::DoNotOptimize(entry);
        benchmark::DoNotOptimize(consent);
    }
}
BENCHMARK(asked_and_dropped)->Name("presence/consent/asked_and_dropped");

}  // namespace
