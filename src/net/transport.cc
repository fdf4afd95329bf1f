#include "net/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "base/assert.h"

namespace porchlight::net {
namespace {

using kind = io_result::kind;

io_result socket_result(ssize_t n, kind when_blocked) {
    if (n > 0) {
        return {kind::done, static_cast<std::size_t>(n)};
    }
    if (n == 0) {
        return {kind::ended, 0};
    }
    const bool blocked = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return {blocked ? when_blocked : kind::failed, 0};
}

// OpenSSL's own socket BIO writes with write(), which raises SIGPIPE; this one never does.
int descriptor_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int bio_write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto n = ::send(descriptor_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        BIO_set_retry_write(bio);
    }
    return static_cast<int>(n);
}

int bio_read(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto n = ::recv(descriptor_of(bio), data, static_cast<std::size_t>(size), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        BIO_set_retry_read(bio);
    }
    return static_cast<int>(n);
}

long bio_control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_method() {
    static const BIO_METHOD* const method = [] {
        auto* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
        ASSERT(m != nullptr);
        BIO_meth_set_write(m, bio_write);
        BIO_meth_set_read(m, bio_read);
        BIO_meth_set_ctrl(m, bio_control);
        return m;
    }();
    return method;
}

std::string last_tls_error() {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
    ERR_clear_error();
    return text.data();
}

}  // namespace

std::shared_ptr<const tls_identity> tls_identity::load(const std::string& cert_file,
                                                       const std::string& key_file,
                                                       std::string& error) {
    ERR_clear_error();
    auto* context = SSL_CTX_new(TLS_server_method());
    ASSERT(context != nullptr);
    std::shared_ptr<const tls_identity> identity(new tls_identity(context));
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Tickets resume sessions; a cache would only hold memory.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) != 1) {
        error = "The certificate file " + cert_file + " cannot be used: " + last_tls_error();
        return nullptr;
    }
    if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
        error = "The key file " + key_file +
                " cannot be used with its certificate: " + last_tls_error();
        return nullptr;
    }
    return identity;
}

tls_identity::~tls_identity() {
    SSL_CTX_free(context_);
}

void transport::tls_delete::operator()(ssl_st* tls) const {
    SSL_free(tls);
}

transport::transport(int descriptor, const tls_identity* identity) : descriptor_(descriptor) {
    if (identity == nullptr) {
        return;
    }
    tls_.reset(SSL_new(identity->context_));
    attach();
    SSL_set_accept_state(tls_.get());
}

transport::transport(int descriptor, ssl_st* session) : descriptor_(descriptor), tls_(session) {
    attach();
    SSL_set_mode(session, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_connect_state(session);
}

// The session reads and writes the descriptor.
void transport::attach() {
    auto* bio = BIO_new(socket_method());
    ASSERT(tls_ != nullptr && bio != nullptr);
    // Its data is the number itself, so that the transport can be moved.
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor_)));
    BIO_set_init(bio, 1);
    SSL_set_bio(tls_.get(), bio, bio);
}

// REQUIRES: ERR_clear_error() before the call whose outcome this is.
io_result transport::tls_result(int returned) {
    switch (SSL_get_error(tls_.get(), returned)) {
        case SSL_ERROR_WANT_READ:
            return {kind::blocked_read, 0};
        case SSL_ERROR_WANT_WRITE:
            return {kind::blocked_write, 0};
        case SSL_ERROR_ZERO_RETURN:
            return {kind::ended, 0};
        default:
            ERR_clear_error();
            return {kind::failed, 0};
    }
}

io_result transport::handshake() {
    ERR_clear_error();
    const auto n = SSL_do_handshake(tls_.get());
    return n == 1 ? io_result{kind::done, 0} : tls_result(n);
}

io_result transport::read(std::span<char> into) {
    if (!tls_) {
        return socket_result(::recv(descriptor_, into.data(), into.size(), 0), kind::blocked_read);
    }
    // Record by record until the socket is dry: what OpenSSL holds back wakes nobody.
    std::size_t total = 0;
    while (total < into.size()) {
        ERR_clear_error();
        std::size_t n = 0;
        const auto returned = SSL_read_ex(tls_.get(), into.data() + total, into.size() - total, &n);
        if (returned != 1) {
            const auto outcome = tls_result(returned);
            return total > 0 && outcome.what != kind::failed ? io_result{kind::done, total}
                                                             : outcome;
        }
        total += n;
    }
    return {kind::done, total};
}

std::size_t transport::held_bytes() const {
    return tls_ ? static_cast<std::size_t>(SSL_pending(tls_.get())) : 0;
}

io_result transport::write(std::string_view head, std::string_view body) {
    if (!tls_) {
        std::array<iovec, 2> parts{{{const_cast<char*>(head.data()), head.size()},
                                    {const_cast<char*>(body.data()), body.size()}}};
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = body.empty() ? 1 : parts.size();
        return socket_result(::sendmsg(descriptor_, &message, MSG_NOSIGNAL), kind::blocked_write);
    }
    std::size_t total = 0;
    for (const auto part : {head, body}) {
        for (auto left = part; !left.empty();) {
            ERR_clear_error();
            std::size_t n = 0;
            const auto returned = SSL_write_ex(tls_.get(), left.data(), left.size(), &n);
            if (returned != 1) {
                const auto outcome = tls_result(returned);
                return total > 0 && outcome.what != kind::failed ? io_result{kind::done, total}
                                                                 : outcome;
            }
            total += n;
            left.remove_prefix(n);
        }
    }
    return {kind::done, total};
}

void transport::end_writing() {
    if (tls_) {
        ERR_clear_error();
        SSL_shutdown(tls_.get());
        ERR_clear_error();
    }
    ::shutdown(descriptor_, SHUT_WR);
}

}  // namespace porchlight::net
