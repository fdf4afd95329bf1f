#pragma once

#include <cstdint>
#include <string>

#include "base/unique_function.h"
#include "engine/engine.h"
#include "matrix/error.h"
#include "ports/clock.h"
#include "ports/executor.h"
#include "ports/random.h"
#include "ports/store.h"
#include "presence/consent.h"

namespace porchlight::homeserver {

using base::device_key;
using base::instant;
using base::room_key;
using base::user_key;
using base::wall_time;
using matrix::failure;
using matrix::outcome;

enum class registration : std::uint8_t { closed, token, open };

struct media_settings {
    std::size_t upload_bytes_max = 20 * 1024 * 1024;
    std::uint64_t user_bytes_max = std::uint64_t{1} << 30;  // of one user's uploads; 0: no limit
    std::uint64_t user_count_max = 20'000;                  // uploads of one user; 0: no limit
    bool legacy_reading = false;                            // without a token, as before 2024
};

struct settings {
    std::string server_name;
    registration registration_mode = registration::closed;
    std::string registration_token;  // registration::token only
    std::uint64_t argon2_ops = 2;
    std::size_t argon2_memory = 19 * 1024 * 1024;  // bytes
    // Of access tokens that come with a refresh token; others don't expire.
    base::milliseconds access_token_lifetime = std::chrono::hours{1};
    bool typing_is_activity = true;  // typing and read receipts count as activity
    bool profile_needs_token = false;
    std::string default_room_version = "10";
    // Presence lists: who has not said otherwise accepts so.
    presence::auto_accept auto_accept = presence::auto_accept::never;
    std::size_t incoming_invites_max = 1000;  // waiting, a user and inviting server
    media_settings media;
};

// Who makes a request.
struct caller {
    user_key user;
    device_key device;
};

// Called once, on the deciding thread, later than the call that took it or within it.
template <class T>
using completion = base::unique_function<void(outcome<T>)>;

class durable_log;

// What every service of the homeserver works with. Outlives them all.
struct services {
    const settings& config;
    ports::executor& decider;
    ports::cold_pool& cold;
    ports::store_reader& store;  // from the cold pool, or at start
    ports::clock& clock;
    ports::random& random;
    engine::engine& engine;
    durable_log& log;
};

}  // namespace porchlight::homeserver
