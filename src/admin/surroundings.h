#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/unique_function.h"
#include "client_api/rate_limits.h"
#include "homeserver/accounts.h"
#include "homeserver/rooms.h"
#include "ports/http.h"

namespace porchlight::admin {

// How one other server is doing. What does not apply is absent or 0.
struct destination {
    std::string name;
    bool porchlight = false, in_flight = false;
    unsigned failures = 0;  // since the last success
    std::optional<base::wall_time> failing_since, retry_at, last_success;
    std::string last_failure;
    std::size_t list_messages = 0, pushes = 0, answers = 0, polls = 0, unpolls = 0;  // waiting
};

// What the process is made of, as the wiring sees it.
struct process_facts {
    std::uint64_t resident_bytes = 0;  // 0: not known
    double cpu_seconds = 0;            // of all its threads, since it began
    std::size_t connections = 0;
    std::size_t deciding_tasks = 0, net_tasks = 0, cold_tasks = 0;  // waiting
};

// What the admin API works with. Everything outlives it; the functions are called on the deciding
// thread.
struct surroundings {
    homeserver::services& services;
    homeserver::accounts& accounts;
    homeserver::rooms& rooms;
    client_api::rate_limits& limits;
    ports::http_sender& http;
    base::unique_function<process_facts()> process;
    // Other servers that something was to be told to: from which on, and how many at most.
    base::unique_function<std::vector<destination>(std::size_t from, std::size_t most)>
        destinations;
    // Users of other servers who see the user by a presence list.
    base::unique_function<std::size_t(base::user_key)> observers_elsewhere;
    std::string version;  // of this software
    base::mono_time started{};
};

}  // namespace porchlight::admin
