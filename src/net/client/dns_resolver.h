#pragma once

#include <memory>
#include <string>

#include "net/client/crossing.h"
#include "net/client/settings.h"
#include "ports/resolver.h"

namespace porchlight::net {

// Asks hosts files and name servers, by c-ares on the client's thread.
class dns_resolver final : public ports::resolver {
  public:
    // All references outlive this. `dns_servers` as in outgoing_settings. Throws start_error.
    dns_resolver(boost::asio::io_context& client, crossing& way, const std::string& dns_servers,
                 const outgoing_limits& limits);
    ~dns_resolver() override;
    dns_resolver(const dns_resolver&) = delete;
    dns_resolver& operator=(const dns_resolver&) = delete;

    // ports::resolver
    void addresses(std::string host, addresses_answer done) override;
    void services(std::string name, services_answer done) override;

    // Once the client's thread has ended, before `client` does. Callbacks are destroyed unrun.
    void close();

  private:
    struct impl;
    const std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::net
