// HTTP requests, fed whole and in two halves: both must come to the same verdict.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "net/request_parser.h"

namespace {

using porchlight::net::request_parser;

struct outcome {
    request_parser::progress end = request_parser::progress::need_more;
    std::size_t requests = 0;
    bool operator==(const outcome&) const = default;
};

outcome feed(request_parser& parser, std::string_view part, outcome so_far) {
    while (!part.empty() && so_far.end != request_parser::progress::refused) {
        so_far.end = parser.feed(part);
        if (so_far.end == request_parser::progress::complete) {
            ++so_far.requests;
            parser.reset();
        }
    }
    return so_far;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const porchlight::net::connection_limits limits;
    request_parser whole(limits);
    const outcome at_once = feed(whole, bytes, {});
    ASSERT(whole.held_bytes() <= limits.head_bytes_max + limits.body_bytes_max);

    request_parser halves(limits);
    outcome in_two = feed(halves, bytes.substr(0, size / 2), {});
    in_two = feed(halves, bytes.substr(size / 2), in_two);
    ASSERT(in_two.requests == at_once.requests);
    return 0;
}
