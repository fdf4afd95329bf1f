#include "federation/web_place.h"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "base/limits.h"

namespace porchlight::federation {

namespace urls = boost::urls;

namespace {

std::string text_of(urls::string_view s) {
    return {s.data(), s.size()};
}

}  // namespace

std::optional<web_place> read_location(std::string_view base, std::string_view location) {
    if (location.size() > base::limits::redirect_bytes_max) {
        return std::nullopt;
    }
    const auto from = urls::parse_uri({base.data(), base.size()});
    const auto reference = urls::parse_uri_reference({location.data(), location.size()});
    if (!from || !reference) {
        return std::nullopt;
    }
    urls::url to;
    if (!urls::resolve(*from, *reference, to) || to.scheme_id() != urls::scheme::https ||
        to.has_userinfo() || text_of(to.buffer()).size() > 2 * base::limits::redirect_bytes_max) {
        return std::nullopt;
    }
    to.remove_fragment();
    to.normalize();
    web_place place;
    std::string authority = text_of(to.encoded_host());
    if (to.has_port() && !to.port().empty() && to.port() != "443") {
        authority += ":" + text_of(to.port());
    }
    auto parts = split_server_name(authority);
    if (!parts) {
        return std::nullopt;
    }
    place.where = std::move(*parts);
    place.port = place.where.port.value_or(443);
    place.target = text_of(to.encoded_path());
    if (!place.target.starts_with('/')) {
        place.target.insert(0, "/");
    }
    if (to.has_query()) {
        place.target += "?" + text_of(to.encoded_query());
    }
    place.url = "https://" + authority + place.target;
    return place;
}

}  // namespace porchlight::federation
