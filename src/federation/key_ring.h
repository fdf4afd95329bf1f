#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "federation/key_document.h"
#include "federation/peer_requests.h"
#include "ports/clock.h"

namespace porchlight::federation {

// The keys of other servers, fetched from themselves and kept while they are valid. In memory: a
// start begins with none.
//
// Invariants: (1) at most one fetch a server is under way; (2) a server whose keys were fetched, or
// were not to be had, is not asked again before limits::key_refetch_min, doubling with each failure
// up to limits::key_refetch_max; (3) a key found is valid at that moment.
class key_ring {
  public:
    key_ring(peer_requests& requests, ports::clock& clock);

    // Any thread. None: not known, or no longer valid.
    std::optional<matrix::verify_key> find(std::string_view server, std::string_view key_id) const;
    // Deciding thread. `done` within the call, or once the keys were fetched. unauthorized: the
    // server has no such key; unavailable: it could not be asked.
    using answer = base::unique_function<void(matrix::outcome<matrix::verify_key>)>;
    void want(std::string_view server, std::string_view key_id, answer done);

  private:
    struct known {
        server_keys keys;
        base::mono_time may_ask{};  // again
        unsigned failures = 0;
    };
    struct waiting {
        std::string key_id;
        answer done;
    };
    void fetch(const std::string& server);
    void fetched(const std::string& server, base::result<peer_answer, peer_failure> got);
    void keep(const std::string& server, known k);

    peer_requests& requests_;
    ports::clock& clock_;
    mutable std::mutex mutex_;  // of known_ and order_
    std::map<std::string, known, std::less<>> known_;
    std::deque<std::string> order_;  // as they came; the oldest goes when there are too many
    std::unordered_map<std::string, std::vector<waiting>> waiting_;  // of each fetch under way
};

}  // namespace porchlight::federation
