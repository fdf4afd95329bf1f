#include "net/client/dns_resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "net/client/failures.h"
#include "net/metrics.h"
#include "net/peer.h"
#include "net/start_error.h"

namespace porchlight::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using ports::resolve_failure;
using ports::service_record;

template <class Value>
using answer_of = base::result<std::vector<Value>, resolve_failure>;

// A socket of c-ares, which opens and closes it and says what it waits for.
struct name_socket {
    name_socket(asio::io_context& io, int fd) : descriptor(io, fd) {}
    asio::posix::stream_descriptor descriptor;
    bool read_wanted = false, write_wanted = false;
    bool read_armed = false, write_armed = false;
    bool gone = false;  // c-ares closes it; the number may soon be that of another one
};

bool is_no_such_name(int status) {
    return status == ARES_ENOTFOUND || status == ARES_ENODATA;
}

std::vector<std::string> addresses_in(const ares_addrinfo& found) {
    std::vector<std::string> texts;
    for (const auto* node = found.nodes; node != nullptr; node = node->ai_next) {
        std::array<char, INET6_ADDRSTRLEN> text{};
        const void* address = nullptr;
        if (node->ai_family == AF_INET) {
            address = &reinterpret_cast<const sockaddr_in*>(node->ai_addr)->sin_addr;
        } else if (node->ai_family == AF_INET6) {
            address = &reinterpret_cast<const sockaddr_in6*>(node->ai_addr)->sin6_addr;
        }
        if (address != nullptr &&
            ::inet_ntop(node->ai_family, address, text.data(), text.size()) != nullptr) {
            texts.emplace_back(text.data());
        }
    }
    return texts;
}

std::vector<service_record> services_in(const ares_srv_reply* found) {
    std::vector<service_record> records;
    for (const auto* record = found; record != nullptr; record = record->next) {
        std::string target = record->host;
        if (target.ends_with('.')) {
            target.pop_back();
        }
        records.push_back({record->priority, record->weight, record->port, std::move(target)});
    }
    return records;
}

}  // namespace

struct dns_resolver::impl {
    // One name being looked up. c-ares holds one share of it until its callback, always.
    template <class Value>
    struct question {
        question(impl& r, std::string n, base::unique_function<void(answer_of<Value>)> d)
            : asked(r), name(std::move(n)), done(std::move(d)), patience(r.io) {}
        impl& asked;
        const std::string name;
        base::unique_function<void(answer_of<Value>)> done;  // empty: it was answered
        asio::steady_timer patience;
    };
    template <class Value>
    using held = std::shared_ptr<question<Value>>;

    asio::io_context& io;
    crossing& way;
    const outgoing_limits limits;
    ares_channel channel = nullptr;
    std::map<int, std::shared_ptr<name_socket>> sockets;
    std::optional<asio::steady_timer> retry;  // when c-ares has to ask again; until close()
    std::size_t under_way = 0;
    bool closing = false;

    impl(asio::io_context& client, crossing& w, const outgoing_limits& l)
        : io(client), way(w), limits(l), retry(client) {}

    void open(const std::string& dns_servers);
    void close();
    template <class Value, class Ask>
    void ask(std::string name, base::unique_function<void(answer_of<Value>)> done, Ask how);
    template <class Value>
    void finish(question<Value>& q, std::type_identity_t<answer_of<Value>> a);
    template <class Value>
    void fail(question<Value>& q, const std::string& why);
    static void on_addresses(void* asked, int status, int, ares_addrinfo* found);
    static void on_services(void* asked, int status, int, unsigned char* reply, int size);

    void on_state(int fd, bool read, bool write);
    void arm(const std::shared_ptr<name_socket>& s, int fd);
    void process(int readable, int writable);
    void set_retry();
};

void dns_resolver::impl::open(const std::string& dns_servers) {
    static std::once_flag once;
    std::call_once(once, [] { ASSERT(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS); });
    ares_options options{};
    options.timeout = static_cast<int>(limits.lookup_try_max.count());
    options.tries = base::limits::lookup_tries_max;
    char lookups[] = "fb";  // hosts files, then name servers
    options.lookups = lookups;
    // No search domains: names of other servers are whole, and what doesn't exist must not be
    // found below a domain of ours.
    options.ndomains = 0;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int read, int write) {
        static_cast<impl*>(self)->on_state(fd, read != 0, write != 0);
    };
    options.sock_state_cb_data = this;
    auto status = ares_init_options(&channel, &options,
                                    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                                        ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS) {
        throw start_error(std::string("Names cannot be looked up: ") + ares_strerror(status));
    }
    if (!dns_servers.empty()) {
        status = ares_set_servers_ports_csv(channel, dns_servers.c_str());
    }
    if (status != ARES_SUCCESS) {
        ares_destroy(channel);
        throw start_error("The name servers \"" + dns_servers +
                          "\" cannot be used: " + ares_strerror(status));
    }
}

void dns_resolver::impl::close() {
    closing = true;
    // Ends every question before the channel: while destroying one, c-ares 1.18 frees a name of
    // which two kinds of address are asked when the first of them ends.
    ares_cancel(channel);
    ares_destroy(channel);
    sockets.clear();
    retry.reset();
}

// `how` gives c-ares the question; it may have its answer at once.
template <class Value, class Ask>
void dns_resolver::impl::ask(std::string name, base::unique_function<void(answer_of<Value>)> done,
                             Ask how) {
    auto q = std::make_shared<question<Value>>(*this, std::move(name), std::move(done));
    if (under_way >= limits.lookups_max) {
        metrics::client_lookups.reached();
        fail(*q, std::to_string(limits.lookups_max) + " names are being looked up already");
        return;
    }
    ++under_way;
    q->patience.expires_after(limits.lookup_max);
    q->patience.async_wait([weak = std::weak_ptr(q)](error_code e) {
        const auto late = weak.lock();
        if (!e && late) {
            late->asked.fail(*late, "no answer of a name server within " +
                                        duration_text(late->asked.limits.lookup_max));
        }
    });
    how(*q, new held<Value>(q));
    set_retry();
}

