#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "ports/http_client.h"

// Sentences for an administrator, who reads them in a log at three in the morning.
namespace porchlight::net {

// "192.0.2.1 port 8448".
std::string place_text(const std::string& address, std::uint16_t port);
// "30 s", "250 ms".
std::string duration_text(base::milliseconds d);
// The connection ended, as opposed to failed.
bool is_end(const boost::system::error_code& e);
// Why `r` came to nothing on a connection to `server` that stood. Counts limits that were reached.
ports::client_failure failure_of(const boost::system::error_code& e, const std::string& server,
                                 const ports::client_request& r, std::size_t head_bytes_max);
// One failure of a request that was tried at several addresses. REQUIRES: not empty.
ports::client_failure joined(std::vector<ports::client_failure> attempts);

}  // namespace porchlight::net
