#pragma once

#include <cstdint>
#include <optional>

#include "presence/state.h"

namespace porchlight::engine {

// presence_row::state: the aggregate in the low four bits, and whether observers were told that the
// user is currently active, so that its end over a restart is told too.
struct saved_presence {
    presence::state state = presence::state::offline;
    bool active = false;

    constexpr std::uint8_t byte() const {
        return static_cast<std::uint8_t>(static_cast<unsigned>(state) | (active ? 0x10U : 0U));
    }
    // None: no such state.
    static constexpr std::optional<saved_presence> of(std::uint8_t byte) {
        if ((byte & 0x0fU) > static_cast<unsigned>(presence::state::busy) || byte > 0x1fU) {
            return std::nullopt;
        }
        return saved_presence{static_cast<presence::state>(byte & 0x0fU), (byte & 0x10U) != 0};
    }
};

}  // namespace porchlight::engine
