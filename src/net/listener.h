#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/time.h"
#include "net/event_loop.h"
#include "net/transport.h"

namespace porchlight::net {

class net_thread;

// The identity that new TLS connections get; replaced on reload. Any thread.
class identity_source {
  public:
    std::shared_ptr<const tls_identity> current() const {
        const std::lock_guard lock(mutex_);
        return current_;
    }
    void replace(std::shared_ptr<const tls_identity> identity) {
        const std::lock_guard lock(mutex_);
        current_ = std::move(identity);
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const tls_identity> current_;
};

// Accepts for one net thread. When no descriptor is left it accepts with one it kept in reserve
// and closes at once, so that a new client learns of it instead of hanging; if even that is gone
// it pauses for a moment. Connections that stand are not touched.
class listener final : private event_loop::watcher {
  public:
    // Takes the listening descriptor. `identity`: nothing for plain HTTP.
    listener(net_thread& thread, int descriptor, identity_source* identity, std::uint32_t number);
    ~listener();
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    void start();
    // Accepts again after a pause, once that is over.
    void resume(base::mono_time now);

  private:
    void on_readable() override;
    void on_writable() override {}
    bool accept_some();
    enum class turned_away { one, none_waited, impossible };
    turned_away turn_one_away();
    void open_reserve();

    net_thread& thread_;
    const int descriptor_;  // owned by watch_ once started
    identity_source* const identity_;
    const std::uint32_t number_;  // of the address, see ports::http_request
    event_loop::watch* watch_ = nullptr;
    int reserve_ = -1;
    base::mono_time paused_until_{};
};

// A bound, listening, non-blocking TCP socket with all options that accepted sockets inherit.
// Throws start_error.
struct bound_socket {
    int descriptor = -1;
    unsigned short port = 0;
};
bound_socket bind_and_listen(const std::string& address, unsigned short port, bool shared);

}  // namespace porchlight::net
