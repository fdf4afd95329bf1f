#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/deciding_loop.h"
#include "net/settings.h"
#include "net/start_error.h"
#include "ports/clock.h"
#include "ports/executor.h"
#include "ports/http.h"

namespace porchlight::net {

// The HTTP server and the threads of the process: net threads, the deciding thread (the net thread
// itself if there is one, a thread of its own otherwise) and the cold pool.
// Life: construct, set_turn_hooks, start, begin_drain, stop, destroy. What the handler and the
// tasks refer to outlives stop().
class runtime final : public ports::http_sender {
  public:
    struct bound_address {
        std::string address;
        std::uint16_t port = 0;
        bool tls = false;
    };

    // Checks the settings, binds and listens, so that ports are known; accepts nothing before
    // start(). The cold pool runs at once. `clock` outlives the runtime. Throws start_error.
    runtime(settings s, const ports::clock& clock);
    ~runtime() override;
    runtime(const runtime&) = delete;
    runtime& operator=(const runtime&) = delete;

    // What is posted before start() runs then.
    ports::executor& executor();
    ports::cold_pool& cold_pool();
    // Before start().
    void set_turn_hooks(turn_hooks hooks);

    void start(ports::http_handler& handler);
    // One for each settings::listen, in that order.
    const std::vector<bound_address>& bound() const;

    // Any thread. Stops accepting, closes idle connections, gives every answer `Connection: close`,
    // closes what is left at the drain deadline. `drained` then runs on the deciding thread: all
    // connections are closed.
    void begin_drain(ports::task drained = {});
    // Any thread but the runtime's own: ends all threads and waits for them. Tasks that still wait
    // are destroyed unrun, connections closed without on_gone. Idempotent.
    void stop();
    // Any thread: reads certificates and keys again, for new connections. If one cannot be used
    // all stay as they were and the sentence returned says why.
    std::optional<std::string> reload_tls();
    // Any thread.
    std::size_t open_connections() const;
    // Any thread, about: what waits for each of the threads.
    struct queue_depths {
        std::size_t deciding = 0, cold = 0;
        std::size_t net = 0;  // for all net threads together
    };
    queue_depths waiting() const;

    // ports::http_sender
    void respond(ports::http_handle h, ports::http_response r) override;
    void post(std::uint32_t thread, base::unique_function<void()> t) override;
    void respond_now(const ports::http_delivery& d) override;
    std::uint32_t thread_count() const override;

  private:
    struct impl;
    const std::unique_ptr<impl> impl_;
};

// Lifts the process's soft limit of open files to the hard one; returns the limit now in force.
std::size_t raise_open_file_limit();

}  // namespace porchlight::net
