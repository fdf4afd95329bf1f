#include "client_api/call.h"

#include <array>
#include <boost/json/serialize.hpp>

#include "base/assert.h"
#include "base/metrics.h"

namespace porchlight::client_api {

namespace {

base::metrics::counter& responses(int status) {
    constexpr auto name = "porchlight_client_requests_total";
    constexpr auto help = "Answers of the client API, by class of status.";
    static base::metrics::counter success{name, help, "status=\"2xx\""};
    static base::metrics::counter refused{name, help, "status=\"4xx\""};
    static base::metrics::counter failed{name, help, "status=\"5xx\""};
    return status < 400 ? success : status < 500 ? refused : failed;
}
// Registered before the first request, so that /metrics shows them from the start.
[[maybe_unused]] const bool registered = (responses(200), true);

constexpr base::milliseconds unavailable_retry = std::chrono::seconds{1};

}  // namespace

void count_response(int status) {
    responses(status).add();
}

ports::http_response error_response(const failure& f) {
    failure told = f;
    if (told.code == errc::unavailable && !told.retry_after) {
        told.retry_after = unavailable_retry;
    }
    ports::http_response r;
    r.status = matrix::describe(told.code).status;
    r.body = matrix::to_json(told);
    if (told.retry_after) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(*told.retry_after);
        r.headers.emplace_back("Retry-After", std::to_string(seconds.count()));
    }
    return r;
}

const std::string* call::parameter(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) {
            return &value;
        }
    }
    return nullptr;
}

void call::reply(json::value v, int status) {
    reply_text(json::serialize(v), status);
}

void call::reply_text(std::string text, int status) {
    ports::http_response r;
    r.status = status;
    r.body = std::move(text);
    send(std::move(r));
}

void call::refuse(const failure& f) {
    send(error_response(f));
}

void call::send(ports::http_response r) {
    ASSERT(!answered_);
    answered_ = true;
    count_response(r.status);
    server.http.respond(handle, std::move(r));
}

homeserver::completion<void> answer_empty(call_ptr c) {
    return [c = std::move(c)](outcome<void> r) {
        if (r) {
            c->reply_text("{}");
        } else {
            c->refuse(r.error());
        }
    };
}

}  // namespace porchlight::client_api
