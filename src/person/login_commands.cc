#include <unistd.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <iostream>

#include "matrix/identifier.h"
#include "person/account.h"
#include "person/commands.h"
#include "person/homeserver.h"
#include "person/prompt.h"
#include "person/text.h"
#include "person/words.h"

namespace porchlight::person {

namespace {

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data()
                                                                               : "a machine";
}

// Who wants to log in where; the user may be a whole id or a localpart.
struct destination {
    std::string user, url, device_id;
};

destination find_destination(web& w, const login_options& o) {
    destination d;
    credentials before;
    if (credentials_exist(o.credentials)) {
        try {
            before = load_credentials(o.credentials);
        } catch (const failed&) {
            // What can't be read is replaced.
        }
    }
    login_target target;
    if (!o.target.empty()) {
        target = read_target(o.target);
    } else if (o.server.empty() && !before.user_id.empty()) {
        target.user_id = before.user_id;
        d.url = before.homeserver;
    } else if (o.server.empty()) {
        throw failed{"say who you are: porchlight login @you:your.server"};
    }
    d.user = target.user_id.empty() ? o.user : target.user_id;
    if (!o.server.empty()) {
        d.url = checked_url(o.server);
    } else if (!target.url.empty()) {
        d.url = target.url;
    } else if (d.url.empty()) {
        d.url = find_homeserver(w, std::string(matrix::parse_user_id(target.user_id)->server));
    }
    check_homeserver(w, d.url);
    if (d.user.empty() && ::isatty(STDIN_FILENO) == 0) {
        throw failed{"say who you are with --user (standard input is for the password)"};
    }
    if (d.user.empty()) {
        d.user = ask_line("User: ");
    }
    // The same device again, so that logins don't pile up.
    if (!before.user_id.empty() && before.homeserver == d.url &&
        whole_user_id(d.user, before.user_id) == before.user_id) {
        d.device_id = before.device_id;
    }
    return d;
}

void check_flows(const json::value& answer, const std::string& url) {
    std::string offered;
    if (const auto* const flows = matrix::find(answer, "flows");
        flows != nullptr && flows->is_array()) {
        for (const auto& flow : flows->get_array()) {
            const auto* const type = matrix::find(flow, "type");
            if (type == nullptr || !type->is_string()) {
                continue;
            }
            if (type->get_string() == "m.login.password") {
                return;
            }
            offered += (offered.empty() ? "" : ", ") + cleaned(type->get_string());
        }
    }
    throw failed{url + " offers no login by password (but " +
                 (offered.empty() ? "nothing" : offered) + "), which is all this program can do"};
}

std::string required(const json::value& v, std::string_view key, const std::string& url) {
    const auto* const found = matrix::find(v, key);
    if (found == nullptr || !found->is_string() || found->get_string().empty()) {
        throw failed{"the answer of " + url + " to the login has no " + std::string(key)};
    }
    return found->get_string().c_str();
}

}  // namespace

int login(const login_options& o) {
    web w;
    const destination d = find_destination(w, o);
    const account nobody(w, {d.url, "", "", ""});
    constexpr auto path = "/_matrix/client/v3/login";
    check_flows(read_answer(w.ask(nobody.request("GET", path)), d.url), d.url);
    if (is_open_to_listeners(d.url)) {
        std::cerr << "porchlight: " << d.url
                  << " is plain http: whoever is on the way can read the password\n";
    }
    const std::string password = ask_password("Password of " + d.user + " on " + d.url + ": ");
    json::object body{{"type", "m.login.password"},
                      {"identifier", json::object{{"type", "m.id.user"}, {"user", d.user}}},
                      {"password", password},
                      {"initial_device_display_name", "porchlight on " + host_name()}};
    if (!d.device_id.empty()) {
        body["device_id"] = d.device_id;
    }
    const json::value answer = read_answer(w.ask(nobody.request("POST", path, &body)), d.url);
    const credentials c{d.url, required(answer, "user_id", d.url),
                        required(answer, "device_id", d.url),
                        required(answer, "access_token", d.url)};
    save_credentials(o.credentials, c);
    std::cout << "logged in as " << cleaned(c.user_id) << " on " << c.homeserver << '\n';
    return 0;
}

int logout(const std::string& credentials_file, bool forget) {
    const credentials c = load_credentials(credentials_file);
    try {
        web w;
        account a(w, c);
        a.post("/_matrix/client/v3/logout", {});
    } catch (const logged_out&) {
        // Which is what was wanted.
    } catch (const failed& f) {
        if (!forget) {
            throw failed{f.message + "; you are still logged in (--forget removes " +
                         credentials_file + " all the same)"};
        }
        std::cerr << "porchlight: " << f.message << "; the server may keep this login\n";
    }
    remove_credentials(credentials_file);
    std::cout << "logged out " << cleaned(c.user_id) << '\n';
    return 0;
}

int whoami(const std::string& credentials_file, bool as_json) {
    const credentials c = load_credentials(credentials_file);
    web w;
    account a(w, c);
    const json::value answer = a.get("/_matrix/client/v3/account/whoami");
    const std::string id = required(answer, "user_id", c.homeserver);
    if (as_json) {
        std::cout << json::serialize(json::object{
                         {"user_id", id}, {"device_id", c.device_id}, {"homeserver", c.homeserver}})
                  << '\n';
    } else {
        std::cout << cleaned(id) << " on " << c.homeserver << ", device " << cleaned(c.device_id)
                  << '\n';
    }
    return 0;
}

}  // namespace porchlight::person
