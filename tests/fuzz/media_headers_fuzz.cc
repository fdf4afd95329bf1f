// Headers of media: a part lies within its whole, and a file name stays within its header.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "client_api/media/disposition.h"
#include "homeserver/media/byte_range.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace porchlight;
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const auto range = homeserver::parse_range(text)) {
        for (const std::uint64_t whole :
             {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
            if (const auto part = homeserver::part_of(*range, whole)) {
                ASSERT(part->bytes > 0 && part->offset < whole);
                ASSERT(part->bytes <= whole - part->offset);
            }
        }
    }
    const auto header = client_api::content_disposition(text, text);
    ASSERT(std::ranges::all_of(header, [](char c) { return c >= ' ' && c <= '~'; }));
    ASSERT(text.empty() || std::ranges::count(header, '"') == 2);
    ASSERT(header.find_first_of("/\\") == std::string::npos);
    ASSERT(header.starts_with("inline") == client_api::may_be_shown(text));
    return 0;
}
