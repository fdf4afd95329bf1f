#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace porchlight::base {

// A dense 32-bit key, distinct per Tag. Keys are row ids of the store; live tables index by them.
template <class Tag>
struct key {
    static constexpr std::uint32_t none_value = 0xffff'ffff;
    std::uint32_t value = none_value;

    constexpr key() = default;
    constexpr explicit key(std::uint32_t v) : value(v) {}
    constexpr bool valid() const { return value != none_value; }
    constexpr std::size_t index() const { return value; }
    friend constexpr auto operator<=>(const key&, const key&) = default;
};

using user_key = key<struct user_tag>;      // one Matrix user
using device_key = key<struct device_tag>;  // one device (= one access token) of a user
using room_key = key<struct room_tag>;      // one room

}  // namespace porchlight::base

template <class Tag>
struct std::hash<porchlight::base::key<Tag>> {
    std::size_t operator()(const porchlight::base::key<Tag>& k) const noexcept {
        return static_cast<std::size_t>(k.value) * 0x9e37'79b9'7f4a'7c15ULL;
    }
};
