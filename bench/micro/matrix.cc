// src/matrix: JSON read, written and made canonical, identifiers, signatures.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>

#include "matrix/identifier.h"
#include "matrix/json.h"
#include "matrix/signing.h"

namespace {

using namespace porchlight::matrix;

const std::string put_body = R"({"presence":"online","status_msg":"on the porch"})";

// As federation carries it: 50 users.
std::string presence_edu() {
    std::string text =
        R"({"origin":"example.org","pdus":[],"edus":[{"edu_type":"m.presence","content":{"push":[)";
    for (int i = 0; i < 50; ++i) {
        text += std::string(i == 0 ? "" : ",") + R"({"user_id":"@user)" + std::to_string(i) +
                R"(:example.org","presence":"online","last_active_ago":1000,)"
                R"("currently_active":true,"status_msg":"on the porch"})";
    }
    return text + "]}}]}";
}

void parse(benchmark::State& s, const std::string& text) {
    for ([[maybe_unused]] auto _ : s) {
        benchmark::DoNotOptimize(parse_json(text));
    }
    s.SetBytesProcessed(s.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(parse, put, put_body)->Name("matrix/json/parse_put");
BENCHMARK_CAPTURE(parse, edu, presence_edu())->Name("matrix/json/parse_50_presences");

void canonical(benchmark::State& s) {
    const auto value = parse_json(presence_edu()).value();
    for ([[maybe_unused]] auto _ : s) {
        benchmark::DoNotOptimize(canonical_json(value));
    }
}
BENCHMARK(canonical)->Name("matrix/json/canonical_50_presences");

void write_string(benchmark::State& s, const std::string& text) {
    std::string out;
    for ([[maybe_unused]] auto _ : s) {
        out.clear();
        append_json_string(out, text);
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK_CAPTURE(write_string, plain, std::string(100, 'x'))->Name("matrix/json/write_string");
BENCHMARK_CAPTURE(write_string, escaped, std::string(100, '\n'))->Name("matrix/json/write_escaped");

void sign(benchmark::State& s) {
    const std::array<std::uint8_t, signing_key::seed_bytes> seed{1, 2, 3};
    const signing_key key("ed25519:1", seed);
    const auto text = presence_edu();
    for ([[maybe_unused]] auto _ : s) {
        benchmark::DoNotOptimize(key.sign(text));
    }
}
BENCHMARK(sign)->Name("matrix/signing/sign_50_presences");

void verify(benchmark::State& s) {
    const std::array<std::uint8_t, signing_key::seed_bytes> seed{1, 2, 3};
    const signing_key key("ed25519:1", seed);
    const auto text = presence_edu();
    const auto signature = key.sign(text);
    const auto half = key.public_half();
    for ([[maybe_unused]] auto _ : s) {
        benchmark::DoNotOptimize(half.verifies(text, signature));
    }
}
BENCHMARK(verify)->Name("matrix/signing/verify_50_presences");

}  // namespace
