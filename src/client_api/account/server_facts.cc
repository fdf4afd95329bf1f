#include "client_api/account/account.h"
#include "matrix/room_version.h"

namespace porchlight::client_api {

void versions(call_ptr c) {
    json::array known;
    for (const auto v :
         {"r0.0.1", "r0.1.0", "r0.2.0", "r0.3.0", "r0.4.0", "r0.5.0", "r0.6.0", "r0.6.1", "v1.1",
          "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9", "v1.10", "v1.11"}) {
        known.emplace_back(v);
    }
    c->reply({{"versions", std::move(known)},
              {"unstable_features",
               json::object{{"io.porchlight.presence_lists", true},
                            {"org.matrix.msc3026.busy_presence", c->server.config.busy_enabled},
                            {"org.matrix.simplified_msc3575", true}}}});
}

void well_known_client(call_ptr c) {
    const auto& url = c->server.config.public_base_url;
    if (url.empty()) {
        c->refuse(fail(errc::not_found, "This server does not say where it is reached."));
        return;
    }
    c->reply({{"m.homeserver", json::object{{"base_url", url}}}});
}

void capabilities(call_ptr c) {
    const auto& version = c->server.services.config.default_room_version;
    json::object available;
    for (const auto name : matrix::room_version::all()) {
        available[name] = "stable";
    }
    const auto enabled = [](bool yes) { return json::object{{"enabled", yes}}; };
    c->reply({{"capabilities",
               json::object{
                   {"m.change_password", enabled(true)},
                   {"m.set_displayname", enabled(true)},
                   {"m.set_avatar_url", enabled(true)},
                   {"m.3pid_changes", enabled(false)},
                   {"m.get_login_token", enabled(false)},
                   {"m.room_versions",
                    json::object{{"default", version}, {"available", std::move(available)}}},
               }}});
}

}  // namespace porchlight::client_api
