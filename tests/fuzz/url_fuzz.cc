// Paths and queries: what is accepted holds no NUL, and no more bytes than came in.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "client_api/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace porchlight::client_api;
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const auto segments = split_path("/" + text)) {
        std::size_t bytes = 0;
        for (const std::string& s : *segments) {
            ASSERT(s.find('\0') == std::string::npos);
            bytes += s.size();
        }
        ASSERT(bytes <= size);
    }
    if (const auto parameters = split_query(text)) {
        std::size_t bytes = 0;
        for (const auto& [name, value] : *parameters) {
            ASSERT(name.find('\0') == std::string::npos && value.find('\0') == std::string::npos);
            bytes += name.size() + value.size();
        }
        ASSERT(bytes <= size);
    }
    return 0;
}
