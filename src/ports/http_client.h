#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/unique_function.h"

// Requests to other servers. Whoever asks has resolved the name already and looked at where it
// leads: an adapter connects to the addresses given and to nothing else.
namespace porchlight::ports {

struct client_request {
    std::vector<std::string> addresses;  // IP addresses in text, tried in this order
    std::uint16_t port = 443;
    // What the certificate must be for, and what is sent as server name: a host name, or an IP
    // address in text (then no server name is sent).
    std::string tls_name;
    std::string host;  // the Host header
    std::string method = "GET";
    std::string target = "/";  // path and query
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};  // sent as application/json; empty: none
    std::size_t response_bytes_max = 64 * 1024;
    base::milliseconds timeout = std::chrono::seconds{30};  // from the call to the last byte
    bool keep_alive = false;  // further requests like this are to be expected
};

struct client_response {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers = {};  // names in lower case
    std::string body = {};
    // The value of the first header of that name (lower case); null: there is none.
    const std::string* header(std::string_view name) const {
        for (const auto& [n, value] : headers) {
            if (n == name) {
                return &value;
            }
        }
        return nullptr;
    }
};

enum class client_error : std::uint8_t {
    unreachable,  // no address could be connected to
    certificate,  // TLS failed, or the certificate is not for tls_name
    timed_out,    // no whole answer within the time
    too_large,    // the answer has more than response_bytes_max
    protocol,     // what came is no HTTP/1.1, or the connection ended within it
    overloaded,   // limits::client_requests_max are under way
};
struct client_failure {
    client_error what = client_error::unreachable;
    std::string sentence;  // for an administrator: what was tried, and what came of it
};

class http_client {
  public:
    using answer = base::unique_function<void(base::result<client_response, client_failure>)>;
    virtual ~http_client() = default;
    // Always TLS. Deciding thread; `done` is called there once, later than the call. Redirects are
    // answers like others. Requests to one place share connections and don't wait for each other.
    virtual void send(client_request r, answer done) = 0;
};

// What value() throws when nobody looked; a programmer's error. Found by its argument's namespace.
[[noreturn]] inline void throw_exception_from_error(const client_failure& f,
                                                    const boost::source_location&) {
    throw std::runtime_error(f.sentence);
}

}  // namespace porchlight::ports
