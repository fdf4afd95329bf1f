#pragma once

#include <sys/socket.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "load/http.h"
#include "net/client/trust.h"

namespace porchlight::load {

// The load cannot be made; what() is a sentence for who started it.
struct failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A base URL taken apart: http or https, a host, perhaps a port and a path.
struct base_url {
    bool https = false;
    std::string host;  // without brackets
    std::string port;
    std::string path;       // without a slash at its end
    std::string authority;  // as in the URL: the Host header

    // Throws failure: what is wrong and what is allowed.
    static base_url parse(const std::string& text);
};

// Where a server is and how it is spoken to.
struct endpoint {
    sockaddr_storage address{};
    socklen_t address_bytes = 0;
    std::string tls_name;
    std::unique_ptr<net::trust> trust;  // null: plain
    request_frame frame;

    // Looks the name up (blocking). `ca_file` empty: the system's authorities; `verify` false: any
    // certificate is believed. Throws failure or net::start_error.
    static endpoint resolve(const base_url& url, const std::string& ca_file, bool verify);
};

}  // namespace porchlight::load
