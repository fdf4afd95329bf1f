#pragma once

#include <memory>

#include "net/client/crossing.h"
#include "net/client/settings.h"
#include "net/client/trust.h"
#include "ports/http_client.h"

namespace porchlight::net {

// The requests under way to other servers and the connections that wait for the next ones; each
// request is a coroutine on the client's thread.
class exchanges {
  public:
    // All references outlive this. `client` runs on one thread.
    exchanges(boost::asio::io_context& client, crossing& way, const trust& believed,
              const outgoing_limits& limits);
    ~exchanges();
    exchanges(const exchanges&) = delete;
    exchanges& operator=(const exchanges&) = delete;

    // Deciding thread. See ports::http_client::send.
    void begin(ports::client_request r, ports::http_client::answer done);
    // Once the client's thread has ended: closes what waits. What is under way ends with `client`.
    void close();

  private:
    struct impl;
    const std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::net
