#include "server/application.h"

#include <future>
#include <thread>

#include "admin/api.h"
#include "admin/surroundings.h"
#include "base/log.h"
#include "base/metrics.h"
#include "client_api/dispatcher.h"
#include "client_api/rate_limits.h"
#include "client_api/sync_streams.h"
#include "federation/federation.h"
#include "net/client/outgoing.h"
#include "net/real_clock.h"
#include "net/runtime.h"
#include "net/secure_random.h"
#include "server/admin_token_file.h"
#include "server/front_door.h"
#include "server/process_facts.h"
#include "server/signing_key_file.h"

namespace porchlight::server {

namespace log = base::log;
namespace metrics = base::metrics;

namespace {

metrics::counter reloads{"porchlight_reloads_total", "Configurations taken over by SIGHUP."};
metrics::gauge waiters{"porchlight_waiters", "Parked long-polls."};
metrics::gauge users_known{"porchlight_users_known", "Users the engine knows."};
metrics::gauge users_live{"porchlight_users_live", "Users with a device, a stream or a deadline."};
metrics::gauge users_online{"porchlight_users_online",
                            "Users of this server who are not offline, the hidden among them."};
metrics::gauge rooms_known{"porchlight_rooms", "Rooms the engine knows."};
metrics::gauge updates{"porchlight_presence_updates", "Presence changes that others could see."};
metrics::gauge marks{"porchlight_presence_marks", "Streams marked for a change."};
metrics::gauge rebuilt{"porchlight_sync_rebuilt", "Answers made from a token, not from marks."};
metrics::gauge overflowed{"porchlight_pending_overflowed",
                          "Streams that had more pending subjects than are kept."};
metrics::gauge window{
    "porchlight_presence_window_milliseconds",
    "Least time between two presence answers of a stream, on the net thread where "
    "it is longest."};
metrics::gauge windows_doubled{"porchlight_presence_windows_doubled",
                               "How often a net thread was behind and its window doubled."};

net::listen_address parse_listener(const std::string& key, const std::string& text) {
    const std::size_t colon = text.rfind(':');
    net::listen_address a;
    std::int64_t port = 0;
    try {
        port = colon == std::string::npos ? -1 : std::stoll(text.substr(colon + 1));
    } catch (const std::exception&) {
        port = -1;
    }
    a.address = text.substr(0, colon);
    if (a.address.size() > 2 && a.address.front() == '[' && a.address.back() == ']') {
        a.address = a.address.substr(1, a.address.size() - 2);
    }
    if (port < 0 || port > 65535 || a.address.empty()) {
        throw start_error(key + " can't be " + text + "; allowed: address:port, as 127.0.0.1:8008");
    }
    a.port = static_cast<std::uint16_t>(port);
    return a;
}

bool has_admin_listener(const config& c) {
    return c.admin_enabled && !c.admin_listen.empty();
}

std::optional<std::uint32_t> admin_listener(const config& c) {
    return has_admin_listener(c)
               ? std::optional{static_cast<std::uint32_t>(c.listen.size() + c.listen_tls.size())}
               : std::nullopt;
}

net::settings net_settings(const config& c) {
    net::settings s;
    for (const std::string& text : c.listen) {
        s.listen.push_back(parse_listener("server.listen", text));
    }
    for (const std::string& text : c.listen_tls) {
        net::listen_address a = parse_listener("server.listen_tls", text);
        a.cert_file = c.tls_cert;
        a.key_file = c.tls_key;
        s.listen.push_back(std::move(a));
    }
    if (has_admin_listener(c)) {
        s.listen.push_back(parse_listener("admin.listen", c.admin_listen));  // the last: see below
    }
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    s.threads = c.threads > 0 ? static_cast<unsigned>(c.threads) : cores <= 2 ? 1 : cores - 1;
    s.trusted_proxies = c.trusted_proxies;
    return s;
}

}  // namespace

struct application::impl {
    explicit impl(config given);
    void after_tasks(base::instant now);
    std::unique_ptr<admin::api> make_admin();
    admin::process_facts process() const;
    std::vector<admin::destination> destinations(std::size_t from, std::size_t most) const;

