#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/key.h"

namespace porchlight::homeserver {

// An observer and a subject: who is on whose list.
struct list_pair {
    base::user_key observer, subject;
    friend constexpr auto operator<=>(const list_pair&, const list_pair&) = default;
};

}  // namespace porchlight::homeserver

template <>
struct std::hash<porchlight::homeserver::list_pair> {
    std::size_t operator()(const porchlight::homeserver::list_pair& p) const noexcept {
        const auto both = std::uint64_t{p.observer.value} << 32 | p.subject.value;
        return std::hash<std::uint64_t>{}(both * 0x9e37'79b9'7f4a'7c15ULL);
    }
};
