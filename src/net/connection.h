#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "net/event_loop.h"
#include "net/peer.h"
#include "net/request_parser.h"
#include "net/response_head.h"
#include "net/transport.h"
#include "ports/http.h"

namespace porchlight::net {

class net_thread;

// One client's connection, living in a slot of its net thread; slots are used again.
// Invariants:
// 1. parked (a request is with the handler) it holds no buffer, no parser and no deadline;
// 2. each request gets a new generation: at most one answer, and on_gone only before it;
// 3. a descriptor is open exactly while the state is not `closed`.
class connection final : public event_loop::watcher {
  public:
    connection(net_thread& thread, std::uint32_t slot) : thread_(thread), slot_(slot) {}
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // Takes the descriptor. REQUIRES: closed.
    void open(int descriptor, const ip_address& peer, const tls_identity* identity,
              std::uint32_t listener);
    bool is_closed() const { return state_ == state::closed; }

    // The unanswered request named by `generation` is here.
    bool awaits(std::uint64_t generation) const {
        return state_ == state::parked && generation_ == generation;
    }
    // REQUIRES: awaits(its generation).
    void respond(ports::http_response r);
    void respond_json(std::string_view body);

    // The thread's wheel: something was due at `at`; looks whether it still is.
    void on_timer(std::uint32_t incarnation, base::mono_time at);
    // Goes on with what the client sent ahead of its last answer.
    void on_resume(std::uint32_t incarnation);
    // Reads what it was kept from reading by net_thread::may_read.
    void go_on(std::uint32_t incarnation);
    // What was asked of the rest of an answer is here.
    void on_piece(std::uint32_t incarnation, std::optional<std::string> piece);
    // From now on every answer is the last; idle connections close.
    void drain();
    // At once, telling the handler of an unanswered request.
    void close();
    // For the end of the thread: tells nobody.
    void close_silently();

    // event_loop::watcher
    void on_readable() override;
    void on_writable() override;

  private:
    enum class state : std::uint8_t {
        closed,
        handshake,  // TLS
        reading,    // idle, or a request is on its way in
        parked,     // a request is with the handler
        writing,    // the answer is on its way out
        lingering,  // all said; the client may read it in peace
    };
    struct unsent_bytes {
        std::string bytes;
        std::size_t sent = 0;
        std::shared_ptr<ports::body_rest> rest;  // brings what follows them; null: nothing
        std::uint64_t rest_bytes = 0;            // still to come from it
        bool asked = false;                      // and a piece is on its way here
    };

    void shake_hands();
    void read_request();
    void on_held_bytes(std::size_t held);
    void read_ahead();
    void discard();
    void consume(std::string_view bytes);
    void need_more();
    void dispatch();
    void refuse(const refusal& why);
    void send_response(const ports::http_response& r);
    void ask_for_piece();
    void send_continue();
    void send(std::string_view head, std::string_view body);
    void answer_is_out();
    void client_ended();
    void linger();
    void keep_ahead(std::string_view bytes);
    void give_back_parser();
    bool within_budget();
    void count_partial(std::size_t held);
    base::milliseconds body_deadline() const;
    void deadline_passed();
    void tell_gone();
    ports::http_handle handle() const;
    void set_deadline(base::milliseconds from_now);
    void clear_deadline() { deadline_ = base::mono_time{}; }
    persistence how_it_goes_on() const;

    net_thread& thread_;
    event_loop::watch* watch_ = nullptr;
    transport transport_;
    std::unique_ptr<request_parser> incoming_;  // of an incomplete request
    std::unique_ptr<std::string> ahead_;        // sent ahead of the last answer
    std::unique_ptr<unsent_bytes> unsent_;
    base::mono_time deadline_{};  // zero: none
    base::mono_time timer_at_{};  // the earliest timer in the wheel for this; zero: none
    std::uint64_t generation_ = 0;
    ip_address peer_;
    const std::uint32_t slot_;
    std::uint32_t incarnation_ = 0;      // of the slot: which connection a timer was for
    std::uint32_t partial_counted_ = 0;  // bytes counted in the thread's budget
    std::uint16_t listener_ = 0;         // see ports::http_request
    state state_ = state::closed;
    bool keep_alive_ = true;         // as the client wishes
    bool http_1_0_ : 1 = false;      // the request's version
    bool head_only_ : 1 = false;     // the request is a HEAD
    bool dispatching_ : 1 = false;   // inside the handler's on_request
    bool more_ahead_ : 1 = false;    // while dispatching: another request was already read
    bool counted_long_ : 1 = false;  // partial_counted_ is counted as of a long body, too
    bool half_closed_ = false;       // the client sent its end
    bool gone_told_ = false;         // the handler knows of that
    bool begun_ = false;             // a part of a request is here and its deadline runs
    bool body_begun_ = false;        // the same of its body
    bool continued_ = false;         // 100 Continue was sent
    bool held_ = false;              // readable, but to be read only at go_on()
};

}  // namespace porchlight::net
