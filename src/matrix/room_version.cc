#include "matrix/room_version.h"

#include <algorithm>
#include <array>

namespace porchlight::matrix {
namespace {

constexpr std::array<std::string_view, 11> names = {"1", "2", "3", "4",  "5", "6",
                                                    "7", "8", "9", "10", "11"};

}  // namespace

std::optional<room_version> room_version::parse(std::string_view text) {
    const auto found = std::ranges::find(names, text);
    if (found == names.end()) {
        return std::nullopt;
    }
    return room_version{static_cast<int>(found - names.begin()) + 1};
}

std::span<const std::string_view> room_version::all() {
    return names;
}

}  // namespace porchlight::matrix