    config settings;
    net::real_clock clock;
    net::secure_random random;
    net::runtime runtime;
    house home;
    net::outgoing outgoing;
    ports::no_directory rooms_elsewhere;
    federation::federation peers;
    client_api::api api;
    client_api::sync_streams streams;
    client_api::rate_limits limits;
    client_api::dispatcher dispatcher;
    std::unique_ptr<admin::api> admin_api;  // null: switched off
    front_door door;
};

application::impl::impl(config given)
    : settings(std::move(given)),
      runtime(net_settings(settings), clock),
      home(settings, runtime.executor(), runtime.cold_pool(), clock, random),
      outgoing({.ca_file = settings.federation_ca_file,
                .verify_certificates = settings.federation_verify_certificates,
                .dns_servers = settings.federation_dns_servers,
                .limits = {}},
               runtime.executor()),
      peers({settings.federation,
             {settings.federation_allow_private_addresses},
             *home.services,
             *home.accounts,
             *home.lists,
             rooms_elsewhere,
             outgoing.resolver(),
             outgoing,
             runtime,
             PORCHLIGHT_VERSION},
            load_signing_key(settings.signing_key.empty() ? settings.data + "/signing.key"
                                                          : settings.signing_key,
                             random)),
      api{settings.client_api, *home.services,    *home.accounts,  *home.rooms,
          *home.statuses,      *home.ephemeral,   *home.to_device, *home.lists,
          *home.device_keys,   *home.key_backups, *home.media,     runtime},
      streams(api),
      limits(settings.client_api),
      dispatcher(api),
      admin_api(make_admin()),
      door(runtime, {dispatcher, peers.handler(), admin_api.get(), admin_listener(settings)},
           settings, [this] { return home.store_healthy(); }) {
    api.streams = &streams;
    api.limits = &limits;
    api.remote_profiles = &peers.remote_profiles();
    peers.load(home.store());
    home.on_shown_changed = [this](base::user_key u) { peers.shown_changed(u); };
    home.on_deliver = [this](std::unique_ptr<engine::batch> b) { streams.deliver(std::move(b)); };
    net::turn_hooks hooks;
    hooks.after_tasks = [this](base::instant now) { after_tasks(now); };
    hooks.next_turn = [this] { return home.engine_ptr->next_turn(); };
    runtime.set_turn_hooks(std::move(hooks));
}

std::unique_ptr<admin::api> application::impl::make_admin() {
    if (!settings.admin_enabled) {
        return nullptr;
    }
    const std::string token =
        load_admin_token(settings.admin_token_file.empty() ? settings.data + "/admin_token"
                                                           : settings.admin_token_file,
                         random);
    return std::make_unique<admin::api>(
        admin::surroundings{
            .services = *home.services,
            .accounts = *home.accounts,
            .rooms = *home.rooms,
            .limits = limits,
            .http = runtime,
            .process = [this] { return process(); },
            .destinations = [this](std::size_t from,
                                   std::size_t most) { return destinations(from, most); },
            .observers_elsewhere = [this](base::user_key u) { return peers.observers_of(u); },
            .version = PORCHLIGHT_VERSION,
            .started = clock.now().mono},
        token);
}

admin::process_facts application::impl::process() const {
    const net::runtime::queue_depths waiting = runtime.waiting();
    return {.resident_bytes = resident_bytes(),
            .cpu_seconds = cpu_seconds(),
            .connections = runtime.open_connections(),
            .deciding_tasks = waiting.deciding,
            .net_tasks = waiting.net,
            .cold_tasks = waiting.cold};
}

// admin and federation don't know each other.
std::vector<admin::destination> application::impl::destinations(std::size_t from,
                                                                std::size_t most) const {
    std::vector<admin::destination> all;
    for (federation::destination_report& d : peers.report(from, most)) {
        all.push_back({.name = std::move(d.name),
                       .porchlight = d.porchlight,
                       .in_flight = d.in_flight,
                       .failures = d.failures,
                       .failing_since = d.failing_since,
                       .retry_at = d.retry_at,
                       .last_success = d.last_success,
                       .last_failure = std::move(d.last_failure),
                       .list_messages = d.list_messages,
                       .pushes = d.pushes,
                       .answers = d.answers,
                       .polls = d.polls,
                       .unpolls = d.unpolls});
    }
    return all;
}

void application::impl::after_tasks(base::instant now) {
    home.engine_ptr->turn(now);
    const engine::engine::counts c = home.engine_ptr->statistics();
    waiters.set(static_cast<std::int64_t>(c.sessions));
    users_known.set(static_cast<std::int64_t>(c.users_known));
    users_live.set(static_cast<std::int64_t>(c.users_live));
    users_online.set(static_cast<std::int64_t>(c.users_online));
    rooms_known.set(static_cast<std::int64_t>(c.rooms));
    updates.set(static_cast<std::int64_t>(c.updates));
    marks.set(static_cast<std::int64_t>(c.marks));
    rebuilt.set(static_cast<std::int64_t>(c.rebuilt));
    overflowed.set(static_cast<std::int64_t>(c.overflowed));
    window.set(c.window.count());
    windows_doubled.set(static_cast<std::int64_t>(c.windows_doubled));
}

application::application(config c) {
    net::raise_open_file_limit();
    try {
        impl_ = std::make_unique<impl>(std::move(c));
    } catch (const net::start_error& e) {
        throw start_error(e.what());
    }
}

application::~application() {
    if (impl_) {
        impl_->outgoing.stop();
        impl_->runtime.stop();
    }
}

void application::start() {
    impl& m = *impl_;
    m.runtime.executor().post([&m] {
        m.home.engine_ptr->ready(m.clock.now());
        m.home.lists->ready();
        m.peers.ready();
    });
    m.runtime.start(m.door);
    const auto& bound = m.runtime.bound();
    for (std::size_t i = 0; i < bound.size(); ++i) {
        const bool admins = admin_listener(m.settings) == i;
        log::info("server", "listening",
                  {{"address", bound[i].address},
                   {"port", bound[i].port},
                   {"tls", bound[i].tls ? "yes" : "no"},
                   {"for", admins ? "admin" : "everybody"}});
    }
    log::info("server", "ready",
              {{"server_name", m.settings.homeserver.server_name},
               {"data", m.settings.data},
               {"accounts", m.home.accounts->count()}});
}

std::string application::base_url() const {
    const auto& first = impl_->runtime.bound().front();
    const bool v6 = first.address.find(':') != std::string::npos;
    return (first.tls ? "https://" : "http://") + (v6 ? "[" + first.address + "]" : first.address) +
           ":" + std::to_string(first.port);
}

void application::reload(const config& c) {
    impl& m = *impl_;
    if (const auto problem = m.runtime.reload_tls()) {
        log::error("server", "certificates not reloaded, the old ones stay",
                   {{"reason", *problem}});
    }
    log::set_level(c.log.least);
    auto fresh = std::make_shared<config>(c);
    m.runtime.executor().post([&m, fresh] {
        config& now = m.settings;
        // What needs a restart stays as it is.
        fresh->homeserver.server_name = now.homeserver.server_name;
        fresh->homeserver.media.upload_bytes_max = now.homeserver.media.upload_bytes_max;
        now.homeserver = fresh->homeserver;
        now.client_api = fresh->client_api;
        now.engine = fresh->engine;
        m.door.allow_metrics(fresh->metrics);
        now.presence_exclude_rooms = fresh->presence_exclude_rooms;
        now.federation = fresh->federation;
        m.home.engine_ptr->reconfigure(m.home.engine_settings(now), m.clock.now());
        m.peers.reconfigure();
        reloads.add();
        log::info("server", "configuration reloaded");
    });
}

void application::drain() {
    impl& m = *impl_;
    log::info("server", "draining");
    std::promise<void> closed;
    m.runtime.executor().post([&m] { m.home.engine_ptr->drain(m.clock.now()); });
    m.runtime.begin_drain([&m, &closed] {
        m.home.engine_ptr->drain(m.clock.now());
        m.home.close([&closed] { closed.set_value(); });
    });
    closed.get_future().wait();
    m.outgoing.stop();
    m.runtime.stop();
    log::info("server", "stopped");
}

}  // namespace porchlight::server
