// src/net: a request's bytes become parts, an answer gets its head.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "net/request_parser.h"
#include "net/response_head.h"
#include "net/settings.h"

namespace {

using namespace porchlight::net;

// As browsers' clients send it.
const std::string poll =
    "GET /_matrix/client/v3/sync?filter=1&timeout=30000&since=1790000000123.114688000000042.0 "
    "HTTP/1.1\r\n"
    "Host: porch.example.org\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"
    "Accept: application/json\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en\r\n"
    "Authorization: Bearer syt_YWxpY2U_abcdefghijklmnopqrst_0abcde\r\nOrigin: "
    "https://app.example.org\r\n"
    "Referer: https://app.example.org/\r\nConnection: keep-alive\r\n\r\n";
const std::string put =
    "PUT /_matrix/client/v3/presence/@alice:example.org/status HTTP/1.1\r\nHost: "
    "porch.example.org\r\n"
    "Authorization: Bearer syt_YWxpY2U_abcdefghijklmnopqrst_0abcde\r\nContent-Type: "
    "application/json\r\n"
    "Content-Length: 21\r\n\r\n{\"presence\":\"online\"}";

void parse(benchmark::State& s, const std::string& request) {
    const connection_limits limits;
    request_parser parser(limits);
    for ([[maybe_unused]] auto _ : s) {
        std::string_view bytes = request;
        if (parser.feed(bytes) != request_parser::progress::complete) {
            s.SkipWithError("the request is not complete");
            break;
        }
        parser.reset();
    }
    s.SetBytesProcessed(s.iterations() * static_cast<std::int64_t>(request.size()));
}
BENCHMARK_CAPTURE(parse, poll, poll)->Name("net/request_parser/poll_of_a_browser");
BENCHMARK_CAPTURE(parse, put, put)->Name("net/request_parser/put_with_a_body");

void head(benchmark::State& s) {
    std::string out;
    for ([[maybe_unused]] auto _ : s) {
        write_json_head(out, 1234, persistence::keep_alive_1_1);
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(head)->Name("net/response_head/write_json_head");

}  // namespace
