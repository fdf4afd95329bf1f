// Figures of the engine alone: what a mark, a delivery and a known user cost without any socket.
// The clock is set by hand, so that windows and time-outs pass at once; what is measured is work,
// in CPU time of this thread.
//
//   engine_bench [--benchmark_filter=...] [--benchmark_format=json]

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client_api/sync/sync_skeleton.h"
#include "engine_world.h"

namespace {

using namespace porchlight;
using namespace porchlight::bench;

// 999 parked observers of a room that a PUT marks; the marks alone, then (not measured) the
// answers. Argument: known users.
void mark(benchmark::State& s) {
    world w(false);
    w.load(static_cast<std::uint32_t>(s.range(0)));
    w.load_meeting();
    w.engine->ready(w.now);
    w.park(room_size, true);
    w.pass(1s);
    std::uint64_t marks = 0;
    double all = 0;
    for ([[maybe_unused]] auto _ : s) {
        w.park(room_size, false);
        ++w.flips;
        const auto marks_before = w.engine->statistics().marks;
        const auto begin = cpu_seconds();
        w.put(0);
        const auto took = seconds_since(begin);
        s.SetIterationTime(took);
        all += took;
        marks += w.engine->statistics().marks - marks_before;
        w.pass(1s);
    }
    s.counters["ns_per_mark"] = marks == 0 ? 0 : all * 1e9 / static_cast<double>(marks);
    s.counters["marks"] = static_cast<double>(marks);
}
BENCHMARK(mark)->Arg(1'000)->Arg(1'000'000)->UseManualTime()->Unit(benchmark::kMicrosecond);

// From a PUT of user 0's to the last answer in the engine: marks, flush, batch.
void deliver_to(benchmark::State& s, world& w, std::uint32_t observers) {
    w.engine->ready(w.now);
    w.park(observers, true);
    w.pass(1s);
    double all = 0;
    std::uint64_t answers = 0;
    for ([[maybe_unused]] auto _ : s) {
        w.park(observers, false);
        ++w.flips;
        const auto before = w.out.answers;
        const auto begin = cpu_seconds();
        w.put(0);
        w.run();
        const auto took = seconds_since(begin);
        s.SetIterationTime(took);
        all += took;
        answers += w.out.answers - before;
        w.pass(1s);
    }
    s.counters["ns_per_delivery"] = answers == 0 ? 0 : all * 1e9 / static_cast<double>(answers);
    s.counters["answers"] = static_cast<double>(answers);
}

// Argument: known users.
void delivery(benchmark::State& s) {
    world w(false);
    w.load(static_cast<std::uint32_t>(s.range(0)));
    w.load_meeting();
    deliver_to(s, w, room_size);
}
BENCHMARK(delivery)->Arg(1'000)->Arg(1'000'000)->UseManualTime()->Unit(benchmark::kMicrosecond);

// The same to 10,000 observers: who share a room with the subject, or whom the subject accepted on
// a presence list.
constexpr std::uint32_t many_observers = 10'000;

void delivery_in_a_room(benchmark::State& s) {
    world w(false);
    for (std::uint32_t i = 0; i < many_observers; ++i) {
        w.engine->load_membership(room_key{0}, user_key{i}, 1);
    }
    deliver_to(s, w, many_observers);
}
BENCHMARK(delivery_in_a_room)->UseManualTime()->Unit(benchmark::kMicrosecond);

void delivery_to_a_list(benchmark::State& s) {
    world w(false);
    for (std::uint32_t i = 1; i < many_observers; ++i) {
        w.engine->load_acceptance(user_key{i}, user_key{0}, 1);
    }
    deliver_to(s, w, many_observers);
}
BENCHMARK(delivery_to_a_list)->UseManualTime()->Unit(benchmark::kMicrosecond);

// 50 subjects change within a window, 1,000 observers get them in one response each, rendered.
// Counted: marks, flush, rendering, copying into bodies. Not: sockets and the next poll's request.
void burst(benchmark::State& s) {
    constexpr std::uint32_t subjects = 50;
    world w(true);
    w.load(room_size);
    w.load_meeting();
    w.engine->ready(w.now);
    w.park(room_size, true);
    w.pass(1s);
    double all = 0;
    std::uint64_t events = 0, bytes = 0, answers = 0;
    for ([[maybe_unused]] auto _ : s) {
        // One answer that opens the window of each stream.
        w.park(room_size, false);
        ++w.flips;
        w.put(subjects);
        w.run();
        w.park(room_size, false);
        const auto e = w.out.events, b = w.out.bytes, a = w.out.answers;
        const auto begin = cpu_seconds();
        for (std::uint32_t i = 0; i < subjects; ++i) {
            w.put(i);
        }
        w.pass(150ms);
        const auto took = seconds_since(begin);
        s.SetIterationTime(took);
        all += took;
        events += w.out.events - e;
        bytes += w.out.bytes - b;
        answers += w.out.answers - a;
        w.pass(1s);
    }
    s.counters["events_per_second"] = static_cast<double>(events) / all;
    s.counters["events_per_answer"] = static_cast<double>(events) / static_cast<double>(answers);
    s.counters["bytes_per_answer"] = static_cast<double>(bytes) / static_cast<double>(answers);
}
BENCHMARK(burst)->UseManualTime()->Unit(benchmark::kMillisecond);

// The yardstick of `burst`: as many bytes joined from 50 ready fragments, and nothing else.
void burst_yardstick(benchmark::State& s) {
    constexpr std::size_t subjects = 50, fragment = 190;
    const std::vector<std::string> fragments(subjects, std::string(fragment, 'x'));
    std::string body;
    double all = 0;
    for ([[maybe_unused]] auto _ : s) {
        const auto begin = cpu_seconds();
        for (std::uint32_t o = 0; o < room_size; ++o) {
            body.assign(client_api::skeleton::sync_begin);
            body.append(client_api::skeleton::sync_nothing_durable);
            for (const auto& f : fragments) {
                body.append(f).append(",");
            }
            body.append(client_api::skeleton::sync_close);
            benchmark::DoNotOptimize(body.data());
        }
        const auto took = seconds_since(begin);
        s.SetIterationTime(took);
        all += took;
    }
    s.counters["events_per_second"] =
        static_cast<double>(s.iterations()) * room_size * subjects / all;
}
BENCHMARK(burst_yardstick)->UseManualTime()->Unit(benchmark::kMillisecond);

std::size_t heap_bytes() {
    const auto m = ::mallinfo2();
    return m.uordblks + m.hblkhd;
}

// What the engine keeps of offline users in teams of 20, and how long it takes to load them.
void known_users(benchmark::State& s) {
    const auto users = static_cast<std::uint32_t>(s.range(0));
    double bytes = 0;
    for ([[maybe_unused]] auto _ : s) {
        const auto before = heap_bytes();
        const auto begin = cpu_seconds();
        auto w = std::make_unique<world>(false);
        w->load(users);
        w->engine->ready(w->now);
        w->run();
        s.SetIterationTime(seconds_since(begin));
        bytes = static_cast<double>(heap_bytes() - before);
    }
    s.counters["bytes_per_user"] = bytes / users;
}
BENCHMARK(known_users)
    ->Arg(1'000'000)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// What the engine keeps of acceptances, 20 for each observer and subject.
void acceptances(benchmark::State& s) {
    const auto users = static_cast<std::uint32_t>(s.range(0)) / team;
    double bytes = 0;
    for ([[maybe_unused]] auto _ : s) {
        auto w = std::make_unique<world>(false);
        for (std::uint32_t i = 0; i < users; ++i) {
            w->engine->user_added(user_key{i}, w->now);
        }
        const auto before = heap_bytes();
        const auto begin = cpu_seconds();
        for (std::uint32_t i = 0; i < users; ++i) {
            for (std::uint32_t k = 0; k < team; ++k) {
                w->engine->load_acceptance(user_key{i}, user_key{(i + 1 + k * 7919) % users}, 1);
            }
        }
        w->engine->ready(w->now);
        s.SetIterationTime(seconds_since(begin));
        bytes = static_cast<double>(heap_bytes() - before);
    }
    s.counters["bytes_per_entry"] = bytes / static_cast<double>(s.range(0));
}
BENCHMARK(acceptances)
    ->Arg(1'000'000)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
