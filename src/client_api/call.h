#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "homeserver/accounts.h"
#include "matrix/json.h"
#include "ports/http.h"

namespace porchlight::homeserver {
class rooms;
class statuses;
class ephemeral;
class lists;
class device_keys;
class key_backups;
class to_device;
class media;
class remote_profiles;
}  // namespace porchlight::homeserver

namespace porchlight::client_api {

namespace json = boost::json;
using homeserver::caller;
using matrix::errc;
using matrix::fail;
using matrix::failure;
using matrix::outcome;

class sync_streams;
class rate_limits;

// A token bucket: `burst` at once, then `per_second`.
struct rate {
    double per_second = 1;
    double burst = 1;
};

struct settings {
    base::milliseconds sync_timeout_max = std::chrono::seconds{60};
    bool rate_limits_enabled = true;
    rate presence_rate{20, 100};    // PUT presence status, per user
    rate login_rate{1, 30};         // failed log-ins, per address
    rate account_rate{0.05, 20};    // failed log-ins, per account: three a minute
    rate registration_rate{1, 30};  // registrations, per address
    rate upload_rate{1, 100};       // uploads of media, per user
    rate admin_rate{0.1, 10};       // wrong tokens of the admin API, per address
    // Invites to presence lists, per owner: a whole address book at once, then one a minute. Who
    // adds people does not notice, who asks strangers does.
    std::int64_t invites_at_once = 500;
    std::int64_t invites_per_hour = 60;
    bool busy_enabled = true;
    std::string public_base_url;  // for .well-known; empty: not served
};

// All that endpoints work with. Made once by server/, outlives every call.
struct api {
    const settings& config;
    homeserver::services& services;
    homeserver::accounts& accounts;
    homeserver::rooms& rooms;
    homeserver::statuses& statuses;
    homeserver::ephemeral& ephemeral;
    homeserver::to_device& to_device;
    homeserver::lists& lists;
    homeserver::device_keys& device_keys;
    homeserver::key_backups& key_backups;
    homeserver::media& media;
    ports::http_sender& http;
    sync_streams* streams = nullptr;
    rate_limits* limits = nullptr;
    homeserver::remote_profiles* remote_profiles = nullptr;  // null: other servers are not asked
};

// What few requests have and fewer endpoints look at.
struct request_extra {
    std::string bytes;  // body, of routes that take it as it is
    std::string content_type, range, if_none_match;
};

// One request on the deciding thread, kept alive by whoever will answer it. Exactly one of reply
// and refuse is called, once.
class call {
  public:
    call(api& a, ports::http_handle h) : server(a), handle(h) {}

    api& server;
    const ports::http_handle handle;
    std::string method;
    std::vector<std::string> params;                         // path parameters, percent-decoded
    std::vector<std::pair<std::string, std::string>> query;  // percent-decoded, in order
    json::value body;                                        // object for routes that take one
    std::optional<caller> who;  // always set where the route needs a token
    std::string peer_address;

    // REQUIRES: the route takes its body as it is.
    request_extra& extra() { return *extra_; }
    // Null: the request has none of it.
    const request_extra* extra_or_null() const { return extra_.get(); }
    void set_extra(request_extra e) { extra_ = std::make_unique<request_extra>(std::move(e)); }

    base::instant now() const { return server.services.clock.now(); }
    // First value of a query parameter; null when absent.
    const std::string* parameter(std::string_view name) const;
    const json::object& object() const { return body.get_object(); }
    // REQUIRES: the route needs a token.
    const caller& user() const { return *who; }
    bool answered() const { return answered_; }

    void reply(json::value v, int status = 200);
    void reply_text(std::string body, int status = 200);  // already JSON
    void reply_with(ports::http_response r) { send(std::move(r)); }
    void refuse(const failure& f);

  private:
    void send(ports::http_response r);
    std::unique_ptr<request_extra> extra_;
    bool answered_ = false;
};
using call_ptr = std::shared_ptr<call>;

// The response a failure makes, with Retry-After where it says so.
ports::http_response error_response(const failure& f);
// porchlight_client_requests_total; for answers that no call makes (streams, preflight).
void count_response(int status);

// Completion that answers {} or the failure.
homeserver::completion<void> answer_empty(call_ptr c);

}  // namespace porchlight::client_api
