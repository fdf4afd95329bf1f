#include <cctype>
#include <iostream>

#include "base/limits.h"
#include "federation/discovery.h"
#include "federation/key_document.h"
#include "federation/requester.h"
#include "matrix/identifier.h"
#include "net/client/outgoing.h"
#include "net/real_clock.h"
#include "net/secure_random.h"
#include "server/command_loop.h"
#include "server/commands.h"
#include "server/house.h"
#include "server/signing_key_file.h"

// `porchlight federation check NAME`: the way to another server, step by step.
namespace porchlight::server {

namespace {

using federation::discovery_failure;
using federation::peer_answer;
using federation::peer_failure;
using federation::peer_request;
using federation::server_route;

std::string url_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        constexpr char digits[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
            out += c;
        } else {
            out += {'%', digits[byte >> 4U], digits[byte & 15U]};
        }
    }
    return out;
}

class check_walk {
  public:
    check_walk(const config& c, std::string name)
        : name_(std::move(name)),
          own_name_(c.homeserver.server_name),
          settings_(c.federation),
          loop_(clock_),
          outgoing_({.ca_file = c.federation_ca_file,
                     .verify_certificates = c.federation_verify_certificates,
                     .dns_servers = c.federation_dns_servers,
                     .limits = {}},
                    loop_),
          key_(load_signing_key(c.signing_key.empty() ? c.data + "/signing.key" : c.signing_key,
                                random_)),
          discovery_({c.federation_allow_private_addresses}, outgoing_.resolver(), outgoing_,
                     clock_, random_),
          requester_(settings_, own_name_, key_, discovery_, outgoing_, loop_) {}

    int run() {
        loop_.post([this] { find(); });
        loop_.run();
        outgoing_.stop();
        return failed_ ? 1 : 0;
    }

  private:
    void heading(const std::string& text) { std::cout << text << '\n'; }
    void good(const std::string& text) { std::cout << "  ok      " << text << '\n'; }
    void step(const std::string& text) { std::cout << "          " << text << '\n'; }
    void bad(const std::string& text) {
        std::cout << "  failed  " << text << '\n';
        failed_ = true;
        loop_.stop();
    }

    void find() {
        heading("1. Where is " + name_ + "?");
        discovery_.find(name_, [this](base::result<server_route, discovery_failure> found) {
            const auto& steps = found ? found->steps : found.error().steps;
            for (const std::string& s : steps) {
                step(s);
            }
            if (found.has_error()) {
                bad(found.error().sentence);
                return;
            }
            for (const auto& place : found->places) {
                std::string all;
                for (const std::string& address : place.addresses) {
                    all += (all.empty() ? "" : ", ") + address;
                }
                good(all + ", port " + std::to_string(place.port));
            }
            good("its certificate must be for " + found->tls_name);
            connect();
        });
    }

    // One request after the other; what came, or a step that failed.
    void ask(peer_request r, const std::string& what,
             base::unique_function<void(const peer_answer&)> then) {
        auto shared =
            std::make_shared<base::unique_function<void(const peer_answer&)>>(std::move(then));
        requester_.send(std::move(r),
                        [this, what, shared](base::result<peer_answer, peer_failure> got) {
                            if (got.has_error()) {
                                bad(what + ": " + got.error().sentence);
                                return;
                            }
                            (*shared)(*got);
                        });
    }
    peer_request request(std::string target, bool is_signed) const {
        peer_request r;
        r.server = name_;
        r.target = std::move(target);
        r.is_signed = is_signed;
        return r;
    }

    void connect() {
        heading("2. Does it answer, with a certificate that is believed?");
        ask(request("/_matrix/federation/v1/version", false), "no", [this](const peer_answer& a) {
            const auto v = matrix::parse_json(a.body);
            const auto* server = v && v->is_object() ? matrix::find(*v, "server") : nullptr;
            if (a.status != 200 || server == nullptr || !server->is_object()) {
                good("it answers, but not what it is (status " + std::to_string(a.status) + ")");
            } else {
                good("yes, it is " + json_text(*server, "name") + ' ' +
                     json_text(*server, "version"));
            }
            keys();
        });
    }
    static std::string json_text(const matrix::json::value& o, std::string_view key) {
        const auto* text = matrix::find(o, key);
        return text != nullptr && text->is_string() ? std::string{text->get_string()} : "?";
    }

    void keys() {
        heading("3. What are its keys?");
        ask(request("/_matrix/key/v2/server", false), "no keys", [this](const peer_answer& a) {
            const auto v = matrix::parse_json(a.body);
            if (a.status != 200 || !v) {
                bad("it answers " + std::to_string(a.status) + " instead of keys");
                return;
            }
            const auto found = federation::read_key_document(*v, name_, clock_.now().wall);
            if (!found) {
                bad("they are not to be believed: " + found.error().message);
                return;
            }
            for (const auto& [id, key] : found->keys) {
                good(id + ' ' + key.to_base64());
            }
            ask_signed();
        });
    }

    void ask_signed() {
        heading("4. Does it accept what " + own_name_ +
                " signs? (It asks this server for its key.)");
        const std::string target = "/_matrix/federation/v1/query/profile?user_id=" +
                                   url_encoded("@porchlight-check:" + name_);
        ask(request(target, true), "no answer", [this](const peer_answer& a) {
            if (a.status == 401 || a.status == 403) {
                bad("it answers " + std::to_string(a.status) + ": " + a.body);
                step("Is this server running, and can " + name_ + " reach it? Ask from there:");
                step("curl https://" + own_name_ + "/_matrix/key/v2/server (port 8448, or as the");
                step("well-known file or SRV records of " + own_name_ + " say)");
                return;
            }
            good("yes (status " + std::to_string(a.status) + ")");
            loop_.stop();
        });
    }

    const std::string name_, own_name_;
    const federation::settings settings_;
    net::real_clock clock_;
    net::secure_random random_;
    command_loop loop_;
    net::outgoing outgoing_;
    const matrix::signing_key key_;
    federation::discovery discovery_;
    federation::requester requester_;
    bool failed_ = false;
};

}  // namespace

int federation_check(const config& c, const std::string& name) {
    if (!matrix::is_server_name(name)) {
        throw start_error("\"" + name + "\" is no server name; allowed: host or host:port");
    }
    if (name == c.homeserver.server_name) {
        throw start_error(name + " is this server itself; name another one");
    }
    make_data_folder(c.data);
    try {
        return check_walk(c, name).run();
    } catch (const net::start_error& e) {
        throw start_error(e.what());
    }
}

}  // namespace porchlight::server
