#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace porchlight::homeserver {

// What part of something is asked for: from `first` to `last`, either of which may be open.
// Without a first: the last `last` bytes.
struct byte_range {
    std::optional<std::uint64_t> first, last;
};
struct byte_part {
    std::uint64_t offset = 0, bytes = 0;
};

// "bytes=0-99", "bytes=100-", "bytes=-100" (RFC 9110, 14.2). None for everything else, several
// ranges included: such a header is as good as absent.
std::optional<byte_range> parse_range(std::string_view header);
// None: the range lies outside.
std::optional<byte_part> part_of(const byte_range& r, std::uint64_t whole);

}  // namespace porchlight::homeserver
