#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "client_api/call.h"
#include "engine/engine.h"
#include "federation/settings.h"
#include "homeserver/services.h"

namespace porchlight::server {

// Who may read /metrics, by the address the request comes from.
enum class metrics_for : std::uint8_t { loopback, everyone, nobody };

// Everything that can be set, with its default. Filled from the embedded defaults, then the file,
// then the command line; each later one wins.
struct config {
    std::string data = "./porchlight-data";
    std::vector<std::string> listen = {"127.0.0.1:8008"};
    std::vector<std::string> listen_tls;
    std::string tls_cert, tls_key;
    std::vector<std::string> trusted_proxies;
    metrics_for metrics = metrics_for::loopback;
    bool page = true;
    std::int64_t threads = 0;  // 0: one net thread on up to two cores, else cores - 1
    homeserver::settings homeserver;
    client_api::settings client_api;
    engine::settings engine;
    std::vector<std::string> presence_exclude_rooms;
    std::string media_folder;  // empty: "media" in the data folder
    federation::settings federation;
    bool federation_verify_certificates = true;
    bool federation_allow_private_addresses = false;
    std::string federation_ca_file;      // empty: the system's
    std::string federation_dns_servers;  // empty: the system's
    std::string signing_key;             // empty: "signing.key" in the data folder
    bool admin_enabled = true;
    std::string admin_listen;      // empty: the listeners of everybody
    std::string admin_token_file;  // empty: "admin_token" in the data folder
    base::log::settings log;

    config();
};

// A mistake in the configuration: names the key, the value and what is allowed.
struct config_error {
    std::string message;
};
template <class T>
using config_result = base::result<T, config_error>;

// One key as `porchlight config` and docs/configuration.md show it.
struct config_key {
    std::string_view name;     // "presence.idle_timeout"
    std::string_view allowed;  // "a duration from 0s to 24h (0s: never)"
    std::string_view meaning;
    bool reloads;  // takes effect on SIGHUP
    std::string (*show)(const config&);
    // `text` as after the '=' of --set: TOML, or a plain word or duration.
    bool (*set)(config&, std::string_view text);
};
std::span<const config_key> config_keys();

// "section.key" and its value; unknown keys name the nearest known one.
config_result<void> set_key(config& c, std::string_view name, std::string_view value);
config_result<void> load_toml(config& c, const std::string& path);
// Relations between keys (a certificate without a key, an empty server name, ...).
config_result<void> validate(const config& c);
// Every key with value, default and meaning, as TOML with comments.
std::string print_config(const config& c);
// The same of the defaults as a table in Markdown: the one of docs/configuration.md.
std::string print_config_table();

// "30s", "5m", "250ms", "2h", "1d"; a bare 0 is allowed.
bool parse_duration(std::string_view text, base::milliseconds& out);
std::string print_duration(base::milliseconds d);

}  // namespace porchlight::server

namespace boost::system {
[[noreturn]] void throw_exception_from_error(const porchlight::server::config_error& e,
                                             const boost::source_location& where);
}  // namespace boost::system
