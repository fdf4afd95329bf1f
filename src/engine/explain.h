#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/engine.h"

namespace porchlight::engine {

// Why a user is shown as it is, and to how many; for whoever looks after the server, so that hiding
// is no secret here. The text is not in it, only its length.
struct explanation {
    struct device {
        device_key key;  // not valid(): stands for those before a restart
        presence::state asked = presence::state::offline;
        presence::state counts_as = presence::state::offline;
        std::size_t streams = 0, silent_streams = 0;      // open: marking it as present, and not
        std::optional<wall_time> grace_until, put_until;  // counts until then, without a stream
        std::optional<wall_time> idle_at;                 // unavailable from then on, by itself
        bool believed = false;                            // it says itself when it is idle
    };
    struct room {
        room_key key;
        std::size_t members = 0;
    };
    // Users of this server, each once; oneself is left out. Whoever sees by a room and by a list is
    // counted in both.
    struct audience {
        std::size_t total = 0, by_rooms = 0, by_lists = 0;
        std::size_t blocked = 0;  // of the total: see the user frozen
        bool at_least = false;    // there was more than is looked at
    };

    bool known = false;   // false: all of the rest is empty
    bool enabled = true;  // presence as a whole
    bool remote = false;  // of another server, which says what it is
    bool deactivated = false;
    bool hidden = false;
    bool currently_active = false;
    presence::state aggregate = presence::state::offline;  // hidden or not
    std::optional<wall_time> last_active;
    std::size_t text_bytes = 0;  // 0: no text
    std::optional<wall_time> text_expires;
    user_visibility visibility = user_visibility::everyone;
    std::size_t streams = 0;  // open now, of all devices
    std::vector<device> devices;
    std::size_t rooms_counting = 0, rooms_not_counting = 0;
    std::vector<room> rooms;  // that count, those with most members first; the rest is left out
    audience seen_by;
};

}  // namespace porchlight::engine
