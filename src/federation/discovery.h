#pragma once

#include <boost/assert/source_location.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/unique_function.h"
#include "federation/kept_names.h"
#include "federation/well_known.h"
#include "ports/clock.h"
#include "ports/http_client.h"
#include "ports/random.h"
#include "ports/resolver.h"

// Where other servers are (server-server API, "Server discovery").
namespace porchlight::federation {

struct discovery_settings {
    bool allow_private_addresses = false;
};

// Where a server is reached: places in the order to try.
struct server_place {
    std::vector<std::string> addresses;  // IP addresses in text, in the order to try; never empty
    std::uint16_t port = 0;
};
struct server_route {
    std::vector<server_place> places;  // never empty
    std::string tls_name;              // what the certificate must be for
    std::string host;                  // the Host header
    std::vector<std::string> steps;    // what was done, a sentence each, for administrators
};
struct discovery_failure {
    std::string sentence;  // for an administrator, without a full stop
    std::vector<std::string> steps;
};
// What value() throws when nobody looked; a programmer's error. Found by its argument's namespace.
[[noreturn]] void throw_exception_from_error(const discovery_failure& f,
                                             const boost::source_location& where);

// What was heard of a well-known file.
struct kept_well_known {
    well_known answer;
    base::mono_time asked{}, until{};  // good for what is asked before `until`
    unsigned failures = 0;             // in a row
};

class discovery_walk;

// Finds servers by their names and remembers where they are. Deciding thread.
// Invariants:
// 1. No address in a route, and none asked on the way, is one that is_public_address refuses, but
//    with allow_private_addresses.
// 2. One walk a name at a time; at most limits::discovery_walks_max in all.
// 3. At most limits::discovery_names_max names are remembered.
// Names are told apart as they are given: Example.org and example.org are two.
class discovery {
  public:
    // The ports must outlive it. Whoever waits when it is destroyed is not called.
    discovery(const discovery_settings& s, ports::resolver& resolver, ports::http_client& client,
              ports::clock& clock, ports::random& random);
    ~discovery();
    discovery(const discovery&) = delete;
    discovery& operator=(const discovery&) = delete;

    using answer = base::unique_function<void(base::result<server_route, discovery_failure>)>;
    // Calls `done` once, within the call when the answer is known. A route is good for
    // limits::route_keep and no longer than the well-known file it is by, a failure for
    // discovery_failure_keep_min and longer with each repetition. Takes at most as long as its
    // parts: the requests for a well-known file, well_known_timeout each, and what the resolver
    // takes. `done` may call find and forget, but not destroy this.
    void find(std::string_view server_name, answer done);
    // The place did not answer: the next find looks again, at the well-known file too unless that
    // was asked within limits::well_known_keep_min or its failure is still remembered.
    void forget(std::string_view server_name);

  private:
    struct known {  // of one name
        std::optional<base::result<server_route, discovery_failure>> outcome;
        base::mono_time until{};  // of the outcome
        unsigned failures = 0;    // in a row
        std::optional<kept_well_known> well_known;
    };
    struct under_way {
        std::shared_ptr<discovery_walk> walk;
        std::vector<answer> waiting;
    };
    void start(std::string_view server_name, answer done);
    void remember(const std::string& name, const base::result<server_route, discovery_failure>& r);

    const discovery_settings settings_;
    ports::resolver& resolver_;
    ports::http_client& client_;
    ports::clock& clock_;
    ports::random& random_;
    kept_names<known> names_;
    std::map<std::string, under_way, std::less<>> walks_;
};

}  // namespace porchlight::federation
