// src/client_api: presence events and the answer of a stream as text.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "client_api/sync/presence_json.h"
#include "client_api/sync/sync_skeleton.h"

namespace {

using namespace porchlight;
using namespace porchlight::client_api;

constexpr base::wall_time now{base::milliseconds{1'700'000'000'000}};

presence_event event() {
    return {.user_id = "@alice:example.org",
            .shown = presence::state::online,
            .currently_active = true,
            .last_active = now - base::milliseconds{1234},
            .text = "on the porch",
            .displayname = "Alice",
            .avatar_url = "mxc://example.org/abcdefghijklmnopqrstuvwx"};
}

void render(benchmark::State& s) {
    std::string out;
    const auto e = event();
    for ([[maybe_unused]] auto _ : s) {
        out.clear();
        append_presence_event(out, e, now);
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(render)->Name("client_api/presence_json/event");

// One answer of ready fragments, as the fan-out makes it.
void answer(benchmark::State& s) {
    std::string fragment, out;
    append_presence_event(fragment, event(), now);
    const engine::token next{.durable = 1'790'000'000'123, .presence = 114'688'000'000'042};
    for ([[maybe_unused]] auto _ : s) {
        out.assign(skeleton::sync_begin);
        append_token(out, next);
        out.append(skeleton::sync_nothing_durable);
        for (std::int64_t i = 0; i < s.range(0); ++i) {
            out.append(i == 0 ? "" : ",").append(fragment);
        }
        out.append(skeleton::sync_close).append(skeleton::no_keys).append(skeleton::sync_end);
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(answer)->Name("client_api/sync_skeleton/answer")->Arg(1)->Arg(50)->Arg(1000);

}  // namespace
