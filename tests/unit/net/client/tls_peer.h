#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "unit/net/test_certificate.h"

struct ssl_st;
struct ssl_ctx_st;

namespace porchlight::net::test {

// What another server was asked.
struct heard_request {
    std::string head, body;
    std::size_t connection = 1, number = 1;  // which connection, and which request on it
    std::string server_name;                 // that TLS named; empty: none
};

// What it does then.
struct reaction {
    std::string bytes;
    enum class next {
        listens,
        ends,      // says TLS's end and waits for the client's
        vanishes,  // closes without a word
    } then = next::listens;
};

// Another server: TLS on 127.0.0.1, each connection on a thread of its own, with answers that the
// test writes byte for byte.
class tls_peer {
  public:
    // `script` runs on the connections' threads.
    using script = std::function<reaction(const heard_request&)>;
    tls_peer(const certificate& c, script s);
    ~tls_peer();
    tls_peer(const tls_peer&) = delete;
    tls_peer& operator=(const tls_peer&) = delete;

    std::uint16_t port() const { return port_; }
    std::vector<heard_request> heard();
    // All connections that were opened, also those on which TLS failed.
    std::size_t connections();
    // Sends the end of TCP on all connections, and goes on listening.
    void end_sending();
    // Waits until that many connections were ended, by whomever. False: they were not.
    bool wait_for_ended(std::size_t count);
    bool wait_for_heard(std::size_t count);

  private:
    void accept_all();
    void serve(int descriptor, std::size_t connection);
    void talk(ssl_st* tls, std::size_t connection);
    bool read_request(ssl_st* tls, std::string& buffer, heard_request& r);

    std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
    const script script_;
    int listening_ = -1;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<heard_request> heard_;
    std::vector<int> open_;
    std::size_t ended_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
    std::thread accepting_;
};

// An answer with all it needs.
std::string ok(const std::string& body, const std::string& more_headers = {});

}  // namespace porchlight::net::test
