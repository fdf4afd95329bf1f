// Sync tokens: what is accepted is exactly what would have been made.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "engine/token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace porchlight::engine;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto t = parse_token(text)) {
        ASSERT(to_string(*t) == text);
    }
    return 0;
}
