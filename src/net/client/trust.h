#pragma once

#include <memory>
#include <optional>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

namespace porchlight::net {

// Whose certificates are believed. TLS 1.2 and newer. One thread.
class trust {
  public:
    // `ca_file`, if not empty, replaces the system's store. Throws start_error.
    trust(const std::string& ca_file, bool verify);
    ~trust();
    trust(const trust&) = delete;
    trust& operator=(const trust&) = delete;

    // A new session, the caller's to free, that expects a certificate for `name`: a host name, sent
    // as server name, too, or an IP address in text. Null: there can be no such host.
    ssl_st* session(const std::string& name) const;

  private:
    ssl_ctx_st* const context_;
    const bool verify_;
};

// What is wrong with the peer's certificate; nothing: it is believed, or none came.
std::optional<std::string> certificate_complaint(const ssl_st* session);

// More came from the peer than was read so far, a part of a record or TLS's end included.
bool holds_unread_bytes(const ssl_st* session);

}  // namespace porchlight::net
