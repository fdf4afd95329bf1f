#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace porchlight::net::test {

// One response as it came over the wire.
struct wire_response {
    int status = 0;
    std::string head, body;
    // Value of a header, compared without case; nothing when absent.
    std::optional<std::string> header(std::string_view name) const;
};

// A blocking HTTP client on a real loopback socket. It never waits for a fixed time: each wait is
// for something that must come, and gives up after a bound that only a broken server reaches.
class test_client {
  public:
    explicit test_client(std::uint16_t port);
    ~test_client();
    test_client(test_client&& other) noexcept;
    test_client& operator=(test_client&&) = delete;

    bool connected() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }
    // All of it, or as much as the server takes before it closes.
    void send(std::string_view bytes);
    // Reads one response; nothing when the connection ends first. `has_body` false: after a HEAD.
    std::optional<wire_response> receive(bool has_body = true);
    std::optional<wire_response> ask(std::string_view request) {
        send(request);
        return receive();
    }
    // Everything until the connection ends.
    std::string receive_all();
    // True once the server has closed (or reset), with nothing more to read.
    bool closed_by_server();
    // Nothing is there to read at this moment.
    bool silent();
    // Sends our end, and goes on reading.
    void end_sending();
    // Closes; with `reset` the server sees an error rather than an end.
    void close(bool reset = false);

  private:
    bool fill();

    int descriptor_ = -1;
    std::string buffer_;
};

// "GET /x HTTP/1.1" with what it needs.
std::string get(std::string_view path, std::string_view more_headers = {});
std::string put(std::string_view path, std::string_view body);

}  // namespace porchlight::net::test
