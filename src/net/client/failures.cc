#include "net/client/failures.h"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

#include "net/metrics.h"

namespace porchlight::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using ports::client_error;
using ports::client_failure;
using ports::client_request;

// A name may lead to dozens of addresses; nobody reads on for so long.
constexpr std::size_t told_max = 3;
}  // namespace

std::string place_text(const std::string& address, std::uint16_t port) {
    return address + " port " + std::to_string(port);
}

std::string duration_text(base::milliseconds d) {
    return d.count() % 1000 == 0 ? std::to_string(d.count() / 1000) + " s"
                                 : std::to_string(d.count()) + " ms";
}

bool is_end(const boost::system::error_code& e) {
    return e == asio::error::eof || e == asio::ssl::error::stream_truncated ||
           e == http::error::end_of_stream || e == http::error::partial_message;
}

client_failure failure_of(const boost::system::error_code& e, const std::string& server,
                          const client_request& r, std::size_t head_bytes_max) {
    if (e == beast::error::timeout) {
        return {client_error::timed_out,
                "no whole answer of " + server + " within " + duration_text(r.timeout)};
    }
    if (e == http::error::body_limit) {
        metrics::client_response_bytes.reached();
        return {client_error::too_large, "the answer of " + server + " is longer than " +
                                             std::to_string(r.response_bytes_max) + " bytes"};
    }
    if (e == http::error::header_limit || e == http::error::buffer_overflow) {
        metrics::client_head_bytes.reached();
        return {client_error::too_large, "the head of the answer of " + server +
                                             " is longer than " + std::to_string(head_bytes_max) +
                                             " bytes"};
    }
    if (is_end(e)) {
        return {client_error::protocol, server + " ended the connection before its whole answer"};
    }
    if (e.category() == http::make_error_code(http::error::bad_version).category()) {
        return {client_error::protocol,
                "what " + server + " answered is no HTTP/1.1: " + e.message()};
    }
    if (e.category() == asio::error::get_ssl_category()) {
        return {client_error::certificate, "TLS with " + server + ": " + e.message()};
    }
    return {client_error::protocol, "the connection to " + server + " failed: " + e.message()};
}

// A server that was reached with the wrong certificate says more than one that is down.
client_failure joined(std::vector<client_failure> attempts) {
    client_failure all{attempts.back().what, {}};
    for (std::size_t n = 0; n < attempts.size(); ++n) {
        if (attempts[n].what == client_error::certificate) {
            all.what = client_error::certificate;
        }
        if (n < told_max) {
            all.sentence += (n == 0 ? "" : "; ") + attempts[n].sentence;
        }
    }
    if (attempts.size() > told_max) {
        all.sentence += "; and " + std::to_string(attempts.size() - told_max) + " more addresses";
    }
    return all;
}

}  // namespace porchlight::net
