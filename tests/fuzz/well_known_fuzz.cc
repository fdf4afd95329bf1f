// What other servers say of where they are: kept within its limits, and nothing that is read from
// it can end a line of a request or lead around the check of a name. Three lines (Cache-Control,
// Expires, Location), then the body.
#include "federation/well_known.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "base/limits.h"
#include "federation/address_policy.h"
#include "federation/server_name_parts.h"
#include "federation/web_place.h"

namespace {

using namespace porchlight;

void check_name(const federation::server_name_parts& name) {
    ASSERT(!name.host.empty() && name.host.size() <= name.text.size());
    ASSERT(name.text.find(name.host) != std::string::npos);
    ASSERT(std::ranges::all_of(name.text, [](char c) { return c > ' ' && c <= '~'; }));
    ASSERT(name.text.find_first_of("/@?#%\\") == std::string::npos);
    ASSERT(name.is_address || !federation::is_public_address(name.host));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace limits = base::limits;
    std::string rest(reinterpret_cast<const char*>(data), size);
    std::array<std::string, 3> lines;
    for (std::string& line : lines) {
        const auto end = std::min(rest.find('\n'), rest.size());
        line = rest.substr(0, end);
        rest.erase(0, end + 1);
    }
    const auto answer = federation::read_well_known(
        {200, {{"cache-control", lines[0]}, {"expires", lines[1]}}, rest},
        base::from_unix_ms(1'700'000'000'000), static_cast<unsigned>(size));
    if (answer.delegated) {
        ASSERT(answer.keep >= limits::well_known_keep_min);
        ASSERT(answer.keep <= limits::well_known_keep_max);
        const auto name = federation::split_server_name(*answer.delegated);
        ASSERT(name);
        check_name(*name);
    } else {
        ASSERT(answer.keep >= limits::well_known_error_keep_min);
        ASSERT(answer.keep <= limits::well_known_error_keep_max);
        ASSERT(!answer.why_not.empty());
    }
    const auto place =
        federation::read_location("https://a.example/.well-known/matrix/server", lines[2]);
    if (place) {
        check_name(place->where);
        ASSERT(place->port != 0 && place->target.starts_with('/'));
        ASSERT(std::ranges::all_of(place->target, [](char c) { return c > ' ' && c <= '~'; }));
        // Read again, it is the same: so a circle is seen.
        const auto again = federation::read_location(place->url, place->url);
        ASSERT(again && again->url == place->url);
        ASSERT(again->where.text == place->where.text && again->target == place->target);
    }
    return 0;
}
