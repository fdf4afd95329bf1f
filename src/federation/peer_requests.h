#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "base/unique_function.h"

namespace porchlight::federation {

namespace json = boost::json;

// A request to another server, by its name.
struct peer_request {
    std::string server;
    std::string method = "GET";
    std::string target;                    // path and query
    std::optional<json::value> body = {};  // REQUIRES: it has canonical JSON
    bool is_signed = true;                 // with an X-Matrix header
    base::milliseconds timeout = std::chrono::seconds{30};
    std::size_t response_bytes_max = 64 * 1024;
    bool keep_alive = false;  // more like this will follow
};
struct peer_answer {
    int status = 0;
    std::string body;
};
struct peer_failure {
    std::string sentence;  // for an administrator
};
[[noreturn]] inline void throw_exception_from_error(const peer_failure& f,
                                                    const boost::source_location&) {
    throw std::runtime_error(f.sentence);
}

// Deciding thread only.
class peer_requests {
  public:
    using answer = base::unique_function<void(base::result<peer_answer, peer_failure>)>;
    virtual ~peer_requests() = default;
    // `done` is called once, later than the call. Any status is an answer.
    virtual void send(peer_request r, answer done) = 0;
};

}  // namespace porchlight::federation
