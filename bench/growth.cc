// The same work with 1,000 to 1,000,000 known users, the engine alone, in CPU time of this thread.
// The 1,000 users at work are spread over all that are known, each of whom is somebody's colleague
// in a team of 20, and so caches are of no more help than they are in life.
//
//   growth [--benchmark_filter=...] [--benchmark_format=json]      "each" is what counts, in
//   seconds

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <memory>

#include "engine_world.h"

namespace {

using namespace porchlight;
using namespace porchlight::bench;

constexpr std::uint32_t meeting = 1000;  // members of the one room that is larger than a team

struct grown_world : world {
    explicit grown_world(benchmark::State& s)
        : world(false), known(static_cast<std::uint32_t>(s.range(0))) {
        load(known);
        for (std::uint32_t i = 0; i < meeting; ++i) {
            engine->load_membership(room_key{0}, member(i), 1);
        }
        engine->ready(now);
        run();
        pass(10s);
    }
    // Of the meeting; evenly spread.
    user_key member(std::uint32_t i) const {
        return user_key{static_cast<std::uint32_t>(std::uint64_t{i} * known / meeting)};
    }
    // Anybody, in an order that no prefetcher knows.
    user_key somebody() {
        at = (at + 7'368'787) % known;
        return user_key{at};
    }
    void open(user_key u, bool first, milliseconds timeout) {
        engine::poll p;
        p.handle = {.thread = 0, .slot = u.value, .generation = ++generation};
        p.user = u;
        p.device = base::device_key{u.value};
        if (!first) {
            p.since = engine->current_token();
        }
        p.timeout = timeout;
        p.marks.marks = false;
        engine->open(std::move(p), now);
    }
    void park_meeting() {
        for (std::uint32_t i = 0; i < meeting; ++i) {
            open(member(i), false, 50s);
        }
        run();
        pass(1s);
    }
    void flip(user_key u) {
        engine->put(u, base::device_key{1'000'000'000 + u.value},
                    {.asked = flips % 2 == 0 ? state::unavailable : state::online}, now);
    }

    const std::uint32_t known;
    std::uint32_t at = 0;
};

// Adds up what was measured; what was done besides is not.
class costs {
  public:
    explicit costs(benchmark::State& s) : state_(s) {}
    ~costs() { state_.counters["each"] = count_ == 0 ? 0 : all_ / static_cast<double>(count_); }
    costs(const costs&) = delete;
    costs& operator=(const costs&) = delete;
    template <class F>
    void add(std::uint64_t count, F f) {
        const double begin = cpu_seconds();
        f();
        const double took = seconds_since(begin);
        state_.SetIterationTime(took);
        all_ += took;
        count_ += count;
    }

  private:
    benchmark::State& state_;
    double all_ = 0;
    std::uint64_t count_ = 0;
};

// From a PUT to the answers of 999 who wait: one delivery.
void delivery(benchmark::State& s) {
    grown_world w(s);
    costs c(s);
    for ([[maybe_unused]] auto _ : s) {
        w.park_meeting();
        ++w.flips;
        c.add(meeting - 1, [&] {
            w.flip(w.member(0));
            w.run();
        });
        w.pass(1s);
    }
}

// A PUT of a member of the meeting, of whom nobody waits to hear.
void update(benchmark::State& s) {
    grown_world w(s);
    costs c(s);
    const auto flip_all = [&] {
        ++w.flips;
        for (std::uint32_t i = 0; i < meeting; ++i) {
            w.flip(w.member(i));
        }
        w.run();
    };
    flip_all();
    for ([[maybe_unused]] auto _ : s) {
        c.add(meeting, flip_all);
        w.pass(1s);
    }
}

// A poll that ends with nothing: opened, parked, answered when its time is over.
template <class Who>
void time_out(benchmark::State& s, Who who) {
    grown_world w(s);
    costs c(s);
    for ([[maybe_unused]] auto _ : s) {
        c.add(meeting, [&] {
            for (std::uint32_t i = 0; i < meeting; ++i) {
                w.open(who(w, i), false, 1s);
            }
            w.run();
            w.pass(2s);
        });
    }
}
void poll(benchmark::State& s) {
    time_out(s, [](grown_world& w, std::uint32_t i) { return w.member(i); });
}
// Each of another user, who has not been there before: nothing of it is in any cache.
void poll_of_anybody(benchmark::State& s) {
    time_out(s, [](grown_world& w, std::uint32_t) { return w.somebody(); });
}

// A first sync of one who sees the 1,000 of the meeting, all online.
void first_sync(benchmark::State& s) {
    constexpr std::uint64_t syncs = 10;
    grown_world w(s);
    costs c(s);
    for (std::uint32_t i = 0; i < meeting; ++i) {
        w.flips = 1;
        w.flip(w.member(i));
    }
    w.run();
    for ([[maybe_unused]] auto _ : s) {
        c.add(syncs, [&] {
            for (std::uint64_t i = 0; i < syncs; ++i) {
                w.open(w.member(static_cast<std::uint32_t>(i)), true, 0ms);
            }
            w.run();
        });
    }
}

// Somebody joins the meeting, in which all wait to hear of it.
void join(benchmark::State& s) {
    grown_world w(s);
    costs c(s);
    for ([[maybe_unused]] auto _ : s) {
        w.park_meeting();
        const user_key u{w.member(1).value - 1};  // no member
        c.add(1, [&] {
            w.engine->joined(room_key{0}, u, w.now);
            w.run();
        });
        w.pass(1s);
        w.engine->left(room_key{0}, u, w.now);
        w.run();
        w.pass(1s);
    }
}

std::size_t heap_bytes() {
    const auto m = ::mallinfo2();
    return m.uordblks + m.hblkhd;
}

// One known user, read at a start; and what the engine keeps of it.
void load(benchmark::State& s) {
    costs c(s);
    const auto known = static_cast<std::uint32_t>(s.range(0));
    for ([[maybe_unused]] auto _ : s) {
        const auto before = heap_bytes();
        auto w = std::make_unique<world>(false);
        c.add(known, [&] {
            w->load(known);
            w->engine->ready(w->now);
            w->run();
        });
        s.counters["bytes"] = static_cast<double>(heap_bytes() - before) / known;
    }
}

#define GROWTH(name, times) \
    BENCHMARK(name)         \
        ->Arg(1'000)        \
        ->Arg(10'000)       \
        ->Arg(100'000)      \
        ->Arg(1'000'000)    \
        ->Iterations(times) \
        ->UseManualTime()
GROWTH(delivery, 20);
GROWTH(update, 20);
GROWTH(poll, 20);
GROWTH(poll_of_anybody, 20);
GROWTH(first_sync, 10);
GROWTH(join, 20);
GROWTH(load, 1);

}  // namespace

BENCHMARK_MAIN();
