#include "unit/net/client/tls_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/assert.h"
#include "unit/net/freed_by.h"
#include "unit/net/test_client.h"

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;
constexpr auto broken_after = 30s;
using session_ptr = std::unique_ptr<SSL, freed_by<SSL_free>>;
}  // namespace

std::string ok(const std::string& body, const std::string& more_headers) {
    return "HTTP/1.1 200 OK\r\n" + more_headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

tls_peer::tls_peer(const certificate& c, script s)
    : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free), script_(std::move(s)) {
    // OpenSSL's own sockets raise it when the client is gone.
    ::signal(SIGPIPE, SIG_IGN);
    SSL_CTX_use_certificate_chain_file(context_.get(), c.cert_file().c_str());
    SSL_CTX_use_PrivateKey_file(context_.get(), c.key_file().c_str(), SSL_FILETYPE_PEM);
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT(::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    ASSERT(::listen(listening_, 1024) == 0);
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
}

tls_peer::~tls_peer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (const int descriptor : open_) {
            ::shutdown(descriptor, SHUT_RDWR);
        }
    }
    const test_client wakes_the_accepting_thread(port_);
    accepting_.join();
    for (auto& thread : threads_) {
        thread.join();
    }
    ::close(listening_);
}

void tls_peer::accept_all() {
    while (true) {
        const int descriptor = ::accept(listening_, nullptr, nullptr);
        const std::lock_guard lock(mutex_);
        if (stopping_ || descriptor < 0) {
            ::close(descriptor);
            return;
        }
        open_.push_back(descriptor);
        const auto connection = threads_.size() + 1;
        threads_.emplace_back([this, descriptor, connection] { serve(descriptor, connection); });
    }
}

void tls_peer::serve(int descriptor, std::size_t connection) {
    {
        const session_ptr tls(SSL_new(context_.get()));
        SSL_set_fd(tls.get(), descriptor);
        if (SSL_accept(tls.get()) == 1) {
            talk(tls.get(), connection);
        }
    }
    {
        const std::lock_guard lock(mutex_);
        std::erase(open_, descriptor);
        ++ended_;
    }
    ::close(descriptor);
    changed_.notify_all();
}

void tls_peer::talk(ssl_st* tls, std::size_t connection) {
    std::string buffer;
    for (std::size_t number = 1;; ++number) {
        heard_request r;
        r.connection = connection;
        r.number = number;
        if (const auto* name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name)) {
            r.server_name = name;
        }
        if (!read_request(tls, buffer, r)) {
            return;
        }
        {
            const std::lock_guard lock(mutex_);
            heard_.push_back(r);
        }
        changed_.notify_all();
        const auto does = script_(r);
        if (!does.bytes.empty()) {
            SSL_write(tls, does.bytes.data(), static_cast<int>(does.bytes.size()));
        }
        if (does.then == reaction::next::ends) {
            SSL_shutdown(tls);
            SSL_shutdown(tls);
        }
        if (does.then != reaction::next::listens) {
            return;
        }
    }
}

bool tls_peer::read_request(ssl_st* tls, std::string& buffer, heard_request& r) {
    const auto more = [&] {
        std::array<char, 16384> bytes;
        const auto n = SSL_read(tls, bytes.data(), bytes.size());
        buffer.append(bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
        return n > 0;
    };
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
        if (!more()) {
            return false;
        }
    }
    r.head = buffer.substr(0, end + 2);
    const wire_response with_headers{0, r.head, {}};
    const auto size = std::stoul(with_headers.header("Content-Length").value_or("0"));
    while (buffer.size() < end + 4 + size) {
        if (!more()) {
            return false;
        }
    }
    r.body = buffer.substr(end + 4, size);
    buffer.erase(0, end + 4 + size);
    return true;
}

std::vector<heard_request> tls_peer::heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
}

std::size_t tls_peer::connections() {
    const std::lock_guard lock(mutex_);
    return threads_.size();
}

void tls_peer::end_sending() {
    const std::lock_guard lock(mutex_);
    for (const int descriptor : open_) {
        ::shutdown(descriptor, SHUT_WR);
    }
}

bool tls_peer::wait_for_ended(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, broken_after, [&] { return ended_ >= count; });
}

bool tls_peer::wait_for_heard(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, broken_after, [&] { return heard_.size() >= count; });
}

}  // namespace porchlight::net::test
