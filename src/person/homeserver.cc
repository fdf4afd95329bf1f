#include "person/homeserver.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "matrix/identifier.h"
#include "matrix/json.h"
#include "person/failure.h"

namespace porchlight::person {

login_target read_target(const std::string& text) {
    if (text.starts_with("http://") || text.starts_with("https://")) {
        return {"", checked_url(text)};
    }
    const auto id = matrix::parse_user_id(text);
    if (id && !id->localpart.empty() && matrix::is_server_name(id->server)) {
        return {text, ""};
    }
    throw failed{"\"" + text +
                 "\" is neither a user id (@you:porch.test) nor the URL of a server "
                 "(https://matrix.porch.test)"};
}

std::string checked_url(const std::string& text) {
    const auto url = boost::urls::parse_uri(text);
    if (!url || (url->scheme() != "https" && url->scheme() != "http") || url->host().empty() ||
        url->has_userinfo() || url->has_query() || url->has_fragment()) {
        throw failed{"\"" + text +
                     "\" is no URL of a server; it looks like https://matrix.porch.test"};
    }
    std::string out = text;
    while (out.ends_with('/')) {
        out.pop_back();
    }
    return out;
}

std::string read_well_known(const std::string& body, const std::string& where) {
    const auto parsed = matrix::parse_json(body);
    const auto* server = parsed.has_value() ? matrix::find(*parsed, "m.homeserver") : nullptr;
    const auto* url = server == nullptr ? nullptr : matrix::find(*server, "base_url");
    if (url == nullptr || !url->is_string()) {
        throw failed{where + " does not say where the server is; give its URL with --server"};
    }
    try {
        return checked_url(url->get_string().c_str());
    } catch (const failed& f) {
        throw failed{where + ": " + f.message};
    }
}

std::string find_homeserver(web& w, const std::string& server_name) {
    const std::string base = "https://" + server_name, where = base + "/.well-known/matrix/client";
    web_request r;
    r.url = where;
    r.follow_redirects = true;
    const web_answer a = w.ask(r);
    if (!a.problem.empty()) {
        throw failed{"could not ask " + server_name + " where its server is: " + a.problem +
                     "; if you know, give its URL with --server"};
    }
    return a.status == 200 ? read_well_known(a.body, where) : base;
}

void check_homeserver(web& w, const std::string& url) {
    web_request r;
    r.url = url + "/_matrix/client/versions";
    const web_answer a = w.ask(r);
    if (!a.problem.empty()) {
        throw failed{"no answer from " + url + ": " + a.problem};
    }
    const auto parsed = matrix::parse_json(a.body);
    const auto* versions = parsed.has_value() ? matrix::find(*parsed, "versions") : nullptr;
    if (a.status != 200 || versions == nullptr || !versions->is_array()) {
        throw failed{"what answers at " + url +
                     " is no Matrix server (/_matrix/client/versions: status " +
                     std::to_string(a.status) + "); give the right URL with --server"};
    }
}

bool is_open_to_listeners(const std::string& url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || parsed->scheme() != "http") {
        return false;
    }
    const std::string host = parsed->host();
    return host != "localhost" && !host.starts_with("127.") && host != "[::1]";
}

}  // namespace porchlight::person
