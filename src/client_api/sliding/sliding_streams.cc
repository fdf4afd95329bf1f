#include "client_api/sliding/sliding_streams.h"

#include <algorithm>
#include <bit>

#include "base/limits.h"
#include "client_api/sync/presence_json.h"
#include "client_api/sync/stream_metrics.h"
#include "homeserver/to_device.h"

namespace porchlight::client_api::sliding {

namespace limits = base::limits;

namespace {

// For connections that do not ask for presence: none of it wakes them.
class nobody final : public engine::subject_filter {
  public:
    bool accepts(base::user_key) const override { return false; }
    std::size_t limit() const override { return 0; }
};

std::uint64_t random_serial(ports::random& random) {
    std::array<std::uint8_t, 8> bytes{};
    random.fill(bytes);
    return (std::bit_cast<std::uint64_t>(bytes) >> 2) + 1;  // never 0, and room to count on
}

bool is_logged_in(const api& server, base::user_key u, base::device_key d) {
    return std::ranges::any_of(server.accounts.devices(u),
                               [d](const auto& known) { return known.device == d; });
}

std::string rendered(const engine::batch& b, const engine::batch::delivery& d) {
    std::string events;
    item_separator separator{events};
    for (std::uint32_t i = 0; i < d.count; ++i) {
        separator.next();
        append_presence_event(events, event_of(b, b.subjects[b.indices[d.first + i]]), b.at.wall);
    }
    return events;
}

}  // namespace

std::size_t sliding_streams::handle_hash::operator()(const ports::http_handle& h) const noexcept {
    const std::uint64_t place = (std::uint64_t{h.thread} << 32) | h.slot;
    return static_cast<std::size_t>((place ^ (h.generation << 17)) * 0x9e37'79b9'7f4a'7c15ULL);
}

sliding_streams::sliding_streams(api& a, unread_cache& unread)
    : server_(a),
      unread_(unread),
      connections_({limits::sliding_connections_per_device_max, limits::sliding_connections_max,
                    limits::sliding_rooms_kept_max}),
      facts_(limits::sliding_facts_kept_max),
      nobody_(std::make_shared<nobody>()),
      last_serial_(random_serial(a.services.random)) {}

void sliding_streams::sync(const call_ptr& c) {
    const caller who = c->user();
    auto read = read_request(*c, std::string{server_.accounts.user_id(who.user)});
    if (!read) {
        c->refuse(read.error());
        return;
    }
    request& asked = *read;
    connection_ptr conn = connections_.find(who.device, asked.conn_id);
    if (asked.pos && (conn == nullptr || !conn->present(*asked.pos))) {
        c->refuse(fail(errc::unknown_pos));
        return;
    }
    if (conn == nullptr) {
        conn = connections_.create(who.device, asked.conn_id);
    }
    supersede(conn);
    if (!asked.pos) {
        conn->begin_anew();
    }
    connections_.keep_limits(conn);
    const checkpoint& base = conn->base();
    const bool same_rules = base.wanted != nullptr && base.wanted->digest == asked.wanted->digest;
    if (same_rules) {
        asked.wanted = base.wanted;
    }
    if (asked.to_device.enabled) {
        asked.to_device_since = server_.to_device.told_by({.durable = asked.to_device_since});
        server_.to_device.acknowledged(who.device, asked.to_device_since);
    }
    waiter w;
    w.conn = conn;
    w.deadline = c->now().mono + asked.timeout;
    w.checked = base.pos.token.durable;
    w.changed = !same_rules || base.extensions != asked.extensions();
    w.look = w.changed || base.more;
    std::optional<engine::token> since;
    if (asked.pos && (base.presence_told || !asked.presence.enabled)) {
        since = base.pos.token;
    }
    w.asked = std::make_shared<const request>(std::move(asked));
    conn->active = c->handle;
    waiting_.insert_or_assign(c->handle, w);
    open(c->handle, who, since, w, false);
}

// A client has one request at a time: an older one that still waits is given up.
void sliding_streams::supersede(const connection_ptr& conn) {
    if (!conn->active) {
        return;
    }
    const ports::http_handle h = *conn->active;
    conn->active.reset();
    const auto found = waiting_.find(h);
    if (found == waiting_.end()) {
        return;
    }
    const auto asked = found->second.asked;
    server_.services.engine.gone(h, server_.services.clock.now());
    if (!asked->pos) {
        respond(h, fail(errc::unknown_pos, "A newer request of this connection took its place"));
        return;
    }
    waiting_.erase(h);
    count_response(200);
    ports::http_response r;
    r.body = nothing_new(*asked);
    server_.http.respond(h, std::move(r));
}

void sliding_streams::open(ports::http_handle h, caller who, std::optional<engine::token> since,
                           const waiter& w, bool resumed) {
    const base::instant now = server_.services.clock.now();
    engine::poll p;
    p.handle = h;
    p.kind = static_cast<std::uint32_t>(stream_kind::sliding);
    p.user = who.user;
    p.device = who.device;
    p.since = since;
    p.timeout = std::max(w.deadline - now.mono, base::milliseconds{0});
    p.marks = w.asked->marks;
    p.filter = w.asked->presence.enabled ? nullptr : nobody_;
    p.resumed = resumed;
    p.durable_news = !since || w.look || has_news(server_, *w.asked, who, w.checked);
    server_.services.engine.open(std::move(p), now);
}

// May the request wait on, when this delivery holds nothing for it?
bool sliding_streams::may_wait(const engine::batch::delivery& d, const waiter& w) const {
    return d.since && d.durable_news && d.count == 0 && !d.timed_out &&
           server_.services.clock.now().mono < w.deadline &&
           is_logged_in(server_, d.user, d.device);
}

void sliding_streams::reopen(const engine::batch::delivery& d) {
    const auto found = waiting_.find(d.handle);
    if (found == waiting_.end()) {
        return;
    }
    found->second.checked = d.next.durable;
    found->second.look = false;
    const waiter w = found->second;
    open(d.handle, {d.user, d.device}, d.next, w, true);
}

plan sliding_streams::plan_for(const engine::batch::delivery& d, const waiter& w, bool look,
                               base::instant at) {
    plan p;
    p.who = {d.user, d.device};
    p.user_id = server_.accounts.user_id(d.user);
    p.next = d.next;
    p.serial = ++last_serial_;
    p.now = at.wall;
    p.asked = w.asked;
    p.base = w.conn->base();
    p.sent = w.conn->rooms();
    p.unread = &unread_;
    p.look = look || w.changed;  // the counts of other lists are not these
    if (w.asked->to_device.enabled) {
        p.messages_after = server_.to_device.waiting_after(d.device, w.asked->to_device_since);
    }
    if (w.asked->e2ee.enabled) {
        p.keys = find_key_news(server_, p.who,
                               p.first() ? std::nullopt : std::optional{p.base.pos.token.durable});
    }
    p.account_data_position = server_.ephemeral.account_data_position(d.user);
    if (p.look) {
        plan_rooms(p, server_);
    }
    return p;
}

void sliding_streams::deliver(const std::shared_ptr<shared_batch>& b,
                              const engine::batch::delivery& d) {
    const auto found = waiting_.find(d.handle);
    if (found == waiting_.end()) {
        return;
    }
    const waiter& w = found->second;
    const bool look = w.look || has_news(server_, *w.asked, {d.user, d.device}, w.checked);
    if (!look && may_wait(d, w)) {
        server_.services.decider.post([this, d] { reopen(d); });
        return;
    }
    const base::instant at = b->content->at;
    auto work = [this, b, d, at, planned = plan_for(d, w, look, at)]() mutable {
        finished f;
        f.delivery = d;
        f.at = at;
        try {
            f.made = compose(planned, server_.services.store, facts_, rendered(*b->content, d));
        } catch (const ports::store_error&) {
            f.failed = true;
        }
        f.planned = std::move(planned);
        server_.services.decider.post(
            [this, moved = std::move(f)]() mutable { finish(std::move(moved)); });
    };
    if (!server_.services.cold.run(std::move(work))) {
        respond(d.handle, fail(errc::unavailable, "Too many reads are waiting; try again soon"));
    }
}

void sliding_streams::finish(finished f) {
    const engine::batch::delivery& d = f.delivery;
    const auto found = waiting_.find(d.handle);
    if (found == waiting_.end()) {
        return;  // the client went away, or asked something else meanwhile
    }
    if (f.failed) {
        respond(d.handle, fail(errc::unavailable, "The store cannot be read right now"));
        return;
    }
    if (f.made.empty && may_wait(d, found->second)) {
        reopen(d);
        return;
    }
    const connection_ptr conn = found->second.conn;
    waiting_.erase(found);
    conn->active.reset();
    f.planned.sent.reset();
    conn->issue(std::move(f.made.after), std::move(f.made.changes));
    connections_.keep_limits(conn);
    metrics::deliveries.add();
    metrics::composed.add();
    metrics::presence_events.add(d.count);
    if (d.count > 0) {
        observe_delay(d, f.at);
    }
    count_response(200);
    ports::http_response r;
    r.body = std::move(f.made.answer).finish(server_.accounts);
    server_.http.respond(d.handle, std::move(r));
}

void sliding_streams::respond(ports::http_handle h, const failure& f) {
    gone(h);
    auto r = error_response(f);
    count_response(r.status);
    server_.http.respond(h, std::move(r));
}

void sliding_streams::gone(ports::http_handle h) {
    const auto found = waiting_.find(h);
    if (found == waiting_.end()) {
        return;
    }
    if (found->second.conn->active == h) {
        found->second.conn->active.reset();
    }
    waiting_.erase(found);
}

}  // namespace porchlight::client_api::sliding
