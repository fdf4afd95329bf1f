#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/key.h"
#include "base/time.h"
#include "ports/store.h"

namespace porchlight::federation {

using base::user_key;
using server_key = base::key<struct server_tag>;  // one other server

// What a server knows of a subject here, as far as it matters. Whole seconds, so that it is small.
struct told {
    std::uint32_t sent_s = 0;         // of the monotonic clock
    std::uint32_t last_active_s = 0;  // since 1970; 0: never seen
    bool queued = false;              // the subject is in destination::waiting
    bool shows = false;               // the server was told of a state that is not offline
    bool parted = false;              // ... that it sees no more, which is not told again
    bool lowered = false;             // ... of online, for a state that not all servers take
};

// All that waits for one server, and how it is doing. See outbox.h.
struct destination {
    std::string name;
    std::vector<ports::list_message_row> messages;         // by position
    std::vector<user_key> waiting;                         // subjects to be pushed, in their order
    boost::unordered_flat_map<std::uint32_t, told> knows;  // by subject
    std::vector<std::vector<user_key>> answers;            // to polls
    std::vector<std::string> polls, unpolls;
    base::mono_time retry_at{}, attempted{}, pushed{}, failing_since{};
    base::mono_time timer{};  // when consider() comes; 0: not
    std::uint32_t failures = 0;
    std::optional<base::wall_time> succeeded{};  // last; in this run
    std::string why;                             // it failed last; empty: it never did
    bool in_flight = false;
    bool ready = false;       // in outbox::ready_
    bool porchlight = false;  // takes every state
    bool missed = false;      // presence was dropped: the next try makes it good

    bool has_urgent() const {
        return !messages.empty() || !answers.empty() || !polls.empty() || !unpolls.empty();
    }
    bool has_anything() const { return has_urgent() || !waiting.empty() || missed; }
};

}  // namespace porchlight::federation
