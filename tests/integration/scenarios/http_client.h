#pragma once

#include <atomic>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>

namespace porchlight::scenarios {

// One blocking keep-alive connection to the server under test on 127.0.0.1. `interrupt` may be
// called from another thread and makes a waiting `ask` return with status 0.
class http_client {
  public:
    explicit http_client(std::uint16_t port) : port_(port) {}
    ~http_client() { close(); }
    http_client(const http_client&) = delete;
    http_client& operator=(const http_client&) = delete;

    struct answer {
        int status = 0;  // 0: no connection, or it broke
        boost::json::value body;
    };
    // `target` with its query, already percent-encoded.
    answer ask(const std::string& method, const std::string& target, const std::string& token,
               const boost::json::value& body = nullptr);
    // The body of a GET as it is; empty when it could not be had.
    std::string text(const std::string& target);
    void interrupt();
    void close();

  private:
    struct raw_answer {
        int status = 0;
        std::string body;
    };
    raw_answer exchange(const std::string& request);
    bool connect();
    bool read_more(std::string& data);

    const std::uint16_t port_;
    std::atomic<int> socket_{-1};
};

std::string percent_encode(const std::string& text);

}  // namespace porchlight::scenarios
