#include "server/config.h"

#include <sodium.h>
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "base/limits.h"
#include "matrix/identifier.h"
#include "server/config_values.h"

namespace porchlight::server {

using namespace std::chrono_literals;
using std::string_view;

config::config() {
    homeserver.server_name = "localhost";
}

namespace {

// A key whose value lies at `member` of the configuration, one helper a type.
#define DURATION(member, least, most)                                        \
    [](const config& c) { return values::quote(print_duration(c.member)); }, \
        [](config& c, string_view t) { return values::read_duration(t, least, most, c.member); }
#define BOOLEAN(member)                                     \
    [](const config& c) { return values::show(c.member); }, \
        [](config& c, string_view t) { return values::read_bool(t, c.member); }
#define TEXT(member)                                         \
    [](const config& c) { return values::quote(c.member); }, \
        [](config& c, string_view t) { return values::read_text(t, c.member); }
#define LIST(member)                                        \
    [](const config& c) { return values::show(c.member); }, \
        [](config& c, string_view t) { return values::read_list(t, c.member); }
#define INTEGER(member, least, most)                                                   \
    [](const config& c) { return values::show(static_cast<std::int64_t>(c.member)); }, \
        [](config& c, string_view t) {                                                 \
            std::int64_t n = 0;                                                        \
            if (!values::read_integer(t, least, most, n)) {                            \
                return false;                                                          \
            }                                                                          \
            c.member = static_cast<decltype(c.member)>(n);                             \
            return true;                                                               \
        }
#define BYTES(member, least, most)                                                     \
    [](const config& c) { return values::show(static_cast<std::int64_t>(c.member)); }, \
        [](config& c, string_view t) {                                                 \
            std::int64_t n = 0;                                                        \
            if (!values::read_bytes(t, least, most, n)) {                              \
                return false;                                                          \
            }                                                                          \
            c.member = static_cast<decltype(c.member)>(n);                             \
            return true;                                                               \
        }

// A word of a fixed set, in the order of the enum's values.
template <class Enum, std::size_t N>
bool read_choice(string_view text, const string_view (&words)[N], Enum& out) {
    std::string word;
    if (!values::read_text(text, word)) {
        return false;
    }
    const auto* found = std::find(std::begin(words), std::end(words), word);
    if (found == std::end(words)) {
        return false;
    }
    out = static_cast<Enum>(found - std::begin(words));
    return true;
}

constexpr string_view room_words[] = {"all", "not_public", "none"};
constexpr string_view registration_words[] = {"closed", "token", "open"};
constexpr string_view metrics_words[] = {"loopback", "everyone", "nobody"};
constexpr string_view auto_accept_words[] = {"never", "contacts", "same_server", "everyone"};
constexpr string_view level_words[] = {"debug", "info", "warn", "error"};
constexpr string_view format_words[] = {"text", "json"};

#define CHOICE(member, words)                                                                 \
    [](const config& c) { return values::quote(words[static_cast<std::size_t>(c.member)]); }, \
        [](config& c, string_view t) { return read_choice(t, words, c.member); }

constexpr string_view switch_allowed = "true or false";

const config_key keys[] = {
    {"server.name", "a server name: host or host:port",
     "The part behind the colon of every user id here. Never change it once people have accounts.",
     false, TEXT(homeserver.server_name)},
    {"server.data", "a folder, made when missing", "The folder of the database and its files.",
     false, TEXT(data)},
    {"server.listen", "a list of address:port; port 0 picks one", "Plain HTTP listeners.", false,
     LIST(listen)},
    {"server.listen_tls", "a list of address:port", "TLS listeners; they need the next two keys.",
     false, LIST(listen_tls)},
    {"server.tls_cert", "a PEM file", "Certificate chain of the TLS listeners.", true,
     TEXT(tls_cert)},
    {"server.tls_key", "a PEM file", "Private key of the TLS listeners.", true, TEXT(tls_key)},
    {"server.trusted_proxies", "a list of addresses",
     "Addresses of reverse proxies whose X-Forwarded-For is believed.", false,
     LIST(trusted_proxies)},
    {"server.threads", "a whole number from 0 to 64 (0: by the number of cores)",
     "Net threads. From two on the engine has a thread of its own.", false,
     INTEGER(threads, 0, 64)},
    {"server.public_base_url", "a URL, or empty",
     "What /.well-known/matrix/client tells clients; empty: nothing is served there.", false,
     TEXT(client_api.public_base_url)},
    {"server.metrics", "loopback, everyone or nobody",
     "Who may read /metrics. Behind a proxy that server.trusted_proxies doesn't name, everyone is "
     "loopback.",
     true, CHOICE(metrics, metrics_words)},
    {"server.page", switch_allowed,
     "Whether the page (at /) and the operator's view (at /admin) are served.", false,
     BOOLEAN(page)},
    {"presence.enabled", switch_allowed,
     "Presence as a whole. Switched off, everyone is offline, and everyone is told so once.", true,
     BOOLEAN(engine.enabled)},
    {"presence.idle_timeout", "a duration from 0s to 24h (0s: never)",
     "A device that is online without activity for so long counts as unavailable.", true,
     DURATION(engine.presence.idle_timeout, 0ms, 24h)},
    {"presence.offline_grace", "a duration from 10ms to 1h",
     "How long a device still counts after its stream is gone.", true,
     DURATION(engine.presence.offline_grace, 10ms, 1h)},
    {"presence.active_window", "a duration from 10ms to 1h",
     "currently_active ends so long after the last activity.", true,
     DURATION(engine.presence.active_window, 10ms, 1h)},
    {"presence.window", "a duration from 0s to 10s",
     "Least time between two presence answers of one stream; flips within it are merged. A net "
     "thread whose answers come late doubles its own, up to 1s, and halves it again when it has "
     "caught up. 0s: no window at all.",
     true, DURATION(engine.window, 0ms, 10s)},
    {"presence.restart_spread", "a duration from 0s to 1h",
     "After a restart, those who don't come back go offline spread over so long, past the grace, "
     "and not all at once.",
     false, DURATION(engine.restart_spread, 0ms, 1h)},
    {"presence.rooms", "all, not_public or none",
     "Which rooms let their members see each other's presence; for not_public, rooms with the join "
     "rule public don't.",
     true, CHOICE(engine.rooms, room_words)},
    {"presence.room_members_max", "a whole number from 0 to 1000000 (0: no limit)",
     "Rooms with more members do not count by themselves; with 10 % hysteresis.", true,
     INTEGER(engine.room_members_max, 0, 1'000'000)},
    {"presence.exclude_rooms", "a list of room ids", "Rooms that never count for presence.", true,
     LIST(presence_exclude_rooms)},
    {"presence.busy", switch_allowed, "Whether the state busy is accepted.", true,
     BOOLEAN(client_api.busy_enabled)},
    {"presence.typing_is_activity", switch_allowed,
     "Whether typing and read receipts count as activity.", true,
     BOOLEAN(homeserver.typing_is_activity)},
    {"lists.auto_accept", "never, contacts, same_server or everyone",
     "Whose invites to presence lists are accepted without asking, for users who chose nothing; "
     "contacts: whom they put on their own list.",
     true, CHOICE(homeserver.auto_accept, auto_accept_words)},
    {"lists.invites_at_once", "a whole number from 1 to 100000",
     "Invites to presence lists one user may send at once: a whole address book.", true,
     INTEGER(client_api.invites_at_once, 1, 100'000)},
    {"lists.invites_per_hour", "a whole number from 1 to 100000",
     "Further ones after that; who adds people doesn't notice, who asks strangers does.", true,
     INTEGER(client_api.invites_per_hour, 1, 100'000)},
    {"lists.incoming_max", "a whole number from 1 to 50000",
     "Invites that may wait for one user's answer, from each inviting server. Further ones are "
     "answered as any other, and not delivered.",
     true, INTEGER(homeserver.incoming_invites_max, 1, 50'000)},
    {"sync.timeout_max", "a duration from 1s to 10m",
     "Longest wait of a /sync or /events; longer ones are cut to it.", true,
     DURATION(client_api.sync_timeout_max, 1s, 10min)},
    {"accounts.registration", "closed, token or open",
     "Who may register an account. --open-registration is open.", true,
     CHOICE(homeserver.registration_mode, registration_words)},
    {"accounts.registration_token", "a text", "What accounts.registration = \"token\" asks for.",
     true, TEXT(homeserver.registration_token)},
    {"accounts.access_token_lifetime", "a duration from 1m to 8760h",
     "How long an access token lasts that came with a refresh token. Others don't expire.", true,
     DURATION(homeserver.access_token_lifetime, 1min, 8760h)},
    {"accounts.argon2_ops", "a whole number from 1 to 100",
     "Passes of Argon2id for new password hashes.", true, INTEGER(homeserver.argon2_ops, 1, 100)},
    {"accounts.argon2_memory", "a size from 8KiB to 4GiB",
     "Memory of Argon2id for new password hashes.", true,
     BYTES(homeserver.argon2_memory, 8192, std::int64_t{4} << 30)},
    {"accounts.profile_needs_token", switch_allowed, "Whether reading a profile needs a login.",
     true, BOOLEAN(homeserver.profile_needs_token)},
    {"media.folder", "a folder, made when missing; empty: media in server.data",
     "Where the bytes of uploads and thumbnails lie.", false, TEXT(media_folder)},
    {"media.upload_bytes_max", "a size from 1KiB to 32MiB", "Largest upload.", false,
     BYTES(homeserver.media.upload_bytes_max, 1024, base::limits::upload_bytes_most)},
    {"media.user_bytes_max", "a size, as 512MiB or 5GiB (0: no limit)",
     "What the uploads of one user may take in all.", true,
     BYTES(homeserver.media.user_bytes_max, 0, std::int64_t{1} << 50)},
    {"media.user_count_max", "a whole number from 0 to 1000000000 (0: no limit)",
     "Uploads one user may have.", true,
     INTEGER(homeserver.media.user_count_max, 0, 1'000'000'000)},
    {"media.legacy_reading", switch_allowed,
     "Whether media is also read without a token, below /_matrix/media, as clients from before "
     "Matrix 1.11 do.",
     true, BOOLEAN(homeserver.media.legacy_reading)},
    {"federation.inbound", switch_allowed,
     "Whether other servers may tell this one of presence and lists, and ask for profiles. Off: "
     "they get 403.",
     true, BOOLEAN(federation.inbound)},
    {"federation.outbound", switch_allowed,
     "Whether other servers are told of presence and lists here, and asked for profiles. Off: "
     "messages of lists wait.",
     true, BOOLEAN(federation.outbound)},
    {"federation.allow", "a list of server names, with the wildcards * and ?",
     "Servers to talk with. Empty: all that federation.deny does not name.", true,
     LIST(federation.allow)},
    {"federation.deny", "a list of server names, with the wildcards * and ?",
     "Servers not to talk with, in either direction. It beats federation.allow.", true,
     LIST(federation.deny)},
    {"federation.well_known_server", "a server name: host or host:port, or empty",
     "What /.well-known/matrix/server tells other servers; empty: nothing is served there.", true,
     TEXT(federation.well_known_server)},
    {"federation.push_window", "a duration from 0s to 1m",
     "Least time between two transactions to one server that carry nothing but presence.", true,
     DURATION(federation.push_window, 0ms, 1min)},
    {"federation.signing_key", "a file, made when missing; empty: signing.key in server.data",
     "The file with this server's signing key, a line \"ed25519 VERSION SEED\". Keep a copy: with "
     "another key this is another server to everybody else.",
     false, TEXT(signing_key)},
    {"federation.verify_certificates", switch_allowed,
     "Whether other servers must show a valid certificate. Off is for tests alone.", false,
     BOOLEAN(federation_verify_certificates)},
    {"federation.ca_file", "a PEM file, or empty",
     "Whose certificates other servers may show; empty: those the system trusts.", false,
     TEXT(federation_ca_file)},
    {"federation.allow_private_addresses", switch_allowed,
     "Whether servers at private, local and loopback addresses are asked. Off, names can't lead "
     "this server into your network.",
     false, BOOLEAN(federation_allow_private_addresses)},
    {"federation.dns_servers", "addresses separated by commas, as 192.0.2.53:53, or empty",
     "Name servers to ask for other servers; empty: the system's.", false,
     TEXT(federation_dns_servers)},
    {"admin.enabled", switch_allowed, "Whether there is an admin API, and its page.", false,
     BOOLEAN(admin_enabled)},
    {"admin.listen", "address:port, or empty; port 0 picks one",
     "A listener for the admin API and its page alone, which then are nowhere else. Plain HTTP: "
     "keep it on loopback or in a network of your own.",
     false, TEXT(admin_listen)},
    {"admin.token_file", "a file, made when missing; empty: admin_token in server.data",
     "What opens the admin API, on the first line. Only its owner may be able to read it.", false,
     TEXT(admin_token_file)},
    {"rate_limits.enabled", switch_allowed, "Limits on requests per user and per address.", true,
     BOOLEAN(client_api.rate_limits_enabled)},
    {"log.level", "debug, info, warn or error", "Least important lines that are written.", true,
     CHOICE(log.least, level_words)},
    {"log.format", "text or json", "How log lines look.", false, CHOICE(log.json, format_words)},
};

std::size_t distance(string_view a, string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
            diagonal = above;
        }
    }
    return row[b.size()];
}

config_error unknown_key(string_view name) {
    const auto* nearest = std::min_element(
        std::begin(keys), std::end(keys), [&](const config_key& a, const config_key& b) {
            return distance(a.name, name) < distance(b.name, name);
        });
    return {"there is no key " + std::string(name) + "; did you mean " +
            std::string(nearest->name) + "? `porchlight config` lists all keys"};
}

config_result<void> set_table(config& c, const toml::table& table, const std::string& path,
                              const std::string& prefix) {
    for (const auto& [name, node] : table) {
        const std::string key = prefix + std::string(name.str());
        if (const toml::table* inner = node.as_table(); inner != nullptr && prefix.empty()) {
            if (auto r = set_table(c, *inner, path, key + "."); r.has_error()) {
                return r;
            }
            continue;
        }
        std::ostringstream text;
        node.visit([&](const auto& value) { text << value; });
        if (auto r = set_key(c, key, text.str()); r.has_error()) {
            return config_error{path + " line " + std::to_string(node.source().begin.line) + ": " +
                                r.error().message};
        }
    }
    return {};
}

}  // namespace

std::span<const config_key> config_keys() {
    return keys;
}

config_result<void> set_key(config& c, string_view name, string_view value) {
    const auto* found = std::find_if(std::begin(keys), std::end(keys),
                                     [&](const config_key& k) { return k.name == name; });
    if (found == std::end(keys)) {
        return unknown_key(name);
    }
    if (!found->set(c, value)) {
        return config_error{std::string(name) + " can't be " + std::string(value) +
                            "; allowed: " + std::string(found->allowed)};
    }
    return {};
}

config_result<void> load_toml(config& c, const std::string& path) {
    try {
        return set_table(c, toml::parse_file(path), path, "");
    } catch (const toml::parse_error& e) {
        return config_error{path + " line " + std::to_string(e.source().begin.line) + ": " +
                            std::string(e.description())};
    }
}

config_result<void> validate(const config& c) {
    if (!matrix::is_server_name(c.homeserver.server_name)) {
        return config_error{"server.name can't be " + values::quote(c.homeserver.server_name) +
                            "; allowed: host or host:port"};
    }
    if (!c.listen_tls.empty() && (c.tls_cert.empty() || c.tls_key.empty())) {
        return config_error{"server.listen_tls needs server.tls_cert and server.tls_key"};
    }
    if (c.listen.empty() && c.listen_tls.empty()) {
        return config_error{
            "server.listen and server.listen_tls are both empty; name one listener"};
    }
    if (!c.federation.well_known_server.empty() &&
        !matrix::is_server_name(c.federation.well_known_server)) {
        return config_error{"federation.well_known_server can't be " +
                            values::quote(c.federation.well_known_server) +
                            "; allowed: host or host:port, or empty"};
    }
    if (c.homeserver.registration_mode == homeserver::registration::token &&
        c.homeserver.registration_token.empty()) {
        return config_error{"accounts.registration = \"token\" needs accounts.registration_token"};
    }
    if (c.homeserver.argon2_memory < crypto_pwhash_argon2id_MEMLIMIT_MIN) {
        return config_error{"accounts.argon2_memory is below 8KiB"};
    }
    return {};
}

std::string print_config(const config& c) {
    const config defaults;
    std::string out;
    string_view section;
    for (const config_key& k : keys) {
        const string_view its = k.name.substr(0, k.name.find('.'));
        if (its != section) {
            out += (out.empty() ? "[" : "\n[") + std::string(its) + "]\n";
            section = its;
        }
        out += "# " + std::string(k.meaning) + "\n# Allowed: " + std::string(k.allowed) +
               ". Default: " + k.show(defaults) + "." + (k.reloads ? "" : " Needs a restart.") +
               "\n";
        const bool secret = k.name == "accounts.registration_token" && !k.show(c).empty();
        const std::string value = secret && k.show(c) != "\"\"" ? "\"(set)\"" : k.show(c);
        out += std::string(k.name.substr(its.size() + 1)) + " = " + value + "\n";
    }
    return out;
}

std::string print_config_table() {
    const config defaults;
    std::string out = "| key | default | allowed | reload | meaning |\n|---|---|---|---|---|\n";
    for (const config_key& k : keys) {
        const std::string value = k.show(defaults);
        out += "| `" + std::string(k.name) + "` | " +
               (value == "\"\"" ? std::string("empty") : "`" + value + "`") + " | " +
               std::string(k.allowed) + " | " + (k.reloads ? "yes" : "no") + " | " +
               std::string(k.meaning) + " |\n";
    }
    return out;
}

}  // namespace porchlight::server

namespace boost::system {
void throw_exception_from_error(const porchlight::server::config_error& e,
                                const boost::source_location&) {
    throw std::logic_error(e.message);
}
}  // namespace boost::system
