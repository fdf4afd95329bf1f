#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/unique_function.h"
#include "pages/pages.h"
#include "ports/http.h"
#include "server/config.h"

namespace porchlight::server {

// First to see each request: /metrics, /health and the pages are answered here, on the net thread;
// what other servers ask is federation's, the admin API admin's, everything else the client API's.
class front_door final : public ports::http_handler {
  public:
    // Who is behind the door.
    struct handlers {
        ports::http_handler& client_api;
        ports::http_handler& federation;
        ports::http_handler* admin = nullptr;  // null: there is none
        // The listener that is for admin and its page alone; none: they are on all of them.
        std::optional<std::uint32_t> admin_listener = {};
    };
    // `healthy` may be called from any thread. Of `c` who may read /metrics and whether there is a
    // page are taken; who may read can change later.
    front_door(ports::http_sender& http, const handlers& h, const config& c,
               base::unique_function<bool()> healthy);
    // Any thread.
    void allow_metrics(metrics_for whom) { metrics_for_.store(whom, std::memory_order_relaxed); }
    void on_request(const ports::http_request& r) override;
    void on_gone(ports::http_handle h) override;
    ports::body_permit long_body(std::string_view method, std::string_view target,
                                 std::string_view authorization) override;

  private:
    void metrics(const ports::http_request& r);
    void health(const ports::http_request& r);

    ports::http_sender& http_;
    const handlers to_;
    pages::pages pages_;
    std::atomic<metrics_for> metrics_for_;
    const bool has_page_;
    base::unique_function<bool()> healthy_;
};

}  // namespace porchlight::server
