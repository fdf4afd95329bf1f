#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "homeserver/services.h"

namespace porchlight::homeserver {

// Argon2id, as libsodium's "$argon2id$..." string. None when memory ran out. Any thread; slow.
std::optional<std::string> hash_password(std::string_view password, std::uint64_t ops,
                                         std::size_t memory);
// An empty hash matches nothing. Any thread; slow.
bool password_matches(const std::string& hash, std::string_view password);

// Runs work that hashes on the cold pool, at most limits::password_hashes_at_once at a time; up to
// limits::password_queue_max wait. Deciding thread only.
class password_worker {
  public:
    password_worker(ports::executor& decider, ports::cold_pool& cold)
        : decider_(decider), cold_(cold) {}
    // `work` runs on a cold thread, `done` then on the deciding one. False and nothing run when too
    // many wait.
    [[nodiscard]] bool run(ports::task work, ports::task done);

  private:
    struct job {
        ports::task work, done;
    };
    bool start(job j);
    void finished();

    ports::executor& decider_;
    ports::cold_pool& cold_;
    std::size_t running_ = 0;
    std::deque<job> waiting_;
};

}  // namespace porchlight::homeserver
