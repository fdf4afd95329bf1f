#include "net/runtime.h"

#include <sys/resource.h>

#include <atomic>
#include <utility>

#include "base/assert.h"
#include "net/cold_threads.h"
#include "net/deciding_thread.h"
#include "net/listener.h"
#include "net/net_thread.h"
#include "net/peer.h"
#include "net/transport.h"
#include "net/wakeup.h"

#include <unistd.h>

namespace porchlight::net {
namespace {

settings checked(settings s) {
    if (s.threads == 0 || s.cold_threads == 0) {
        throw start_error("The number of threads must be at least 1.");
    }
    if (s.listen.empty()) {
        throw start_error("There is no address to listen on.");
    }
    if (s.listen.size() > base::limits::listeners_max) {
        throw start_error("There are " + std::to_string(s.listen.size()) +
                          " addresses to listen on; allowed: " +
                          std::to_string(base::limits::listeners_max) + ".");
    }
    for (const auto& l : s.listen) {
        if (l.cert_file.empty() != l.key_file.empty()) {
            throw start_error("TLS on " + l.address + ":" + std::to_string(l.port) +
                              " needs both a certificate file and a key file.");
        }
    }
    return s;
}

trusted_networks parsed(const std::vector<std::string>& texts) {
    std::string wrong;
    auto networks = trusted_networks::parse(texts, wrong);
    if (!networks) {
        throw start_error("\"" + wrong +
                          "\" is not a trusted proxy: allowed are addresses and "
                          "networks such as 10.0.0.0/8 or ::1.");
    }
    return std::move(*networks);
}

}  // namespace

struct runtime::impl {
    impl(settings s, const ports::clock& c)
        : config(checked(std::move(s))),
          proxies(parsed(config.trusted_proxies)),
          clock(c),
          cold(config.cold_threads) {
        // Numbers: the net threads from 0, then the deciding thread if it is one of its own.
        const auto numbers = config.threads + (config.threads > 1 ? 1 : 0);
        for (unsigned n = 0; n < config.threads; ++n) {
            threads.push_back(std::make_unique<net_thread>(
                net_thread::setup{this, n, numbers, &config, &proxies, &clock}));
        }
        if (config.threads == 1) {
            deciding = std::make_unique<deciding_loop>(this, 0, numbers, clock,
                                                       threads.front()->waker(), config.ring_slots);
            threads.front()->decide_here(*deciding);
        } else {
            deciding = std::make_unique<deciding_loop>(this, config.threads, numbers, clock,
                                                       deciding_wakeup, config.ring_slots);
            for (const auto& thread : threads) {
                thread->decide_there(*deciding);
            }
        }
        for (const auto& l : config.listen) {
            listen_on(l);
        }
    }

    void listen_on(const listen_address& l) {
        identity_source* source = nullptr;
        if (l.tls()) {
            std::string error;
            auto identity = tls_identity::load(l.cert_file, l.key_file, error);
            if (!identity) {
                throw start_error(error);
            }
            source = identities.emplace_back(std::make_unique<identity_source>()).get();
            source->replace(std::move(identity));
        }
        const bool shared = config.threads > 1;
        if (shared && l.port != 0) {
            // A shared port would let a second server start beside a running one in silence.
            ::close(bind_and_listen(l.address, l.port, false).descriptor);
        }
        auto port = l.port;
        for (const auto& thread : threads) {
            const auto socket = bind_and_listen(l.address, port, shared);
            port = socket.port;
            thread->listen(socket.descriptor, source, static_cast<std::uint32_t>(bound.size()));
        }
        bound.push_back({l.address, port, l.tls()});
    }

