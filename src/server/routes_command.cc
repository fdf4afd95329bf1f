#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <iostream>
#include <utility>

#include "client_api/refused/refused.h"
#include "client_api/routes.h"
#include "server/commands.h"

namespace porchlight::server {

namespace {

boost::json::array prefixes_of(std::uint16_t flags) {
    using namespace client_api;
    static constexpr std::pair<prefix, std::string_view> names[] = {
        {api_v1, "api/v1"},
        {r0, "r0"},
        {v1, "v1"},
        {v3, "v3"},
        {unstable, "unstable"},
        {media_r0, "media/r0"},
        {media_v1, "media/v1"},
        {media_v3, "media/v3"},
    };
    boost::json::array all;
    for (const auto& [flag, name] : names) {
        if ((flags & flag) != 0) {
            all.emplace_back(name);
        }
    }
    return all;
}

std::string_view token_of(client_api::auth needs) {
    switch (needs) {
        case client_api::auth::none:
            return "no";
        case client_api::auth::optional:
            return "optional";
        case client_api::auth::required:
            return "yes";
    }
    return "";
}

}  // namespace

int routes() {
    for (const client_api::route& r : client_api::routes()) {
        std::cout << boost::json::object{{"method", r.method},
                                         {"path", r.pattern},
                                         {"prefixes", prefixes_of(r.prefixes)},
                                         {"token", token_of(r.needs)},
                                         {"body", r.takes == client_api::body::object},
                                         {"works", !client_api::is_refusal(r.endpoint)}}
                  << '\n';
    }
    return 0;
}

}  // namespace porchlight::server
