#include "load/endpoint.h"

#include <netdb.h>
#include <netinet/in.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cstring>

namespace porchlight::load {

base_url base_url::parse(const std::string& text) {
    const auto parsed = boost::urls::parse_uri(text);
    const auto wrong = [&](const char* what) {
        return failure("The server's URL \"" + text + "\" " + what +
                       "; allowed is http://HOST[:PORT][/PATH] or https://...");
    };
    if (parsed.has_error()) {
        throw wrong("is no URL");
    }
    const auto& url = parsed.value();
    if (url.scheme() != "http" && url.scheme() != "https") {
        throw wrong("is neither http nor https");
    }
    if (url.host().empty() || url.has_userinfo() || url.has_query() || url.has_fragment()) {
        throw wrong(url.host().empty() ? "names no host"
                                       : "has more than a host, a port and a path");
    }
    base_url u;
    u.https = url.scheme() == "https";
    u.host = url.host_address();
    u.port = url.has_port() ? std::string(url.port()) : (u.https ? "443" : "80");
    u.authority = std::string(url.encoded_host_and_port());
    u.path = std::string(url.encoded_path());
    while (u.path.ends_with('/')) {
        u.path.pop_back();
    }
    return u;
}

endpoint endpoint::resolve(const base_url& url, const std::string& ca_file, bool verify) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &wanted, &found);
    if (error != 0) {
        throw failure("The server's name \"" + url.host +
                      "\" leads nowhere: " + ::gai_strerror(error));
    }
    endpoint e;
    std::memcpy(&e.address, found->ai_addr, found->ai_addrlen);
    e.address_bytes = found->ai_addrlen;
    ::freeaddrinfo(found);
    e.frame = {url.path, url.authority};
    if (url.https) {
        e.tls_name = url.host;
        e.trust = std::make_unique<net::trust>(ca_file, verify);
    }
    return e;
}

}  // namespace porchlight::load
