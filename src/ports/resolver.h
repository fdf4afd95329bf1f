#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_function.h"

// Names of the Internet.
namespace porchlight::ports {

// RFC 2782.
struct service_record {
    std::uint16_t priority = 0, weight = 0, port = 0;
    std::string target;  // without a dot at the end; "" (written "."): the service is not offered
};

struct resolve_failure {
    std::string sentence;  // for an administrator
};

class resolver {
  public:
    using addresses_answer =
        base::unique_function<void(base::result<std::vector<std::string>, resolve_failure>)>;
    using services_answer =
        base::unique_function<void(base::result<std::vector<service_record>, resolve_failure>)>;
    virtual ~resolver() = default;

    // Deciding thread; `done` is called there once, later than the call. An empty answer: there is
    // no such name, or none of that kind. A failure: nobody could be asked, or no answer came.

    // IPv6 and IPv4 addresses in text, in the order in which to try them; hosts files count.
    virtual void addresses(std::string host, addresses_answer done) = 0;
    // SRV records of e.g. "_matrix-fed._tcp.example.org", in no order.
    virtual void services(std::string name, services_answer done) = 0;
};

// What value() throws when nobody looked; a programmer's error. Found by its argument's namespace.
[[noreturn]] inline void throw_exception_from_error(const resolve_failure& f,
                                                    const boost::source_location&) {
    throw std::runtime_error(f.sentence);
}

}  // namespace porchlight::ports
