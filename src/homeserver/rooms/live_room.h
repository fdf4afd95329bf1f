#pragma once

#include <deque>
#include <string>

#include "base/unique_function.h"
#include "homeserver/rooms/room_state.h"

namespace porchlight::homeserver {

// What a room in use keeps beyond its record. Deciding thread only.
//
// The queue: a state change in flight blocks everything behind it, because what follows is
// authorised by the state it makes. A message in flight blocks nothing.
//
// The chain: an event's previous event and depth are those of the last event submitted, applied or
// not, so that messages need not wait for each other. Should a commit fail, events that were
// already chained on it keep a reference to an event that never was: previous events are
// informational here (the order is the log's, and rooms are not federated), and the next event
// chains on one applied.
struct live_room {
    explicit live_room(matrix::room_version version) : state(version) {}
    struct step {
        bool is_state = false;
        base::unique_function<void(live_room&)> start;  // calls impl::ended exactly once, or later
    };
    room_state state;
    std::string head, applied_head;  // event ids: last submitted, last applied
    std::uint64_t depth = 0;         // of head
    std::deque<step> waiting;
    std::size_t in_flight = 0;
    bool state_in_flight = false;
    bool pumping = false;
};

}  // namespace porchlight::homeserver
