#include "net/connection.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "net/metrics.h"
#include "net/net_thread.h"

namespace porchlight::net {
namespace {
using kind = io_result::kind;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr refusal too_slow{408, "M_UNKNOWN", "The request took too long to arrive."};
constexpr refusal too_busy{503, "M_UNKNOWN", "Too many requests are unfinished; try again later."};
}  // namespace

// --- beginning and end ---

void connection::open(int descriptor, const ip_address& peer, const tls_identity* identity,
                      std::uint32_t listener) {
    ASSERT(is_closed());
    ++incarnation_;
    peer_ = peer;
    listener_ = static_cast<std::uint16_t>(listener);
    keep_alive_ = true;
    half_closed_ = begun_ = body_begun_ = continued_ = more_ahead_ = held_ = false;
    timer_at_ = {};
    transport_ = transport(descriptor, identity);
    watch_ = thread_.loop().add(descriptor, *this);
    state_ = identity != nullptr ? state::handshake : state::reading;
    set_deadline(thread_.limits().head_deadline);
    thread_.loop().arm_read(watch_);
}

void connection::close() {
    if (is_closed()) {
        return;
    }
    const bool unanswered = state_ == state::parked;
    const auto named = handle();
    close_silently();
    if (unanswered && !gone_told_) {
        gone_told_ = true;
        thread_.handler().on_gone(named);
    }
}

void connection::close_silently() {
    if (is_closed()) {
        return;
    }
    state_ = state::closed;
    clear_deadline();
    give_back_parser();
    ahead_.reset();
    unsent_.reset();
    transport_ = transport();
    thread_.loop().remove(std::exchange(watch_, nullptr));
    thread_.slot_is_free(slot_);
}

// Shutting down and waiting for the client's end, rather than closing: a close with unread bytes
// would reset the connection and could take the last answer with it.
void connection::linger() {
    if (half_closed_) {
        return close();
    }
    transport_.end_writing();
    state_ = state::lingering;
    ahead_.reset();
    set_deadline(thread_.limits().linger_max);
    thread_.loop().arm_read(watch_);
}

void connection::drain() {
    if (state_ == state::handshake) {
        close();
    } else if (state_ == state::reading && !incoming_ && !ahead_) {
        read_request();  // what is already here is still answered
    }
}

ports::http_handle connection::handle() const {
    return {thread_.number(), slot_, generation_};
}

persistence connection::how_it_goes_on() const {
    if (!keep_alive_ || thread_.draining() || (half_closed_ && !more_ahead_ && !ahead_)) {
        return persistence::close;
    }
    return http_1_0_ ? persistence::keep_alive_1_0 : persistence::keep_alive_1_1;
}

// --- deadlines ---

void connection::set_deadline(base::milliseconds from_now) {
    deadline_ = thread_.now() + from_now;
    if (timer_at_ == base::mono_time{} || timer_at_ > deadline_) {
        timer_at_ = deadline_;
        thread_.add_timer(deadline_, slot_, incarnation_);
    }
}

// A deadline that moved on left its timer where it was; the timer follows it only now.
void connection::on_timer(std::uint32_t incarnation, base::mono_time at) {
    if (is_closed() || incarnation != incarnation_ || at != timer_at_) {
        return;
    }
    timer_at_ = {};
    if (deadline_ == base::mono_time{}) {
        return;
    }
    if (deadline_ <= thread_.now()) {
        clear_deadline();
        deadline_passed();
    } else {
        timer_at_ = deadline_;
        thread_.add_timer(deadline_, slot_, incarnation_);
    }
}

void connection::deadline_passed() {
    if (state_ == state::reading && held_) {
        return set_deadline(thread_.limits().head_deadline);  // it is we who don't read
    }
    if (state_ == state::reading && begun_) {
        metrics::request_deadline.reached();
        return refuse(too_slow);
    }
    if (state_ == state::handshake) {
        metrics::request_deadline.reached();
    } else if (state_ == state::writing) {
        metrics::send_stall.reached();
    }
    close();
}

// --- reading ---

void connection::on_readable() {
    switch (state_) {
        case state::handshake:
            return shake_hands();
        case state::reading:
            if (!thread_.may_read(slot_, incarnation_)) {
                held_ = true;
                return;
            }
            if (ahead_) {
                on_resume(incarnation_);
            }
            if (state_ == state::reading) {
                read_request();
            } else if (state_ == state::parked && !half_closed_) {
                thread_.loop().arm_read(watch_);
            }
            return;
        case state::parked:
            return read_ahead();
        case state::lingering:
            return discard();
        case state::writing:  // armed again when the answer is out
        case state::closed:
            return;
    }
}

void connection::go_on(std::uint32_t incarnation) {
    if (incarnation == incarnation_ && std::exchange(held_, false) && state_ == state::reading) {
        on_readable();
    }
}

void connection::shake_hands() {
    switch (transport_.handshake().what) {
        case kind::done:
            state_ = state::reading;
            return on_readable();
        case kind::blocked_read:
            return thread_.loop().arm_read(watch_);
        case kind::blocked_write:
            return thread_.loop().arm_write(watch_);
        case kind::ended:
        case kind::failed:
            return close();
    }
}

void connection::read_request() {
    auto& scratch = thread_.scratch();
    auto got = transport_.read(scratch);
    if (got.what == kind::done) {
        consume({scratch.data(), got.bytes});
        // A full scratch can mean that TLS holds back the rest of a record, of which the socket
        // knows nothing. No more than that is read, or one busy client could keep the thread.
        const auto held = std::min(transport_.held_bytes(), scratch.size());
        if (held > 0 &&
            (state_ == state::reading || state_ == state::parked || state_ == state::writing)) {
            on_held_bytes(held);
        }
        return;
    }
    const bool idle = !incoming_;
    if (got.what == kind::ended || got.what == kind::failed || (idle && thread_.draining())) {
        return close();
    }
    thread_.loop().arm_read(watch_);
}

void connection::on_held_bytes(std::size_t held) {
    auto& scratch = thread_.scratch();
    const auto got = transport_.read({scratch.data(), held});
    if (got.what != kind::done) {
        return close();
    }
    const std::string_view bytes(scratch.data(), got.bytes);
    if (state_ == state::reading) {
        consume(bytes);
    } else {
        keep_ahead(bytes);
    }
}

// While the handler has a request: the only news that can come are the client's end and requests
// sent ahead, and both must be seen.
void connection::read_ahead() {
    const auto held = ahead_ ? ahead_->size() : 0;
    const auto room = thread_.limits().pipelined_bytes_max - held;
    auto& scratch = thread_.scratch();
    const auto got = transport_.read({scratch.data(), std::min(room, scratch.size())});
    switch (got.what) {
        case kind::done:
            if (got.bytes == room) {
                metrics::pipelined_bytes.reached();
                return close();
            }
            keep_ahead({scratch.data(), got.bytes});
            [[fallthrough]];
        case kind::blocked_read:
        case kind::blocked_write:
            return thread_.loop().arm_read(watch_);
        case kind::ended:
            return tell_gone();
        case kind::failed:
            return close();
    }
}

// The client sent its end. That is what a client that vanished looks like, so its long-poll is
// over; but it may have closed only its own side, so an answer that comes soon is still sent.
void connection::tell_gone() {
    half_closed_ = true;
    set_deadline(thread_.limits().half_closed_max);
    gone_told_ = true;
    thread_.handler().on_gone(handle());
}

void connection::discard() {
    const auto got = transport_.read(thread_.scratch());
    if (got.what == kind::ended || got.what == kind::failed) {
        return close();
    }
    thread_.loop().arm_read(watch_);
}

void connection::keep_ahead(std::string_view bytes) {
    if (!ahead_) {
        ahead_ = std::make_unique<std::string>();
    }
    ahead_->append(bytes);
}

void connection::on_resume(std::uint32_t incarnation) {
    if (incarnation == incarnation_ && state_ == state::reading && ahead_) {
        const auto taken = std::exchange(ahead_, nullptr);
        consume(*taken);
    }
}

void connection::consume(std::string_view bytes) {
    while (!bytes.empty() && state_ == state::reading) {
        if (!incoming_) {
            auto& spare = thread_.spare_parser();
            incoming_ =
                spare ? std::move(spare)
                      : std::make_unique<request_parser>(thread_.limits(), &thread_.handler());
        }
        switch (incoming_->feed(bytes)) {
            case request_parser::progress::need_more:
                need_more();
                break;
            case request_parser::progress::refused: {
                const auto why = incoming_->why();
                head_only_ = incoming_->parts().method == "HEAD";
                refuse(why);
                return;
            }
            case request_parser::progress::complete:
                more_ahead_ = !bytes.empty();
                dispatch();
                more_ahead_ = false;
                break;
        }
    }
    if (!bytes.empty() && (state_ == state::parked || state_ == state::writing)) {
        keep_ahead(bytes);
    }
    if (state_ == state::reading && half_closed_) {
        close();
    } else if (!half_closed_ && (state_ == state::reading || state_ == state::parked)) {
        thread_.loop().arm_read(watch_);
    }
}

void connection::need_more() {
    if (!incoming_->started()) {
        return give_back_parser();
    }
    if (!std::exchange(begun_, true)) {
        set_deadline(thread_.limits().head_deadline);
    }
    if (incoming_->head_done() && !std::exchange(body_begun_, true)) {
        set_deadline(body_deadline());
        if (incoming_->parts().expects_continue && !std::exchange(continued_, true)) {
            send_continue();
        }
    }
    if (state_ == state::reading && !within_budget()) {
        refuse(too_busy);
    }
}

// A long body may take its time, in proportion.
base::milliseconds connection::body_deadline() const {
    const auto& limits = thread_.limits();
    if (!incoming_->has_long_body()) {
        return limits.body_deadline;
    }
    return limits.body_deadline +
           std::chrono::seconds{incoming_->parts().body_bytes_max / limits.long_body_rate_min};
}

bool connection::within_budget() {
    count_partial(incoming_->held_bytes());
    if (incoming_->head_done() && incoming_->has_long_body() && !thread_.long_bodies_fit()) {
        metrics::long_bodies_bytes.reached();
        return false;
    }
    if (!thread_.partial_bytes_fit()) {
        metrics::partial_bytes.reached();
        return false;
    }
    return true;
}

void connection::count_partial(std::size_t held) {
    const std::ptrdiff_t before = partial_counted_;
    const auto now = static_cast<std::ptrdiff_t>(held);
    const bool is_long = held > 0 && incoming_->head_done() && incoming_->has_long_body();
    thread_.count_partial_bytes(now - before);
    thread_.count_long_body_bytes((is_long ? now : 0) - (counted_long_ ? before : 0));
    partial_counted_ = static_cast<std::uint32_t>(held);
    counted_long_ = is_long;
}

void connection::give_back_parser() {
    count_partial(0);
    if (incoming_) {
        incoming_->reset();
        thread_.spare_parser() = std::move(incoming_);
    }
    begun_ = body_begun_ = continued_ = false;
}

void connection::dispatch() {
    const auto& parts = incoming_->parts();
    count_partial(0);
    state_ = state::parked;
    ++generation_;
    keep_alive_ = parts.keep_alive;
    http_1_0_ = parts.http_1_0;
    head_only_ = parts.method == "HEAD";
    gone_told_ = false;
    clear_deadline();
    if (half_closed_) {
        set_deadline(thread_.limits().half_closed_max);
    }
    auto& address = thread_.address_scratch();
    thread_.proxies().client(peer_, parts.forwarded_for).write_to(address);
    const std::string_view target = parts.target;
    const auto question = std::min(target.find('?'), target.size());
    ports::http_request request;
    request.handle = handle();
    request.method = parts.method;
    request.path = target.substr(0, question);
    request.query = target.substr(std::min(question + 1, target.size()));
    request.authorization = parts.authorization;
    request.content_type = parts.content_type;
    request.range = parts.range;
    request.if_none_match = parts.if_none_match;
    request.accept_encoding = parts.accept_encoding;
    request.body = parts.body;
    request.body_to_take = &incoming_->body_to_take();
    request.peer_address = address;
    request.listener = listener_;
    metrics::requests.add();

    // The handler may answer, and even close, before it returns; the parser it reads from stays.
    auto parser = std::exchange(incoming_, nullptr);
    begun_ = body_begun_ = continued_ = false;
    dispatching_ = true;
    thread_.handler().on_request(request);
    dispatching_ = false;
    parser->reset();
    thread_.recycle(std::move(parser));
}

// --- answering ---

void connection::respond_json(std::string_view body) {
    auto& head = thread_.head_scratch();
    write_json_head(head, body.size(), how_it_goes_on());
    send(head, head_only_ ? std::string_view() : body);
}

void connection::respond(ports::http_response r) {
    if (r.rest && r.rest_bytes > 0 && !head_only_ && !has_no_body(r.status)) {
        unsent_ = std::make_unique<unsent_bytes>();
        unsent_->rest = std::move(r.rest);
        unsent_->rest_bytes = r.rest_bytes;
    }
    send_response(r);
}

void connection::send_response(const ports::http_response& r) {
    auto& head = thread_.head_scratch();
    write_head(head, r, how_it_goes_on());
    send(head, head_only_ || has_no_body(r.status) ? std::string_view() : r.body);
}

// The deadline guards against a piece that never comes as against a reader that stalls.
void connection::ask_for_piece() {
    unsent_->asked = true;
    set_deadline(thread_.limits().send_stall_max);
    const auto source = unsent_->rest;
    source->next(
        [&thread = thread_, slot = slot_, named = incarnation_](std::optional<std::string> piece) {
            thread.bring(slot, named, std::move(piece));
        });
}

void connection::on_piece(std::uint32_t incarnation, std::optional<std::string> piece) {
    if (incarnation != incarnation_ || !unsent_ || !unsent_->asked) {
        return;
    }
    unsent_->asked = false;
    if (!piece || piece->empty() || piece->size() > unsent_->rest_bytes) {
        return close();  // the length was promised: only the end of the connection says it is short
    }
    unsent_->rest_bytes -= piece->size();
    if (unsent_->rest_bytes == 0) {
        unsent_->rest.reset();
    }
    send({}, *piece);
}

void connection::refuse(const refusal& why) {
    keep_alive_ = false;
    ports::http_response r;
    r.status = why.status;
    r.body = error_body(why.errcode, why.error);
    if (why.status == 503) {
        r.headers.emplace_back("Retry-After", "1");
    }
    give_back_parser();
    send_response(r);
}

void connection::send_continue() {
    const auto sent = transport_.write(continue_line, {});
    if (sent.what != kind::done || sent.bytes != continue_line.size()) {
        close();
    }
}

void connection::send(std::string_view head, std::string_view body) {
    state_ = state::writing;
    clear_deadline();
    if (transport_.is_tls()) {  // one record rather than two
        auto& joined = thread_.body_scratch();
        joined.assign(head).append(body);
        head = joined;
        body = {};
    }
    const auto put = transport_.write(head, body);
    if (put.what == kind::failed || put.what == kind::ended) {
        return close();
    }
    metrics::bytes_sent.add(put.bytes);
    const auto left = head.size() + body.size() - put.bytes;
    if (left == 0) {
        return answer_is_out();
    }
    if (left > thread_.limits().unsent_bytes_max) {
        metrics::unsent_bytes.reached();
        return close();
    }
    if (!unsent_) {
        unsent_ = std::make_unique<unsent_bytes>();
    }
    unsent_->bytes.reserve(left);
    const auto of_head = std::min(put.bytes, head.size());
    unsent_->bytes.append(head.substr(of_head)).append(body.substr(put.bytes - of_head));
    set_deadline(thread_.limits().send_stall_max);
    thread_.loop().arm_write(watch_);
}

void connection::on_writable() {
    if (state_ == state::handshake) {
        return shake_hands();
    }
    if (state_ != state::writing || unsent_->asked) {
        return;
    }
    const auto rest = std::string_view(unsent_->bytes).substr(unsent_->sent);
    const auto put = transport_.write(rest, {});
    if (put.what == kind::failed || put.what == kind::ended) {
        return close();
    }
    metrics::bytes_sent.add(put.bytes);
    unsent_->sent += put.bytes;
    if (put.bytes == rest.size()) {
        return answer_is_out();
    }
    if (put.bytes > 0) {
        set_deadline(thread_.limits().send_stall_max);
    }
    thread_.loop().arm_write(watch_);
}

void connection::answer_is_out() {
    if (unsent_ && unsent_->rest) {
        unsent_->bytes.clear();
        unsent_->sent = 0;
        return ask_for_piece();
    }
    unsent_.reset();
    if (how_it_goes_on() == persistence::close) {
        return linger();
    }
    state_ = state::reading;
    set_deadline(thread_.limits().keep_alive_idle);
    if (dispatching_) {
        return;  // consume() goes on by itself
    }
    if (ahead_) {
        thread_.resume_later(slot_, incarnation_);
    }
    if (!half_closed_) {
        thread_.loop().arm_read(watch_);
    }
}

}  // namespace porchlight::net
