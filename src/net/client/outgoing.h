#pragma once

#include <memory>

#include "net/client/settings.h"
#include "net/start_error.h"
#include "ports/executor.h"
#include "ports/http_client.h"
#include "ports/resolver.h"

namespace porchlight::net {

// What the server asks of others: requests over HTTPS and names, on one thread of its own.
// Life: construct, stop, destroy. send() and the resolver are for the deciding thread.
class outgoing final : public ports::http_client {
  public:
    // `decider` outlives this; it runs all callbacks. Throws start_error.
    outgoing(const outgoing_settings& s, ports::executor& decider);
    ~outgoing() override;
    outgoing(const outgoing&) = delete;
    outgoing& operator=(const outgoing&) = delete;

    // ports::http_client
    void send(ports::client_request r, answer done) override;
    ports::resolver& resolver();

    // Ends the thread and all connections. Callbacks of what is under way are destroyed unrun; once
    // this was called on the deciding thread, none runs. What is asked afterwards is dropped, too.
    // Any thread. Idempotent.
    void stop();

  private:
    struct impl;
    const std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::net