    const settings config;
    const trusted_networks proxies;
    const ports::clock& clock;
    wakeup deciding_wakeup;
    std::vector<std::unique_ptr<identity_source>> identities;  // of the TLS addresses, in order
    std::vector<std::unique_ptr<net_thread>> threads;
    std::unique_ptr<deciding_loop> deciding;
    std::unique_ptr<deciding_thread> deciding_runner;
    cold_threads cold;
    std::vector<bound_address> bound;
    std::atomic<bool> draining{false};
    std::atomic<unsigned> undrained{0};
    ports::task drained;
};

runtime::runtime(settings s, const ports::clock& clock)
    : impl_(std::make_unique<impl>(std::move(s), clock)) {}

runtime::~runtime() {
    stop();
}

ports::executor& runtime::executor() {
    return *impl_->deciding;
}

ports::cold_pool& runtime::cold_pool() {
    return impl_->cold;
}

void runtime::set_turn_hooks(turn_hooks hooks) {
    impl_->deciding->set_hooks(std::move(hooks));
}

void runtime::start(ports::http_handler& handler) {
    if (impl_->config.threads > 1) {
        impl_->deciding_runner =
            std::make_unique<deciding_thread>(impl_.get(), impl_->config.threads, *impl_->deciding,
                                              impl_->deciding_wakeup, impl_->clock);
    }
    for (const auto& thread : impl_->threads) {
        thread->start(handler);
    }
}

const std::vector<runtime::bound_address>& runtime::bound() const {
    return impl_->bound;
}

void runtime::begin_drain(ports::task drained) {
    if (impl_->draining.exchange(true)) {
        return;
    }
    impl_->drained = std::move(drained);
    impl_->undrained = impl_->config.threads;
    for (const auto& thread : impl_->threads) {
        auto* const t = thread.get();
        t->post([this, t] {
            t->begin_drain([this] {
                if (--impl_->undrained == 0 && impl_->drained) {
                    impl_->deciding->post(std::move(impl_->drained));
                }
            });
        });
    }
}

void runtime::stop() {
    impl_->cold.stop();
    for (const auto& thread : impl_->threads) {
        thread->stop();
    }
    for (const auto& thread : impl_->threads) {
        thread->join();
    }
    if (impl_->deciding_runner) {
        impl_->deciding_runner->stop();
    }
}

std::optional<std::string> runtime::reload_tls() {
    std::vector<std::shared_ptr<const tls_identity>> fresh;
    for (const auto& l : impl_->config.listen) {
        if (l.tls()) {
            std::string error;
            fresh.push_back(tls_identity::load(l.cert_file, l.key_file, error));
            if (!fresh.back()) {
                return error;
            }
        }
    }
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        impl_->identities[i]->replace(std::move(fresh[i]));
    }
    return std::nullopt;
}

std::size_t runtime::open_connections() const {
    std::size_t sum = 0;
    for (const auto& thread : impl_->threads) {
        sum += thread->open_connections();
    }
    return sum;
}

runtime::queue_depths runtime::waiting() const {
    queue_depths d{.deciding = impl_->deciding->waiting(), .cold = impl_->cold.waiting(), .net = 0};
    for (const auto& thread : impl_->threads) {
        d.net += thread->waiting();
    }
    return d;
}

void runtime::respond(ports::http_handle h, ports::http_response r) {
    if (h.thread >= impl_->threads.size()) {
        return;
    }
    auto* const thread = impl_->threads[h.thread].get();
    if (thread_number::in(impl_.get()) == h.thread) {
        thread->respond(h, std::move(r));
    } else {
        thread->post([thread, h, response = std::move(r)]() mutable {
            thread->respond(h, std::move(response));
        });
    }
}

void runtime::post(std::uint32_t thread, base::unique_function<void()> t) {
    ASSERT(thread < impl_->threads.size());
    impl_->threads[thread]->post(std::move(t));
}

void runtime::respond_now(const ports::http_delivery& d) {
    ASSERT(thread_number::in(impl_.get()) == d.handle.thread);
    impl_->threads[d.handle.thread]->respond_now(d);
}

std::uint32_t runtime::thread_count() const {
    return impl_->config.threads;
}

std::size_t raise_open_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

}  // namespace porchlight::net
