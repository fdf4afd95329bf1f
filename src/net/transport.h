#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace porchlight::net {

// What one non-blocking read or write came to.
struct io_result {
    enum class kind {
        done,           // `bytes` were moved, at least one
        blocked_read,   // again once the descriptor can be read
        blocked_write,  // again once it can be written
        ended,          // the peer sent its end
        failed,         // the connection is dead
    };
    kind what = kind::failed;
    std::size_t bytes = 0;
};

// A certificate chain with its key, ready to serve (TLS 1.2 and 1.3). Immutable; any thread.
class tls_identity {
  public:
    // Reads both files. Nothing when that fails: `error` says what is wrong, in a sentence.
    static std::shared_ptr<const tls_identity> load(const std::string& cert_file,
                                                    const std::string& key_file,
                                                    std::string& error);
    ~tls_identity();
    tls_identity(const tls_identity&) = delete;
    tls_identity& operator=(const tls_identity&) = delete;

  private:
    friend class transport;
    explicit tls_identity(ssl_ctx_st* context) : context_(context) {}
    ssl_ctx_st* const context_;
};

// Moves bytes over one non-blocking TCP socket, plain or through TLS. It doesn't own the socket.
// Invariant: no call blocks or raises a signal.
class transport {
  public:
    transport() = default;
    explicit transport(int descriptor, const tls_identity* identity = nullptr);  // null: plain
    // The client's side, of a session that becomes its own (net::trust makes them).
    transport(int descriptor, ssl_st* session);

    bool is_tls() const { return tls_ != nullptr; }
    const ssl_st* session() const { return tls_.get(); }  // null: plain
    // TLS only, until it is done (`done`, no bytes).
    io_result handshake();
    io_result read(std::span<char> into);
    // Bytes that were taken off the socket but not read yet: the rest of a TLS record.
    std::size_t held_bytes() const;
    // Writes of both parts as much as the kernel takes. TLS: a refused write must be repeated
    // with the same bytes.
    io_result write(std::string_view head, std::string_view body);
    // Says that nothing more will be written; reading goes on.
    void end_writing();

  private:
    struct tls_delete {
        void operator()(ssl_st* tls) const;
    };
    void attach();
    io_result tls_result(int returned);

    int descriptor_ = -1;
    std::unique_ptr<ssl_st, tls_delete> tls_;
};

}  // namespace porchlight::net
