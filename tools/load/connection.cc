#include "load/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace porchlight::load {
namespace {

using kind = net::io_result::kind;

std::string connect_error(int error) {
    std::string text = std::string("cannot connect: ") + std::strerror(error);
    if (error == EADDRNOTAVAIL) {
        text += " (no local port is left: see net.ipv4.ip_local_port_range)";
    } else if (error == EMFILE || error == ENFILE) {
        text += " (see ulimit -n)";
    }
    return text;
}

}  // namespace

void connection::send(std::string_view request, moment patience) {
    ASSERT(!waiting_);
    waiting_ = true;
    deadline_ = loop_.now() + patience;
    if (state_ == state::open) {
        net::transport plain(descriptor_);
        const auto sent = (tls_ ? *tls_ : plain).write(request, {});
        request.remove_prefix(sent.what == kind::done ? sent.bytes : 0);
        if (request.empty()) {
            return;
        }
        // What failed is found out by the next read.
        unsent_ = std::make_unique<std::string>(request);
        loop_.watch_otherwise(descriptor_, EPOLLIN | EPOLLOUT, *this);
        return;
    }
    unsent_ = std::make_unique<std::string>(request);
    open();
}

void connection::open() {
    const auto& address = reinterpret_cast<const sockaddr&>(where_.address);
    descriptor_ = ::socket(address.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor_ < 0 ||
        (::connect(descriptor_, &address, where_.address_bytes) != 0 && errno != EINPROGRESS)) {
        // Not from within send().
        loop_.after(moment(0), [this, error = errno] { fail(connect_error(error)); });
        return;
    }
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    state_ = state::connecting;
    loop_.watch(descriptor_, EPOLLIN | EPOLLOUT, *this);
}

void connection::ready(std::uint32_t events) {
    if (state_ == state::connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
        connected();
    } else if (state_ == state::handshaking) {
        shake_hands();
    } else if (state_ == state::open) {
        if ((events & EPOLLOUT) != 0 && unsent_) {
            flush();
        }
        if ((events & ~EPOLLOUT) != 0 && state_ == state::open) {
            receive();
        }
    }
}

void connection::connected() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        fail(connect_error(error));
        return;
    }
    if (!where_.trust) {
        state_ = state::open;
        flush();
        return;
    }
    auto* const session = where_.trust->session(where_.tls_name);
    if (session == nullptr) {
        fail("there can be no certificate for " + where_.tls_name);
        return;
    }
    tls_ = std::make_unique<net::transport>(descriptor_, session);
    state_ = state::handshaking;
    shake_hands();
}

void connection::shake_hands() {
    const auto outcome = tls_->handshake();
    if (outcome.what == kind::done) {
        state_ = state::open;
        flush();
    } else if (outcome.what == kind::blocked_read || outcome.what == kind::blocked_write) {
        const bool write = outcome.what == kind::blocked_write;
        loop_.watch_otherwise(descriptor_, write ? EPOLLIN | EPOLLOUT : EPOLLIN, *this);
    } else {
        fail("no TLS connection: " +
             net::certificate_complaint(tls_->session()).value_or("the handshake failed"));
    }
}

void connection::flush() {
    while (unsent_) {
        net::transport plain(descriptor_);
        const auto sent = (tls_ ? *tls_ : plain).write(*unsent_, {});
        if (sent.what == kind::blocked_read || sent.what == kind::blocked_write) {
            loop_.watch_otherwise(descriptor_, EPOLLIN | EPOLLOUT, *this);
            return;
        }
        if (sent.what != kind::done) {
            fail("the server closed the connection");
            return;
        }
        unsent_->erase(0, sent.bytes);
        if (unsent_->empty()) {
            unsent_.reset();
        }
    }
    loop_.watch_otherwise(descriptor_, EPOLLIN, *this);
}

void connection::receive() {
    const auto scratch = loop_.scratch();
    while (state_ == state::open) {
        net::transport plain(descriptor_);
        const auto got = (tls_ ? *tls_ : plain).read(scratch);
        if (got.what == kind::blocked_read || got.what == kind::blocked_write) {
            return;
        }
        if (got.what != kind::done) {
            ended();
            return;
        }
        // A read that did not fill the buffer has emptied the socket; that saves the next one.
        if (!take({scratch.data(), got.bytes}) || got.bytes < scratch.size()) {
            return;
        }
    }
}

// False: nothing more is to be read now.
bool connection::take(std::string_view bytes) {
    while (!bytes.empty()) {
        if (!waiting_) {
            close();  // a farewell that nobody asked for, as 408
            return false;
        }
        auto& reader = reading_ ? reading_ : loop_.reader();
        const auto progress = reader->feed(bytes);
        if (progress == response_reader::progress::invalid) {
            reader->reset();
            fail("the answer is not valid HTTP");
            return false;
        }
        if (progress == response_reader::progress::need_more) {
            if (!reading_) {
                reading_ = std::exchange(loop_.reader(), std::make_unique<response_reader>());
            }
            return true;
        }
        if (reader->result().status < 200) {  // 100 and the like: the answer comes later
            reader->reset();
            continue;
        }
        complete(reader);
        return false;
    }
    return true;
}

void connection::complete(std::unique_ptr<response_reader>& reader) {
    auto taken = std::move(reader);
    const auto a = taken->result();
    waiting_ = false;
    unsent_.reset();
    if (!a.keep_alive) {
        close();
    }
    answered(a);
    if (!loop_.reader()) {
        taken->reset();
        loop_.reader() = std::move(taken);
    }
}

void connection::ended() {
    if (waiting_ && reading_ && reading_->end() == response_reader::progress::complete) {
        complete(reading_);
        return;
    }
    fail("the server closed the connection");
}

void connection::fail(const std::string& why) {
    close();
    if (std::exchange(waiting_, false)) {
        broken(why);
    }
}

void connection::close() {
    reading_.reset();
    unsent_.reset();
    tls_.reset();
    if (descriptor_ >= 0) {
        ::close(std::exchange(descriptor_, -1));
    }
    state_ = state::closed;
}

void connection::vanish() {
    if (descriptor_ >= 0) {
        const linger reset{1, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    close();
    waiting_ = false;
}

void connection::check_patience(moment now) {
    if (waiting_ && now > deadline_) {
        fail("no answer in time");
    }
}

}  // namespace porchlight::load
