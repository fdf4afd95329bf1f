#include "net/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "net/metrics.h"
#include "net/net_thread.h"
#include "net/start_error.h"

namespace porchlight::net {
namespace {

using namespace std::chrono_literals;
constexpr int backlog = 4096;
constexpr int accepts_per_round = 256;  // then the connections that stand have their turn
constexpr auto pause_without_reserve = 100ms;

// A network that vanished without a word is noticed after about 30 s.
constexpr int keep_alive_idle_seconds = 15, keep_alive_interval_seconds = 5, keep_alive_probes = 3;
constexpr int unacknowledged_max_ms = 30'000;

bool out_of_descriptors(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

void set(int descriptor, int level, int name, int value) {
    ::setsockopt(descriptor, level, name, &value, sizeof value);
}

// Accepted sockets inherit all of these.
void set_options(int descriptor, int family, bool shared) {
    set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    if (shared) {
        set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
    }
    if (family == AF_INET6) {
        set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    }
    set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_idle_seconds);
    set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive_interval_seconds);
    set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, keep_alive_probes);
    set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, unacknowledged_max_ms);
}

unsigned short port_of(int descriptor) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.ss_family == AF_INET6
                     ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                     : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

bound_socket bind_and_listen(const std::string& address, unsigned short port, bool shared) {
    const auto where = address + ":" + std::to_string(port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const auto error = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (error != 0) {
        throw start_error("Cannot listen on " + where + ": " + ::gai_strerror(error) + ".");
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    const int descriptor =
        ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor >= 0) {
        set_options(descriptor, found->ai_family, shared);
    }
    if (descriptor < 0 || ::bind(descriptor, found->ai_addr, found->ai_addrlen) != 0 ||
        ::listen(descriptor, backlog) != 0) {
        const std::string why = std::strerror(errno);
        if (descriptor >= 0) {
            ::close(descriptor);
        }
        throw start_error("Cannot listen on " + where + ": " + why + ".");
    }
    return {descriptor, port_of(descriptor)};
}

listener::listener(net_thread& thread, int descriptor, identity_source* identity,
                   std::uint32_t number)
    : thread_(thread), descriptor_(descriptor), identity_(identity), number_(number) {
    open_reserve();
}

listener::~listener() {
    if (watch_ != nullptr) {
        thread_.loop().remove(watch_);
    } else {
        ::close(descriptor_);
    }
    if (reserve_ >= 0) {
        ::close(reserve_);
    }
}

void listener::start() {
    watch_ = thread_.loop().add(descriptor_, *this);
    thread_.loop().arm_read(watch_);
}

void listener::resume(base::mono_time now) {
    if (paused_until_ != base::mono_time{} && paused_until_ <= now) {
        paused_until_ = {};
        on_readable();
    }
}

void listener::on_readable() {
    if (accept_some()) {
        thread_.loop().arm_read(watch_);
    } else {
        paused_until_ = thread_.now() + pause_without_reserve;
        thread_.resume_listeners_at(paused_until_);
    }
}

// False when nothing can be accepted for a while.
bool listener::accept_some() {
    for (int i = 0; i < accepts_per_round; ++i) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        const int accepted = ::accept4(descriptor_, reinterpret_cast<sockaddr*>(&address), &size,
                                       SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            const auto identity = identity_ != nullptr ? identity_->current() : nullptr;
            thread_.accept(accepted, ip_address::of(reinterpret_cast<sockaddr&>(address)),
                           identity.get(), number_);
        } else if (out_of_descriptors(errno)) {
            const auto outcome = turn_one_away();
            if (outcome != turned_away::one) {
                return outcome == turned_away::none_waited;
            }
            metrics::open_files.reached();
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        }
        // Everything else concerns the one connection that was about to be accepted.
    }
    return true;
}

listener::turned_away listener::turn_one_away() {
    if (reserve_ < 0) {
        open_reserve();
        return turned_away::impossible;
    }
    ::close(std::exchange(reserve_, -1));
    // The kernel wants a free descriptor before it looks whether anyone waits.
    const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
    const bool none_waited = accepted < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (accepted >= 0) {
        ::close(accepted);
    }
    open_reserve();
    if (none_waited) {
        return turned_away::none_waited;
    }
    return accepted >= 0 ? turned_away::one : turned_away::impossible;
}

void listener::open_reserve() {
    reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace porchlight::net
