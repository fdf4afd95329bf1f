// JSON from outside: what is accepted can be written and read again unchanged, and canonical JSON
// of it, where it exists, is a fixed point.
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "matrix/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace porchlight::matrix;
    const auto value = parse_json({reinterpret_cast<const char*>(data), size});
    if (value.has_error()) {
        ASSERT(value.error().code == errc::not_json || value.error().code == errc::bad_json ||
               value.error().code == errc::too_large);
        return 0;
    }
    const auto again = parse_json(boost::json::serialize(*value));
    ASSERT(again.has_value());
    if (const auto canonical = canonical_json(*value); canonical.has_value()) {
        const auto read = parse_json(*canonical);
        ASSERT(read.has_value() && *canonical_json(*read) == *canonical);
    }
    return 0;
}
