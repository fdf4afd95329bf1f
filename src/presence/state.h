#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace porchlight::presence {

// The order is the availability order; busy wins over it.
enum class state : std::uint8_t { offline, unavailable, online, free_for_chat, busy };

struct settings {
    base::milliseconds idle_timeout = std::chrono::minutes{5};  // 0: never auto-idle
    base::milliseconds offline_grace = std::chrono::seconds{30};
    base::milliseconds active_window = std::chrono::seconds{60};
};

// What one user sees of another (or of oneself).
struct view {
    state shown = state::offline;
    bool hidden = false;  // only in one's own view: shown as "hidden"
    bool currently_active = false;
    std::optional<base::wall_time> last_active{};  // none: never seen
    std::string text{};                            // empty: none
    friend bool operator==(const view&, const view&) = default;
};

// A PUT /presence/{userId}/status, validated.
struct put_request {
    std::optional<state> asked{};                   // none when `hide`
    bool hide = false;                              // presence: "hidden"
    bool unhide = false;                            // io.porchlight.unhide
    std::optional<std::string> text{};              // none: keep; empty: clear
    std::optional<base::wall_time> text_expires{};  // with a text only
};

// What a stream asks with set_presence.
struct stream_request {
    bool marks = true;             // false: set_presence=offline
    std::optional<state> asked{};  // none: the parameter was absent
};

}  // namespace porchlight::presence
