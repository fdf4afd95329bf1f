#include "server/application.h"

#include <future>
#include <thread>

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
#include "server/front_door.h"
#include "server/signing_key_file.h"

namespace porchlight::server {

namespace log = base::log;
namespace metrics = base::metrics;

namespace {

metrics::counter reloads{"porchlight_reloads_total", "Configurations taken over by SIGHUP."};
metrics::gauge waiters{"porchlight_waiters", "Parked long-polls."};
metrics::gauge users_known{"porchlight_users_known", "Users the engine knows."};
metrics::gauge users_live{"porchlight_users_live", "Users with a device, a stream or a deadline."};
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
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    s.threads = c.threads > 0 ? static_cast<unsigned>(c.threads) : cores <= 2 ? 1 : cores - 1;
    s.trusted_proxies = c.trusted_proxies;
    return s;
}

}  // namespace

struct application::impl {
    explicit impl(config given);
    void after_tasks(base::instant now);

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
      door(runtime, dispatcher, peers.handler(), settings,
           [this] { return home.store_healthy(); }) {
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

void application::impl::after_tasks(base::instant now) {
    home.engine_ptr->turn(now);
    const engine::engine::counts c = home.engine_ptr->statistics();
    waiters.set(static_cast<std::int64_t>(c.sessions));
    users_known.set(static_cast<std::int64_t>(c.users_known));
    users_live.set(static_cast<std::int64_t>(c.users_live));
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
    for (const auto& b : m.runtime.bound()) {
        log::info("server", "listening",
                  {{"address", b.address}, {"port", b.port}, {"tls", b.tls ? "yes" : "no"}});
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
        now.metrics = fresh->metrics;
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
