#include "server/front_door.h"

#include "admin/api.h"
#include "admin/health.h"
#include "admin/metrics_text.h"
#include "federation/inbound.h"

namespace porchlight::server {

namespace {

bool is_loopback(std::string_view address) {
    return address == "::1" || address.starts_with("127.") || address.starts_with("::ffff:127.");
}

ports::http_response error(int status, std::string_view errcode, std::string_view sentence) {
    ports::http_response r;
    r.status = status;
    r.body = R"({"errcode":")" + std::string(errcode) + R"(","error":")" + std::string(sentence) +
             R"("})";
    return r;
}

}  // namespace

front_door::front_door(ports::http_sender& http, const handlers& h, const config& c,
                       base::unique_function<bool()> healthy)
    : http_(http),
      to_(h),
      pages_(http),
      metrics_for_(c.metrics),
      has_page_(c.page),
      healthy_(std::move(healthy)) {}

void front_door::on_request(const ports::http_request& r) {
    const bool for_admin = admin::api::is_for(r.path) || pages::pages::is_operators(r.path);
    const bool on_own = to_.admin_listener && *to_.admin_listener == r.listener;
    const bool admin_is_here = to_.admin != nullptr && (!to_.admin_listener || on_own);
    if (for_admin ? !admin_is_here : on_own && !pages::pages::is_asset(r.path)) {
        http_.respond(r.handle, error(404, "M_UNRECOGNIZED", "There is nothing at this path."));
    } else if (to_.admin != nullptr && admin::api::is_for(r.path)) {
        to_.admin->on_request(r);
    } else if (r.path == "/metrics") {
        metrics(r);
    } else if (r.path == "/health") {
        health(r);
    } else if (federation::inbound::is_for(r.path)) {
        to_.federation.on_request(r);
    } else if (has_page_ && pages_.is_for(r.path)) {
        pages_.on_request(r);
    } else {
        to_.client_api.on_request(r);
    }
}

void front_door::on_gone(ports::http_handle h) {
    to_.client_api.on_gone(h);
}

ports::body_permit front_door::long_body(std::string_view method, std::string_view target,
                                         std::string_view authorization) {
    return to_.client_api.long_body(method, target, authorization);
}

void front_door::metrics(const ports::http_request& r) {
    const metrics_for whom = metrics_for_.load(std::memory_order_relaxed);
    const bool allowed = whom == metrics_for::everyone ||
                         (whom == metrics_for::loopback && is_loopback(r.peer_address));
    if (!allowed) {
        http_.respond(r.handle,
                      error(403, "M_FORBIDDEN",
                            "server.metrics says who may read this; your address may not."));
        return;
    }
    if (r.method != "GET") {
        http_.respond(r.handle, error(405, "M_UNRECOGNIZED", "Metrics are read with GET."));
        return;
    }
    ports::http_response answer;
    answer.body = admin::metrics_text();
    answer.content_type = admin::metrics_content_type;
    http_.respond(r.handle, std::move(answer));
}

void front_door::health(const ports::http_request& r) {
    const bool good = healthy_();
    const admin::health_check checks[] = {
        {"store", good, good ? "" : "commits fail: the disk may be full, read-only or broken"}};
    admin::health_answer found = admin::health(checks);
    ports::http_response answer;
    answer.status = found.status;
    answer.body = std::move(found.body);
    http_.respond(r.handle, std::move(answer));
}

}  // namespace porchlight::server
