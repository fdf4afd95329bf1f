#include "client_api/dispatcher.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "client_api/bearer.h"
#include "client_api/route_table.h"
#include "client_api/sync_streams.h"
#include "client_api/url.h"

namespace porchlight::client_api {

namespace {

// What stands between the bytes and the endpoint: made on the net thread, used on the deciding one.
struct prepared {
    call_ptr c;
    const route* row;
    std::optional<homeserver::token_hash> token;
};

// Takes the token out of the query, so that no later reader of the query can show it.
std::optional<homeserver::token_hash> take_token(std::string_view authorization,
                                                 query_parameters& query) {
    std::optional<homeserver::token_hash> hash;
    if (const auto token = bearer_token(authorization); !token.empty()) {
        hash = homeserver::hash_token(token);
    }
    std::erase_if(query, [&hash](const auto& parameter) {
        if (parameter.first != "access_token") {
            return false;
        }
        if (!hash && !parameter.second.empty()) {
            hash = homeserver::hash_token(parameter.second);
        }
        return true;
    });
    return hash;
}

outcome<json::value> read_body(const route& row, std::string_view text) {
    if (row.takes != body::object || text.empty()) {
        return json::value(json::object{});
    }
    auto parsed = matrix::parse_json(text);
    if (parsed && !parsed->is_object()) {
        return fail(errc::bad_json, "The body must be a JSON object.");
    }
    return parsed;
}

request_extra extra_of(const route& row, const ports::http_request& r) {
    request_extra e;
    if (row.takes == body::raw) {
        e.bytes = r.body_to_take != nullptr ? std::move(*r.body_to_take) : std::string{r.body};
    }
    e.content_type = r.content_type;
    e.range = r.range;
    e.if_none_match = r.if_none_match;
    return e;
}

std::optional<failure> authenticate(const prepared& p) {
    if (p.row->needs == auth::none) {
        return std::nullopt;
    }
    if (!p.token) {
        return p.row->needs == auth::required ? std::optional{fail(errc::missing_token)}
                                              : std::nullopt;
    }
    const auto session = p.c->server.accounts.check_in(*p.token);
    if (!session || session->has_expired) {
        return fail(session ? errc::expired_token : errc::unknown_token);
    }
    p.c->who = session->who;
    return std::nullopt;
}

// On the deciding thread.
void run(const prepared& p) {
    try {
        if (const auto refused = authenticate(p)) {
            p.c->refuse(*refused);
        } else {
            p.row->endpoint(p.c);
        }
    } catch (const ports::store_error& e) {
        base::log::error("client_api", "the store failed a request",
                         {{"route", p.row->pattern}, {"error", e.what()}});
        if (!p.c->answered()) {
            p.c->refuse(fail(errc::unavailable));
        }
    } catch (const std::exception& e) {
        base::log::error("client_api", "an endpoint threw",
                         {{"route", p.row->pattern}, {"error", e.what()}});
        if (!p.c->answered()) {
            p.c->refuse(fail(errc::unknown));
        }
    }
}

}  // namespace

dispatcher::dispatcher(api& a) : dispatcher(a, routes()) {}

dispatcher::dispatcher(api& a, std::span<const route> table)
    : api_(a),
      upload_bytes_max_(a.services.config.media.upload_bytes_max),
      table_(std::make_unique<route_table>(table)) {}

dispatcher::~dispatcher() = default;

void dispatcher::on_request(const ports::http_request& r) {
    if (r.method == "OPTIONS") {
        count_response(200);
        ports::http_response preflight;
        preflight.body = "{}";
        api_.http.respond(r.handle, std::move(preflight));
        return;
    }
    const auto segments = split_path(r.path);
    auto query = split_query(r.query);
    if (!segments || !query) {
        refuse(r.handle,
               fail(errc::invalid_param, "The path or query is not valid percent-encoded UTF-8."));
        return;
    }
    auto match = table_->find(r.method, *segments);
    if (match.found == nullptr) {
        refuse(r.handle, fail(match.path_known ? errc::method_not_allowed : errc::unrecognized));
        return;
    }
    auto body = read_body(*match.found, r.body);
    if (!body) {
        refuse(r.handle, body.error());
        return;
    }
    prepared p{std::make_shared<call>(api_, r.handle), match.found,
               take_token(r.authorization, *query)};
    p.c->method = r.method;
    p.c->params = std::move(match.params);
    p.c->query = std::move(*query);
    p.c->body = std::move(*body);
    p.c->peer_address = r.peer_address;
    if (match.found->takes == body::raw || !r.range.empty() || !r.if_none_match.empty()) {
        p.c->set_extra(extra_of(*match.found, r));
    }
    api_.services.decider.post([p = std::move(p)] { run(p); });
}

void dispatcher::on_gone(ports::http_handle h) {
    api_.services.decider.post([this, h] {
        if (api_.streams != nullptr) {
            api_.streams->gone(h);
        }
    });
}

ports::body_permit dispatcher::long_body(std::string_view method, std::string_view target,
                                         std::string_view authorization) {
    const auto question = std::min(target.find('?'), target.size());
    const auto segments = split_path(target.substr(0, question));
    auto query = split_query(target.substr(std::min(question + 1, target.size())));
    if (!segments || !query) {
        return {};
    }
    const auto match = table_->find(method, *segments);
    if (match.found == nullptr || match.found->takes != body::raw) {
        return {};
    }
    if (!take_token(authorization, *query)) {
        count_response(401);
        return {0, 401, "M_MISSING_TOKEN", "An upload needs an access token."};
    }
    return {.bytes_max = upload_bytes_max_};
}

void dispatcher::refuse(ports::http_handle h, const failure& f) {
    auto response = error_response(f);
    count_response(response.status);
    api_.http.respond(h, std::move(response));
}

}  // namespace porchlight::client_api
