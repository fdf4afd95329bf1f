#include "client_api/refused/refused.h"

namespace porchlight::client_api {

void feature_not_here(call_ptr c) {
    c->refuse(fail(errc::unrecognized, "This server does not have this feature."));
}

void no_third_party_ids(call_ptr c) {
    c->refuse(fail(errc::threepid_denied));
}

void no_room_upgrades(call_ptr c) {
    c->refuse(fail(errc::forbidden, "This server does not upgrade rooms."));
}

void no_third_party_networks(call_ptr c) {
    c->refuse(fail(errc::not_found, "This server is connected to no other network."));
}

bool is_refusal(void (*endpoint)(call_ptr)) {
    return endpoint == feature_not_here || endpoint == no_third_party_ids ||
           endpoint == no_room_upgrades || endpoint == no_third_party_networks;
}

void third_party_ids(call_ptr c) {
    c->reply({{"threepids", json::array{}}});
}

void third_party_protocols(call_ptr c) {
    c->reply(json::object{});
}

void pushers(call_ptr c) {
    c->reply({{"pushers", json::array{}}});
}

void set_pusher(call_ptr c) {
    const auto* kind = c->object().if_contains("kind");
    if (kind == nullptr) {
        c->refuse(fail(errc::missing_param, "The key \"kind\" is missing."));
    } else if (kind->is_null()) {
        c->reply(json::object{});
    } else {
        feature_not_here(std::move(c));
    }
}

}  // namespace porchlight::client_api