template <class Value>
void dns_resolver::impl::finish(question<Value>& q, std::type_identity_t<answer_of<Value>> a) {
    if (q.done && !closing) {
        way.answer(std::exchange(q.done, nullptr), std::move(a));
    }
}

template <class Value>
void dns_resolver::impl::fail(question<Value>& q, const std::string& why) {
    finish(q, resolve_failure{"looking up " + q.name + ": " + why});
}

void dns_resolver::impl::on_addresses(void* asked, int status, int, ares_addrinfo* found) {
    const std::unique_ptr<held<std::string>> owned(static_cast<held<std::string>*>(asked));
    auto& q = **owned;
    --q.asked.under_way;
    if (status == ARES_SUCCESS) {
        q.asked.finish(q, addresses_in(*found));
        ares_freeaddrinfo(found);
    } else if (is_no_such_name(status)) {
        q.asked.finish(q, std::vector<std::string>{});
    } else {
        q.asked.fail(q, ares_strerror(status));
    }
}

void dns_resolver::impl::on_services(void* asked, int status, int, unsigned char* reply, int size) {
    const std::unique_ptr<held<service_record>> owned(static_cast<held<service_record>*>(asked));
    auto& q = **owned;
    --q.asked.under_way;
    ares_srv_reply* found = nullptr;
    if (status == ARES_SUCCESS) {
        status = ares_parse_srv_reply(reply, size, &found);
    }
    if (status == ARES_SUCCESS) {
        q.asked.finish(q, services_in(found));
        ares_free_data(found);
    } else if (is_no_such_name(status)) {
        q.asked.finish(q, std::vector<service_record>{});
    } else {
        q.asked.fail(q, ares_strerror(status));
    }
}

// Called by c-ares whenever it waits for something else on a socket; for nothing: it closes it.
void dns_resolver::impl::on_state(int fd, bool read, bool write) {
    auto& socket = sockets[fd];
    if (!read && !write) {
        if (socket) {
            socket->gone = true;
            socket->descriptor.release();
        }
        sockets.erase(fd);
        return;
    }
    if (!socket) {
        socket = std::make_shared<name_socket>(io, fd);
    }
    socket->read_wanted = read;
    socket->write_wanted = write;
    arm(socket, fd);
}

void dns_resolver::impl::arm(const std::shared_ptr<name_socket>& s, int fd) {
    using wait = asio::posix::stream_descriptor;
    if (s->read_wanted && !s->read_armed) {
        s->read_armed = true;
        s->descriptor.async_wait(wait::wait_read, [this, s, fd](error_code e) {
            s->read_armed = false;
            if (!e && !s->gone) {
                process(fd, ARES_SOCKET_BAD);
            }
            if (!e && !s->gone) {
                arm(s, fd);
            }
        });
    }
    if (s->write_wanted && !s->write_armed) {
        s->write_armed = true;
        s->descriptor.async_wait(wait::wait_write, [this, s, fd](error_code e) {
            s->write_armed = false;
            if (!e && !s->gone) {
                process(ARES_SOCKET_BAD, fd);
            }
            if (!e && !s->gone) {
                arm(s, fd);
            }
        });
    }
}

void dns_resolver::impl::process(int readable, int writable) {
    ares_process_fd(channel, readable, writable);
    set_retry();
}

void dns_resolver::impl::set_retry() {
    timeval store{};
    const auto* const wait = ares_timeout(channel, nullptr, &store);
    if (wait == nullptr) {
        retry->cancel();
        return;
    }
    // A millisecond more, so that what is due then is due and not merely about to be.
    retry->expires_after(std::chrono::seconds{wait->tv_sec} +
                         std::chrono::microseconds{wait->tv_usec} + base::milliseconds{1});
    retry->async_wait([this](error_code e) {
        if (!e) {
            process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        }
    });
}

dns_resolver::dns_resolver(boost::asio::io_context& client, crossing& way,
                           const std::string& dns_servers, const outgoing_limits& limits)
    : impl_(std::make_unique<impl>(client, way, limits)) {
    impl_->open(dns_servers);
}

dns_resolver::~dns_resolver() = default;

void dns_resolver::addresses(std::string host, addresses_answer done) {
    impl_->way.enter([&to = *impl_, host = std::move(host), done = std::move(done)]() mutable {
        // c-ares 1.18 asks name servers even for these.
        if (const auto literal = ip_address::parse(host)) {
            std::string text;
            literal->write_to(text);
            to.way.answer(std::move(done), answer_of<std::string>(std::vector{std::move(text)}));
            return;
        }
        to.ask<std::string>(std::move(host), std::move(done), [&to](auto& q, void* share) {
            ares_addrinfo_hints hints{};
            hints.ai_family = AF_UNSPEC;
            hints.ai_socktype = SOCK_STREAM;  // one of each address
            ares_getaddrinfo(to.channel, q.name.c_str(), nullptr, &hints, impl::on_addresses,
                             share);
        });
    });
}

void dns_resolver::services(std::string name, services_answer done) {
    impl_->way.enter([&to = *impl_, name = std::move(name), done = std::move(done)]() mutable {
        to.ask<service_record>(std::move(name), std::move(done), [&to](auto& q, void* share) {
            ares_query(to.channel, q.name.c_str(), ns_c_in, ns_t_srv, impl::on_services, share);
        });
    });
}

void dns_resolver::close() {
    impl_->close();
}

}  // namespace porchlight::net
