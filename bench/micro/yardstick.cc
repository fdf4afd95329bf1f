// What the machine's speed alone moves: libsodium, which does not change with Porchlight.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <array>

namespace {

void sha512_of_1_kb(benchmark::State& s) {
    std::array<unsigned char, 1024> bytes{};
    std::array<unsigned char, crypto_hash_sha512_BYTES> hash;
    for (auto _ : s) {
        crypto_hash_sha512(hash.data(), bytes.data(), bytes.size());
        bytes[0] = hash[0];
        benchmark::DoNotOptimize(bytes);
    }
}
BENCHMARK(sha512_of_1_kb)->Name("yardstick/sha512_of_1_KB");

}  // namespace
