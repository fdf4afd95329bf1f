#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/timing_wheel.h"
#include "net/connection.h"
#include "net/deciding_loop.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "net/mailbox.h"
#include "net/settings.h"
#include "net/wakeup.h"
#include "ports/clock.h"
#include "ports/http.h"

namespace porchlight::net {

// One net thread: its loop, its listeners, its connections. Constructed and started from outside;
// what is not marked "any thread" belongs to the thread itself.
class net_thread final : private event_loop::watcher {
  public:
    struct setup {
        const void* runtime = nullptr;  // names the runtime to its mailboxes
        std::uint32_t number = 0;
        std::uint32_t numbers = 1;  // of the runtime's threads, the deciding one included
        const settings* config = nullptr;
        const trusted_networks* proxies = nullptr;
        const ports::clock* clock = nullptr;
    };
    explicit net_thread(const setup& s);
    ~net_thread();

    // Before start(). `identity` is asked for each new TLS connection; `number` is the address's.
    void listen(int descriptor, identity_source* identity, std::uint32_t number);
    // Runs the deciding loop inside this thread's. Before start().
    void decide_here(deciding_loop& loop) { deciding_ = &loop; }
    // Another thread decides; requests are read only as fast as it takes them. Before start().
    void decide_there(deciding_loop& loop) { decider_ = &loop; }
    void start(ports::http_handler& handler);

    // Any thread.
    void post(ports::task t) { inbox_.post(std::move(t)); }
    void stop();
    void join();
    std::size_t open_connections() const { return open_.load(std::memory_order_relaxed); }
    std::size_t waiting() const { return inbox_.waiting(); }  // tasks, about
    wakeup& waker() { return wakeup_; }

    // Stops accepting, closes what is idle, answers the rest for the last time, closes all at the
    // drain deadline. `drained` runs here when no connection is left.
    void begin_drain(ports::task drained);
    void respond(const ports::http_handle& h, ports::http_response r);
    void respond_now(const ports::http_delivery& d);

    // For connections.
    void accept(int descriptor, const ip_address& peer, const tls_identity* identity,
                std::uint32_t listener);
    event_loop& loop() { return loop_; }
    const connection_limits& limits() const { return config_.limits; }
    ports::http_handler& handler() { return *handler_; }
    const trusted_networks& proxies() const { return proxies_; }
    std::uint32_t number() const { return number_; }
    // Read anew: a loop that slept long handles its events before its own time moves on.
    base::mono_time now() const { return clock_.now().mono; }
    bool draining() const { return draining_; }
    std::array<char, 64 * 1024>& scratch() { return scratch_; }
    std::string& head_scratch() { return head_scratch_; }
    std::string& body_scratch() { return body_scratch_; }
    std::string& address_scratch() { return address_scratch_; }
    std::unique_ptr<request_parser>& spare_parser() { return spare_parser_; }
    void add_timer(base::mono_time at, std::uint32_t slot, std::uint32_t incarnation);
    void resume_later(std::uint32_t slot, std::uint32_t incarnation);
    // False while the deciding thread is behind: then connection::go_on follows once it caught up.
    bool may_read(std::uint32_t slot, std::uint32_t incarnation);
    void resume_listeners_at(base::mono_time at);
    void slot_is_free(std::uint32_t slot);
    void recycle(std::unique_ptr<request_parser> parser) { spare_parser_ = std::move(parser); }
    // The budget of bytes in incomplete requests.
    bool partial_bytes_fit() const;
    void count_partial_bytes(std::ptrdiff_t change) { partial_bytes_ += change; }
    // The share of it that long bodies may take.
    bool long_bodies_fit() const;
    void count_long_body_bytes(std::ptrdiff_t change) { long_body_bytes_ += change; }
    // Gives connection::on_piece the piece, from any thread.
    void bring(std::uint32_t slot, std::uint32_t incarnation, std::optional<std::string> piece);

  private:
    static constexpr std::uint32_t chunk_bits = 7;
    struct timer {
        base::mono_time at;
        std::uint32_t slot, incarnation;
    };
    struct chunk;

    void run();
    void run_timers();
    std::optional<base::milliseconds> time_to_sleep();
    connection* find(const ports::http_handle& h);
    connection& at(std::uint32_t slot);
    template <class F>
    void each_open(F&& f);
    void check_drained();
    void wait_for_decider();
    void go_on_reading();
    void on_readable() override;
    void on_writable() override {}

    const settings& config_;
    const trusted_networks& proxies_;
    const ports::clock& clock_;
    const void* const runtime_;
    const std::uint32_t number_;
    wakeup wakeup_;
    mailbox inbox_;
    event_loop loop_;
    base::timing_wheel<timer> timers_;
    base::mono_time now_;
    deciding_loop* deciding_ = nullptr;  // runs in this thread
    deciding_loop* decider_ = nullptr;   // runs in another
    ports::http_handler* handler_ = nullptr;
    event_loop::watch* wake_watch_ = nullptr;
    std::vector<std::unique_ptr<listener>> listeners_;

    std::vector<std::unique_ptr<chunk>> chunks_;
    std::vector<std::uint32_t> free_slots_;
    std::atomic<std::size_t> open_{0};
    std::ptrdiff_t partial_bytes_ = 0, long_body_bytes_ = 0;

    struct held_connection {
        std::uint32_t slot, incarnation;
    };
    std::vector<held_connection> held_;  // may have a request; read when the decider caught up
    bool decider_behind_ = false;
    std::optional<base::mono_time> last_behind_;

    bool draining_ = false;
    base::mono_time drain_ends_{};
    ports::task drained_;
    bool stopping_ = false;

    std::array<char, 64 * 1024> scratch_;
    std::string head_scratch_, body_scratch_, address_scratch_;
    std::unique_ptr<request_parser> spare_parser_;
    std::thread thread_;
};

}  // namespace porchlight::net
