#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "base/assert.h"
#include "base/key.h"
#include "base/time.h"
#include "engine/room_list.h"
#include "presence/user.h"
#include "presence/visibility.h"

// The tables of users: a compact record for everyone known, a live_user for who has a device, a
// stream or a deadline. Deciding thread only.
namespace porchlight::engine {

using base::instant;
using base::mono_time;
using base::room_key;
using base::user_key;

inline constexpr std::uint32_t no_index = 0xffff'ffff;

inline constexpr std::int64_t never_active = std::numeric_limits<std::int64_t>::min();

// What is kept of every known user. Nothing is added here without a line in docs/internals.
struct user_record {
    std::int64_t last_active = never_active;  // unix ms
    room_list rooms;
    std::uint32_t live = no_index;                     // index of the live_user
    presence::state saved = presence::state::offline;  // aggregate, as last told to the store
    bool known : 1 = false;
    bool deactivated : 1 = false;
    bool unsaved : 1 = false;        // on the list of what is to be saved
    bool interesting : 1 = false;    // others see more than a bare offline
    bool resting : 1 = false;        // has a row in the table of resting users
    bool saved_behind : 1 = false;   // a status row of it was written behind in this run
    bool is_observer : 1 = false;    // on a presence list somebody accepted this user
    bool has_observers : 1 = false;  // ... this user accepted somebody
    bool is_blocked : 1 = false;     // by somebody
    bool remote : 1 = false;         // of another server: `saved` is what that says, the text rests
    bool remote_active : 1 = false;  // ... and whether it is currently active
    bool exported : 1 = false;       // other servers are told of its changes
    presence::user_visibility visibility : 2 = presence::user_visibility::everyone;
};
static_assert(sizeof(user_record) <= 48, "1 M known users: see docs/internals/engine.md");

// A user with a device that counts, a session or a deadline.
struct live_user {
    live_user(user_key u, const presence::settings& s, presence::saved_state saved)
        : user(u), core(s, std::move(saved)) {}

    user_key user;
    presence::user core;
    std::uint32_t first_session = no_index;  // chained through session::next_of_user
    std::uint32_t session_count = 0;
    std::uint32_t puts = 0;              // PUTs so far, so that a resumed poll does not undo one
    bool counted_online = false;         // in counts::users_online
    std::uint64_t pass = 0;              // epoch of the last fan-out that reached this user
    std::uint64_t self_changed = 0;      // position of the last change only the user sees
    mono_time armed = mono_time::max();  // the entry of the wheel that is valid
    // After a restart the state of before counts until then, and for the grace from then on.
    std::optional<mono_time> hold_until;
};

// Texts and hiding of users who are not live.
struct resting_user {
    presence::saved_state saved;
    std::uint64_t self_changed = 0;
};

}  // namespace porchlight::engine
