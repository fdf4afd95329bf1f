#include "homeserver/passwords.h"

#include <sodium.h>

#include <array>
#include <memory>

#include "base/assert.h"
#include "base/limits.h"
#include "base/metrics.h"

namespace porchlight::homeserver {

namespace {

base::metrics::counter queue_full{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                  "limit=\"password_queue\""};

}  // namespace

std::optional<std::string> hash_password(std::string_view password, std::uint64_t ops,
                                         std::size_t memory) {
    ASSERT(sodium_init() >= 0);
    std::array<char, crypto_pwhash_STRBYTES> hash{};
    if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), ops, memory,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return std::nullopt;
    }
    return std::string{hash.data()};
}

bool password_matches(const std::string& hash, std::string_view password) {
    ASSERT(sodium_init() >= 0);
    return !hash.empty() &&
           crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

bool password_worker::run(ports::task work, ports::task done) {
    job j{std::move(work), std::move(done)};
    if (running_ < base::limits::password_hashes_at_once) {
        return start(std::move(j));
    }
    if (waiting_.size() >= base::limits::password_queue_max) {
        queue_full.add();
        return false;
    }
    waiting_.push_back(std::move(j));
    return true;
}

bool password_worker::start(job j) {
    ++running_;
    auto shared = std::make_shared<job>(std::move(j));
    const bool queued = cold_.run([this, shared] {
        shared->work();
        decider_.post([this, shared] {
            finished();
            shared->done();
        });
    });
    if (!queued) {
        --running_;
    }
    return queued;
}

void password_worker::finished() {
    --running_;
    while (!waiting_.empty() && running_ < base::limits::password_hashes_at_once) {
        job next = std::move(waiting_.front());
        waiting_.pop_front();
        auto shared = std::make_shared<job>(std::move(next));
        if (!start(job{[shared] { shared->work(); }, [shared] { shared->done(); }})) {
            // The pool is full: the caller learns it from work that never ran.
            decider_.post([shared] { shared->done(); });
        }
    }
}

}  // namespace porchlight::homeserver
