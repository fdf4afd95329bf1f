#include "net/net_thread.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "net/metrics.h"

namespace porchlight::net {

// Connections never move: the event loop points at them.
struct net_thread::chunk {
    std::array<std::optional<connection>, 1U << chunk_bits> slots;
};

namespace {
// Timers that are not a connection's.
constexpr std::uint32_t listeners_timer = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t drain_timer = listeners_timer - 1;
// Times that the deciding thread is behind belong to one burst if they are closer than this.
constexpr base::milliseconds burst_pause = std::chrono::seconds{10};
}  // namespace

net_thread::net_thread(const setup& s)
    : config_(*s.config),
      proxies_(*s.proxies),
      clock_(*s.clock),
      runtime_(s.runtime),
      number_(s.number),
      inbox_(s.runtime, s.number, s.numbers, wakeup_, s.config->ring_slots),
      timers_(clock_.now().mono),
      now_(clock_.now().mono) {}

net_thread::~net_thread() {
    join();
}

void net_thread::listen(int descriptor, identity_source* identity, std::uint32_t number) {
    listeners_.push_back(std::make_unique<listener>(*this, descriptor, identity, number));
}

void net_thread::start(ports::http_handler& handler) {
    handler_ = &handler;
    thread_ = std::thread([this] { run(); });
}

void net_thread::stop() {
    post([this] { stopping_ = true; });
}

void net_thread::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

// --- the loop ---

void net_thread::run() {
    const thread_number named(runtime_, number_);
    const int wake_descriptor = ::dup(wakeup_.descriptor());
    ASSERT(wake_descriptor >= 0);
    wake_watch_ = loop_.add(wake_descriptor, *this);
    loop_.arm_read(wake_watch_);
    for (const auto& l : listeners_) {
        l->start();
    }
    while (!stopping_) {
        wakeup_.about_to_sleep();
        loop_.run_once(time_to_sleep());
        thread_number::burst_over();
        wakeup_.awake();
        now_ = clock_.now().mono;
        inbox_.run_all();
        if (deciding_ != nullptr) {
            deciding_->run_burst();
        }
        run_timers();
        thread_number::burst_over();
    }
    each_open([](connection& c) { c.close_silently(); });
    listeners_.clear();
    loop_.remove(wake_watch_);
}

void net_thread::on_readable() {
    wakeup_.clear();
    loop_.arm_read(wake_watch_);
}

std::optional<base::milliseconds> net_thread::time_to_sleep() {
    if (!inbox_.empty() || (deciding_ != nullptr && !deciding_->idle())) {
        return base::milliseconds{0};
    }
    auto next = timers_.next();
    if (deciding_ != nullptr) {
        if (const auto deadline = deciding_->next_deadline()) {
            next = next ? std::min(*next, *deadline) : *deadline;
        }
    }
    if (!next) {
        return std::nullopt;
    }
    return std::max(*next - clock_.now().mono, base::milliseconds{0});
}

void net_thread::run_timers() {
    timers_.advance(now_, [this](const timer& t) {
        if (t.slot == listeners_timer) {
            for (const auto& l : listeners_) {
                l->resume(now_);
            }
        } else if (t.slot == drain_timer) {
            each_open([](connection& c) { c.close(); });
        } else {
            at(t.slot).on_timer(t.incarnation, t.at);
        }
    });
}

void net_thread::add_timer(base::mono_time at, std::uint32_t slot, std::uint32_t incarnation) {
    timers_.insert(at, {at, slot, incarnation});
}

void net_thread::resume_listeners_at(base::mono_time at) {
    add_timer(at, listeners_timer, 0);
}

void net_thread::resume_later(std::uint32_t slot, std::uint32_t incarnation) {
    inbox_.post([this, slot, incarnation] { at(slot).on_resume(incarnation); });
}

// --- the deciding thread is behind ---

bool net_thread::may_read(std::uint32_t slot, std::uint32_t incarnation) {
    if (decider_ == nullptr || (!decider_behind_ && decider_->has_room(number_))) {
        return true;
    }
    if (!std::exchange(decider_behind_, true)) {
        wait_for_decider();
    }
    held_.push_back({slot, incarnation});
    return false;
}

// A task behind all that waits says when it was done.
void net_thread::wait_for_decider() {
    metrics::thread_ring.reached();
    const auto at = now();
    if (!last_behind_ || at - *last_behind_ >= burst_pause) {
        base::log::warn("net", "requests come faster than they are handled; reading pauses",
                        {{"thread", number_}});
    }
    last_behind_ = at;
    decider_->post([this] { post([this] { go_on_reading(); }); });
}

void net_thread::go_on_reading() {
    decider_behind_ = false;
    for (const auto& h : std::exchange(held_, {})) {
        at(h.slot).go_on(h.incarnation);
    }
}

// --- connections ---

connection& net_thread::at(std::uint32_t slot) {
    return *chunks_[slot >> chunk_bits]->slots[slot & ((1U << chunk_bits) - 1)];
}

connection* net_thread::find(const ports::http_handle& h) {
    if (h.thread != number_ || (h.slot >> chunk_bits) >= chunks_.size()) {
        return nullptr;
    }
    auto& c = at(h.slot);
    return c.awaits(h.generation) ? &c : nullptr;
}

template <class F>
void net_thread::each_open(F&& f) {
    for (const auto& c : chunks_) {
        for (auto& slot : c->slots) {
            if (!slot->is_closed()) {
                f(*slot);
            }
        }
    }
}

void net_thread::accept(int descriptor, const ip_address& peer, const tls_identity* identity,
                        std::uint32_t listener) {
    if (config_.connections_max != 0 && open_connections() >= config_.connections_max) {
        metrics::connection_count.reached();
        ::close(descriptor);
        return;
    }
    if (free_slots_.empty()) {
        const auto first = static_cast<std::uint32_t>(chunks_.size() << chunk_bits);
        auto& added = *chunks_.emplace_back(std::make_unique<chunk>());
        for (auto i = static_cast<std::uint32_t>(added.slots.size()); i-- > 0;) {
            added.slots[i].emplace(*this, first + i);
            free_slots_.push_back(first + i);
        }
    }
    const auto slot = free_slots_.back();
    free_slots_.pop_back();
    open_.fetch_add(1, std::memory_order_relaxed);
    metrics::connections.add(1);
    at(slot).open(descriptor, peer, identity, listener);
}

void net_thread::slot_is_free(std::uint32_t slot) {
    free_slots_.push_back(slot);
    open_.fetch_sub(1, std::memory_order_relaxed);
    metrics::connections.add(-1);
    check_drained();
}

void net_thread::bring(std::uint32_t slot, std::uint32_t incarnation,
                       std::optional<std::string> piece) {
    inbox_.post([this, slot, incarnation, piece = std::move(piece)]() mutable {
        at(slot).on_piece(incarnation, std::move(piece));
    });
}

bool net_thread::long_bodies_fit() const {
    return long_body_bytes_ <= static_cast<std::ptrdiff_t>(config_.limits.long_bodies_bytes_max);
}

bool net_thread::partial_bytes_fit() const {
    return partial_bytes_ <= static_cast<std::ptrdiff_t>(config_.limits.partial_bytes_max);
}

// --- answers ---

void net_thread::respond(const ports::http_handle& h, ports::http_response r) {
    if (auto* c = find(h)) {
        c->respond(std::move(r));
    }
}

void net_thread::respond_now(const ports::http_delivery& d) {
    if (auto* c = find(d.handle)) {
        c->respond_json(d.body);
    }
}

// --- draining ---

void net_thread::begin_drain(ports::task drained) {
    if (draining_) {
        return;
    }
    draining_ = true;
    drained_ = std::move(drained);
    listeners_.clear();
    now_ = clock_.now().mono;
    add_timer(now_ + config_.limits.drain_deadline, drain_timer, 0);
    each_open([](connection& c) { c.drain(); });
    check_drained();
}

void net_thread::check_drained() {
    if (draining_ && open_connections() == 0 && drained_) {
        post(std::exchange(drained_, nullptr));
    }
}

}  // namespace porchlight::net
