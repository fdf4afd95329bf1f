// Sync filters: whatever compiles can be asked, and a refusal says why.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "client_api/sync/filter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace porchlight::client_api;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto names = [](porchlight::base::user_key) {
        return std::string_view("@alice:porch.test");
    };
    const auto filter = compile_filter(text, names);
    if (filter.has_error()) {
        ASSERT(!filter.error().message.empty());
        return 0;
    }
    const sync_filter& f = **filter;
    const bool passes = f.presence.passes("m.presence", "@alice:porch.test");
    if (f.subjects) {
        ASSERT(!f.subjects->accepts(porchlight::base::user_key{0}) || passes);
    } else {
        ASSERT(passes);
    }
    (void)f.timeline.passes("m.room.message", "@alice:porch.test");
    (void)matches(text.substr(0, size / 2), text.substr(size / 2));
    return 0;
}
