#pragma once

#include <memory>
#include <string_view>

#include "ports/http.h"

namespace porchlight::admin {

struct surroundings;

// The admin API, /_porchlight/admin/v1/: docs/admin-api.md. Paths are taken apart on the net
// thread, all else happens on the deciding thread. No answer may be read by pages of other origins.
class api final : public ports::http_handler {
  public:
    // `token` opens it.
    api(surroundings s, std::string_view token);
    ~api() override;

    static bool is_for(std::string_view path);
    void on_request(const ports::http_request& r) override;
    void on_gone(ports::http_handle) override {}

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::admin
