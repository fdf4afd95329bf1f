// Identifiers: the parts of an accepted one make it up, and stay within its bytes.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/limits.h"
#include "matrix/identifier.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace porchlight::matrix;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto& [sigil, id] :
         {std::pair{'@', parse_user_id(text)}, std::pair{'#', parse_room_alias(text)}}) {
        if (id) {
            ASSERT(size <= porchlight::base::limits::id_bytes_max);
            ASSERT(sigil + std::string(id->localpart) + ":" + std::string(id->server) == text);
            ASSERT(is_server_name(id->server));
        }
    }
    if (is_room_id(text) || is_event_id(text)) {
        ASSERT(size <= porchlight::base::limits::id_bytes_max);
    }
    if (is_new_localpart(text)) {
        ASSERT(parse_user_id("@" + std::string(text) + ":h") || size + 3 > 255);
    }
    return 0;
}
