#include "federation/inbound.h"

#include <boost/json/serialize.hpp>
#include <boost/url/decode_view.hpp>
#include <boost/url/params_encoded_view.hpp>
#include <boost/url/parse_query.hpp>
#include <boost/url/pct_string_view.hpp>

#include "base/limits.h"
#include "base/metrics.h"
#include "federation/server_rules.h"
#include "matrix/identifier.h"

namespace porchlight::federation {

namespace limits = base::limits;
using matrix::errc;
using matrix::fail;
using matrix::failure;
using matrix::outcome;

namespace {

constexpr auto requests_name = "porchlight_federation_requests_total";
constexpr auto requests_help = "Signed requests of other servers, by what became of them.";
base::metrics::counter verified{requests_name, requests_help, "outcome=\"verified\""};
base::metrics::counter refused{requests_name, requests_help, "outcome=\"refused\""};

constexpr std::string_view federation_prefix = "/_matrix/federation/";
constexpr std::string_view send_prefix = "/_matrix/federation/v1/send/";
constexpr std::string_view profile_path = "/_matrix/federation/v1/query/profile";
constexpr std::string_view keys_path = "/_matrix/key/v2/server";

std::optional<std::string> decoded(std::string_view text) {
    const auto view = boost::urls::make_pct_string_view(text);
    if (!view || view->decoded_size() > limits::target_bytes_max) {
        return std::nullopt;
    }
    return view->decode();
}

std::optional<std::string> parameter(std::string_view query, std::string_view name) {
    const auto all = boost::urls::parse_query(query);
    if (!all) {
        return std::nullopt;
    }
    for (const auto& p : *all) {
        if (p.key.decode() == name) {
            boost::urls::encoding_opts options;
            options.space_as_plus = true;
            return p.value.decode(options);
        }
    }
    return std::nullopt;
}

ports::http_response error_response(const failure& f) {
    ports::http_response r;
    r.status = matrix::describe(f.code).status;
    r.body = matrix::to_json(f);
    if (r.status == 503) {
        r.headers.emplace_back("Retry-After", "1");
    }
    return r;
}

}  // namespace

// A signed request on its way from bytes to its answer.
struct inbound::request {
    ports::http_handle handle;
    std::string method, path, query;
    matrix::request_signature signature;
    std::string text;  // what is signed
    std::optional<json::value> body;
    bool is_verified = false;
};

inbound::inbound(const parts& p) : p_(p) {}
inbound::~inbound() = default;

bool inbound::is_for(std::string_view path) {
    return path.starts_with(federation_prefix) || path.starts_with("/_matrix/key/") ||
           path == "/.well-known/matrix/server";
}

void inbound::respond(ports::http_handle h, outcome<std::string> body) {
    ports::http_response r;
    if (body) {
        r.body = std::move(*body);
    } else {
        r = error_response(body.error());
    }
    p_.http.respond(h, std::move(r));
}

void inbound::on_request(const ports::http_request& r) {
    const bool has_signature = r.path.starts_with(send_prefix) || r.path == profile_path;
    const std::string_view wants = r.path.starts_with(send_prefix) ? "PUT" : "GET";
    if (has_signature && r.method == wants) {
        signed_request(r);
    } else if (has_signature) {
        respond(r.handle, fail(errc::method_not_allowed));
    } else {
        open_request(r);
    }
}

// --- what needs no signature ---

void inbound::open_request(const ports::http_request& r) {
    const bool is_keys = r.path == keys_path || r.path.starts_with(std::string{keys_path} + "/");
    const bool known = is_keys || r.path == "/_matrix/federation/v1/version" ||
                       r.path == "/.well-known/matrix/server";
    if (!known) {
        respond(r.handle, fail(errc::unrecognized));
    } else if (r.method != "GET") {
        respond(r.handle, fail(errc::method_not_allowed));
    } else if (is_keys) {
        keys(r.handle);
    } else if (r.path == "/.well-known/matrix/server") {
        p_.services.decider.post([this, h = r.handle] { well_known(h); });
    } else {
        respond(r.handle, json::serialize(json::object{
                              {"server", {{"name", "Porchlight"}, {"version", p_.version}}}}));
    }
}

// Signed anew when half of its time is over.
void inbound::keys(ports::http_handle h) {
    const base::wall_time now = p_.services.clock.now().wall;
    std::string text;
    {
        const std::scoped_lock lock{document_.mutex};
        if (document_.good_until <= now) {
            document_.text = key_document(p_.services.config.server_name, p_.key,
                                          now + limits::own_keys_valid_for);
            document_.good_until = now + limits::own_keys_valid_for / 2;
        }
        text = document_.text;
    }
    respond(h, std::move(text));
}

void inbound::well_known(ports::http_handle h) {
    if (p_.config.well_known_server.empty()) {
        respond(h, fail(errc::not_found, "This server is found without it."));
        return;
    }
    respond(h, json::serialize(json::object{{"m.server", p_.config.well_known_server}}));
}

// --- what does ---

void inbound::signed_request(const ports::http_request& in) {
    const auto refuse = [&](failure f) {
        refused.add();
        respond(in.handle, std::move(f));
    };
    auto signature = matrix::parse_request_signature(in.authorization);
    if (!signature) {
        refuse(signature.error());
        return;
    }
    const std::string& own = p_.services.config.server_name;
    if (signature->destination.value_or(own) != own) {
        refuse(fail(errc::unauthorized, "The request is signed for " + *signature->destination +
                                            "; this is " + own + "."));
        return;
    }
    auto r = std::make_shared<request>();
    r->handle = in.handle;
    r->method = in.method;
    r->path = in.path;
    r->query = in.query;
    if (in.method == "PUT") {
        auto body = matrix::parse_json(in.body);
        if (!body) {
            refuse(body.error());
            return;
        }
        r->body = std::move(*body);
    }
    std::string uri{in.path};
    if (!in.query.empty()) {
        uri.append("?").append(in.query);
    }
    auto text = matrix::text_of({.method = in.method,
                                 .uri = uri,
                                 .origin = signature->origin,
                                 .destination = own,
                                 .content = r->body ? &*r->body : nullptr});
    if (!text) {
        refuse(text.error());
        return;
    }
    r->signature = std::move(*signature);
    r->text = std::move(*text);
    if (const auto key = p_.ring.find(r->signature.origin, r->signature.key_id)) {
        if (!key->verifies(r->text, r->signature.signature)) {
            refuse(fail(errc::unauthorized, "The signature is wrong."));
            return;
        }
        r->is_verified = true;
        r->text.clear();
    }
    p_.services.decider.post([this, r] { run(r); });
}

// The key is to be fetched first. Deciding thread.
void inbound::verify_later(const request_ptr& r) {
    p_.ring.want(r->signature.origin, r->signature.key_id,
                 [this, r](outcome<matrix::verify_key> key) {
                     if (!key) {
                         refused.add();
                         // The other server tries again; it need not learn how ours is doing.
                         respond(r->handle, fail(errc::unauthorized, key.error().message));
                         return;
                     }
                     if (!key->verifies(r->text, r->signature.signature)) {
                         refused.add();
                         respond(r->handle, fail(errc::unauthorized, "The signature is wrong."));
                         return;
                     }
                     r->is_verified = true;
                     run(r);
                 });
}

void inbound::run(const request_ptr& r) {
    const std::string& origin = r->signature.origin;
    if (!p_.config.inbound || !allows(p_.config, origin) ||
        origin == p_.services.config.server_name) {
        refused.add();
        respond(r->handle, fail(errc::forbidden, "This server does not talk with " + origin + "."));
        return;
    }
    if (!r->is_verified) {
        verify_later(r);
        return;
    }
    verified.add();
    if (const auto k = p_.out.find(origin)) {
        p_.out.heard_from(*k);
    }
    if (r->path == profile_path) {
        profile(*r);
        return;
    }
    const auto txn_id = decoded(std::string_view{r->path}.substr(send_prefix.size()));
    if (!txn_id || txn_id->empty() || txn_id->size() > limits::id_bytes_max) {
        respond(r->handle, fail(errc::invalid_param, "The transaction id is none."));
        return;
    }
    p_.in.take(origin, *txn_id, *r->body,
               [this, h = r->handle](outcome<std::string> body) { respond(h, std::move(body)); });
}

void inbound::profile(const request& r) {
    const auto id = parameter(r.query, "user_id");
    const auto field = parameter(r.query, "field");
    if (!id || !matrix::parse_user_id(*id)) {
        respond(r.handle, fail(errc::invalid_param, "user_id must be a user id (@name:server)."));
        return;
    }
    if (field && *field != "displayname" && *field != "avatar_url") {
        respond(r.handle, fail(errc::invalid_param, "field is displayname or avatar_url."));
        return;
    }
    const auto u = p_.accounts.find(*id);
    if (!u || p_.accounts.is_deactivated(*u)) {
        respond(r.handle, fail(errc::not_found, "There is no profile of this user here."));
        return;
    }
    const engine::profile of = p_.accounts.profile(*u);
    json::object o;
    if (!of.displayname.empty() && field.value_or("displayname") == "displayname") {
        o["displayname"] = of.displayname;
    }
    if (!of.avatar_url.empty() && field.value_or("avatar_url") == "avatar_url") {
        o["avatar_url"] = of.avatar_url;
    }
    respond(r.handle, json::serialize(o));
}

}  // namespace porchlight::federation
