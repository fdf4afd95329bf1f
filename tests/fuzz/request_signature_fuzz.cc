// The header by which servers sign requests: what is accepted is written and read again the same.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "matrix/identifier.h"
#include "matrix/request_signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace porchlight::matrix;
    const auto s = parse_request_signature({reinterpret_cast<const char*>(data), size});
    if (!s) {
        ASSERT(s.error().code == errc::unauthorized);
        return 0;
    }
    ASSERT(is_server_name(s->origin) && is_signing_key_id(s->key_id));
    const auto again = parse_request_signature(to_header(*s));
    ASSERT(again && again->origin == s->origin && again->destination == s->destination &&
           again->key_id == s->key_id && again->signature == s->signature);
    return 0;
}
