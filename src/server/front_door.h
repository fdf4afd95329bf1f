#pragma once

#include "base/unique_function.h"
#include "pages/pages.h"
#include "ports/http.h"
#include "server/config.h"

namespace porchlight::server {

// First to see each request: /metrics, /health and the page are answered here, on the net thread;
// what other servers ask is federation's, everything else the client API's.
class front_door final : public ports::http_handler {
  public:
    // `healthy` may be called from any thread.
    front_door(ports::http_sender& http, ports::http_handler& client_api,
               ports::http_handler& federation, const config& c,
               base::unique_function<bool()> healthy);
    void on_request(const ports::http_request& r) override;
    void on_gone(ports::http_handle h) override;
    ports::body_permit long_body(std::string_view method, std::string_view target,
                                 std::string_view authorization) override;

  private:
    void metrics(const ports::http_request& r);
    void health(const ports::http_request& r);

    ports::http_sender& http_;
    ports::http_handler& client_api_;
    ports::http_handler& federation_;
    pages::pages pages_;
    const config& config_;
    base::unique_function<bool()> healthy_;
};

}  // namespace porchlight::server
