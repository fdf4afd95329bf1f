#pragma once

#include "client_api/routes.h"

namespace porchlight::client_api {

// From bytes to calls: finds the route, decodes path and query, parses the body, all on the net
// thread; authenticates and runs the endpoint on the deciding thread. Answers preflight by itself.
class dispatcher final : public ports::http_handler {
  public:
    explicit dispatcher(api& a);
    void on_request(const ports::http_request& r) override;
    void on_gone(ports::http_handle h) override;

  private:
    api& api_;
};

}  // namespace porchlight::client_api
