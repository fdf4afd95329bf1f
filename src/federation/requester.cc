#include "federation/requester.h"

#include <boost/json/serialize.hpp>

#include "federation/server_rules.h"
#include "matrix/request_signature.h"

namespace porchlight::federation {

// One request on its way through the places of its server.
struct requester::attempt {
    peer_request request;
    answer done;
    server_route route;
    std::size_t place = 0;
};

requester::requester(const settings& s, std::string own_name, const matrix::signing_key& key,
                     discovery& where, ports::http_client& http, ports::executor& decider)
    : settings_(s),
      own_name_(std::move(own_name)),
      key_(key),
      discovery_(where),
      http_(http),
      decider_(decider) {}

void requester::refuse(answer done, std::string sentence) {
    auto shared = std::make_shared<answer>(std::move(done));
    decider_.post([shared, sentence = std::move(sentence)] { (*shared)(peer_failure{sentence}); });
}

void requester::send(peer_request r, answer done) {
    if (r.server == own_name_) {
        refuse(std::move(done), "this server does not ask itself");
        return;
    }
    if (!allows(settings_, r.server)) {
        refuse(std::move(done), "federation.allow and federation.deny forbid " + r.server);
        return;
    }
    auto a = std::make_shared<attempt>();
    a->request = std::move(r);
    a->done = std::move(done);
    discovery_.find(
        a->request.server, [this, a](base::result<server_route, discovery_failure> found) {
            if (found.has_error()) {
                refuse(std::move(a->done), found.error().sentence);
                return;
            }
            a->route = std::move(*found);
            if (a->route.places.empty()) {
                refuse(std::move(a->done), "no address of " + a->request.server + " is known");
                return;
            }
            try_place(a);
        });
}

ports::client_request requester::request_to(const attempt& a) const {
    const server_place& place = a.route.places[a.place];
    const peer_request& r = a.request;
    ports::client_request out;
    out.addresses = place.addresses;
    out.port = place.port;
    out.tls_name = a.route.tls_name;
    out.host = a.route.host;
    out.method = r.method;
    out.target = r.target;
    out.timeout = r.timeout;
    out.response_bytes_max = r.response_bytes_max;
    out.keep_alive = r.keep_alive;
    if (r.is_signed) {
        out.headers.emplace_back("Authorization",
                                 matrix::sign_request({.method = r.method,
                                                       .uri = r.target,
                                                       .origin = own_name_,
                                                       .destination = r.server,
                                                       .content = r.body ? &*r.body : nullptr},
                                                      key_));
    }
    if (r.body) {
        out.body = json::serialize(*r.body);
    }
    return out;
}

void requester::try_place(const std::shared_ptr<attempt>& a) {
    http_.send(request_to(*a),
               [this, a](base::result<ports::client_response, ports::client_failure> got) {
                   if (got) {
                       a->done(peer_answer{got->status, std::move(got->body)});
                       return;
                   }
                   const bool elsewhere = got.error().what == ports::client_error::unreachable ||
                                          got.error().what == ports::client_error::certificate;
                   if (elsewhere && ++a->place < a->route.places.size()) {
                       try_place(a);
                       return;
                   }
                   discovery_.forget(a->request.server);
                   a->done(peer_failure{got.error().sentence});
               });
}

}  // namespace porchlight::federation
