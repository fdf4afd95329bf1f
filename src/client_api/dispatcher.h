#pragma once

#include <memory>

#include "client_api/routes.h"

namespace porchlight::client_api {

class route_table;

// From bytes to calls: finds the route, decodes path and query, parses the body, all on the net
// thread; authenticates and runs the endpoint on the deciding thread. Answers preflight by itself.
class dispatcher final : public ports::http_handler {
  public:
    explicit dispatcher(api& a);
    dispatcher(api& a, std::span<const route> table);  // another table than routes()
    ~dispatcher() override;
    void on_request(const ports::http_request& r) override;
    void on_gone(ports::http_handle h) override;
    // Uploads may be long, for those who show a token; whether it is good is seen when they are in.
    ports::body_permit long_body(std::string_view method, std::string_view target,
                                 std::string_view authorization) override;

  private:
    void refuse(ports::http_handle h, const failure& f);

    api& api_;
    const std::uint64_t upload_bytes_max_;  // as at the start: other threads read it
    std::unique_ptr<const route_table> table_;
};

}  // namespace porchlight::client_api
