#include "client_api/sync_streams.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <charconv>
#include <deque>

#include "base/assert.h"
#include "client_api/rooms/reading.h"
#include "client_api/sliding/sliding_streams.h"
#include "client_api/sync/events_answer.h"
#include "client_api/sync/filter_cache.h"
#include "client_api/sync/initial_sync.h"
#include "client_api/sync/parameters.h"
#include "client_api/sync/plan.h"
#include "client_api/sync/presence_answers.h"
#include "client_api/sync/presence_json.h"
#include "client_api/sync/stream_metrics.h"
#include "client_api/sync/sync_rooms.h"
#include "client_api/sync/unread.h"
#include "client_api/sync/waiter_table.h"
#include "homeserver/keys/device_keys.h"
#include "homeserver/to_device.h"

namespace porchlight::client_api {

namespace {

using ports::http_handle;
namespace limits = base::limits;

// Everything passes, a number of events limits it: /events.
class limited_subjects final : public engine::subject_filter {
  public:
    explicit limited_subjects(std::size_t limit) : limit_(limit) {}
    bool accepts(base::user_key) const override { return true; }
    std::size_t limit() const override { return limit_; }

  private:
    std::size_t limit_;
};

failure store_failed() {
    return fail(errc::unavailable, "The store cannot be read right now");
}
failure too_busy() {
    return fail(errc::unavailable, "Too many reads are waiting; try again soon");
}

// A device that logged out while its answer was composed must not be marked again.
bool is_logged_in(const api& server, base::user_key u, base::device_key d) {
    return std::ranges::any_of(server.accounts.devices(u),
                               [d](const auto& known) { return known.device == d; });
}

void append_item(std::string& events, const presence_event& e, base::wall_time now) {
    if (!events.empty()) {
        events += ',';
    }
    append_presence_event(events, e, now);
}

std::string joined(const std::vector<std::string>& events) {
    std::string text;
    item_separator separator{text};
    for (const std::string& e : events) {
        separator.next();
        text += e;
    }
    return text;
}

std::vector<std::string> rendered(const engine::batch& b, const engine::batch::delivery& d) {
    std::vector<std::string> events(d.count);
    for (std::uint32_t i = 0; i < d.count; ++i) {
        append_presence_event(events[i], event_of(b, b.subjects[b.indices[d.first + i]]),
                              b.at.wall);
    }
    return events;
}

}  // namespace

// Leaves most of the pool's queue to everybody else.
constexpr std::size_t composing_max = limits::cold_queue_max / 8;

struct sync_streams::impl {
    unread_cache unread;
    // Answers to be made, at most one for each parked stream; `composing` are in the pool.
    std::deque<std::pair<ports::http_handle, std::shared_ptr<ports::task>>> uncomposed;
    std::size_t composing = 0;
    void hand_over();
    explicit impl(api& a)
        : server(a),
          filters([&a](base::user_key u) { return a.accounts.user_id(u); }),
          everything(std::make_shared<sync_filter>()),
          answers(a.http, a.services.clock,
                  [&a](std::unique_ptr<engine::batch> b) { give_back(a, std::move(b)); }),
          sliding(a, unread) {}

    // A request between its poll and its answer: parked in the engine, or being composed.
    struct waiter {
        filter_ptr filter;
        base::mono_time deadline;
        presence::stream_request marks;
        base::room_key peek;
        std::uint64_t told = 0;  // of the messages to the device, before this answer
        stream_kind kind = stream_kind::sync;
        std::uint16_t limit = 0;  // /events
        bool full = false;
    };
    static_assert(sizeof(waiter) <= 48, "one for each parked request");
    // What a composition brings back to the deciding thread.
    struct composed {
        engine::batch::delivery delivery;
        answer_text answer;
        std::optional<failure> refused;
        bool empty = true;
        std::size_t presence_events = 0;
        base::instant at;  // of the batch
    };

    static void give_back(api& a, std::unique_ptr<engine::batch> b);
    void sync(call_ptr c, const sync_parameters& p, filter_ptr f);
    void with_filter(call_ptr c, sync_parameters p);
    // What was told to a device that presents this token; it acknowledges that.
    std::uint64_t told_by(base::device_key d, const std::optional<engine::token>& since);
    void open(http_handle h, caller who, std::optional<engine::token> since, const waiter& w,
              bool resumed);
    void deliver(std::unique_ptr<engine::batch> b);
    std::vector<std::shared_ptr<const std::string>> own_keys_of(const engine::batch& b) const;
    sync_plan plan_for(const engine::batch::delivery& d, const waiter& w, base::instant at);
    void compose(const std::shared_ptr<shared_batch>& b, const engine::batch::delivery& d);
    void finish(composed c);
    void respond(http_handle h, const failure& f);
    std::shared_ptr<const engine::subject_filter> limited(std::size_t limit);
    sync_plan snapshot_plan(const call& c);
    template <class Work>
    void answer_cold(call_ptr c, Work work);
    template <class Append, class Then>
    void gather(call_ptr c, std::string presence, Append append, Then then);

    api& server;
    filter_cache filters;
    filter_ptr everything;
    presence_answers answers;
    sliding::sliding_streams sliding;
    waiter_table<waiter> waiting;
    boost::unordered_flat_map<std::size_t, std::shared_ptr<const engine::subject_filter>> limits;
};

void sync_streams::impl::give_back(api& a, std::unique_ptr<engine::batch> b) {
    a.services.decider.post(
        [&a, moved = std::move(b)]() mutable { a.services.engine.recycle(std::move(moved)); });
}

void sync_streams::impl::sync(call_ptr c, const sync_parameters& p, filter_ptr f) {
    waiter w;
    w.filter = std::move(f);
    w.deadline = c->now().mono + (p.full_state ? base::milliseconds{0} : p.timeout);
    w.marks = p.marks;
    w.full = p.full_state;
    w.told = told_by(c->user().device, p.since);
    waiting.insert_or_assign(c->handle, w);
    open(c->handle, c->user(), p.since, w, false);
}

// Finds the filter, from the store when need be.
void sync_streams::impl::with_filter(call_ptr c, sync_parameters p) {
    if (p.filter.empty()) {
        sync(std::move(c), p, everything);
        return;
    }
    if (p.filter.front() == '{') {
        const auto compiled = filters.compile(p.filter);
        if (compiled) {
            sync(std::move(c), p, *compiled);
        } else {
            c->refuse(compiled.error());
        }
        return;
    }
    std::uint32_t id = 0;
    const char* last = p.filter.data() + p.filter.size();
    const auto [end, error] = std::from_chars(p.filter.data(), last, id);
    if (error != std::errc{} || end != last) {
        c->refuse(fail(errc::invalid_param, "filter: must be the id of a filter or a JSON object"));
        return;
    }
    const base::user_key user = c->user().user;
    if (filter_ptr known = filters.find(user, id)) {
        sync(std::move(c), p, std::move(known));
        return;
    }
    waiting.insert_or_assign(c->handle, waiter{});  // so that gone() while it loads is noticed
    server.accounts.filter(
        user, id, [this, c, user, id, p](outcome<std::shared_ptr<const std::string>> text) mutable {
            if (!waiting.erase(c->handle)) {
                return;
            }
            if (!text) {
                c->refuse(text.error().code == errc::not_found
                              ? fail(errc::invalid_param, "filter: there is none with this id")
                              : text.error());
                return;
            }
            const auto compiled = filters.compile(**text);
            if (!compiled) {
                c->refuse(compiled.error());
                return;
            }
            filters.remember(user, id, *compiled);
            sync(std::move(c), p, *compiled);
        });
}

std::uint64_t sync_streams::impl::told_by(base::device_key d,
                                          const std::optional<engine::token>& since) {
    if (!since) {
        return 0;
    }
    const std::uint64_t told = server.to_device.told_by(*since);
    server.to_device.acknowledged(d, told);
    return told;
}

void sync_streams::impl::open(http_handle h, caller who, std::optional<engine::token> since,
                              const waiter& w, bool resumed) {
    const base::instant now = server.services.clock.now();
    engine::poll p;
    p.handle = h;
    p.kind = static_cast<std::uint32_t>(w.kind);
    p.user = who.user;
    p.device = who.device;
    p.since = since;
    p.timeout = std::max(w.deadline - now.mono, base::milliseconds{0});
    p.marks = w.marks;
    p.filter = w.kind == stream_kind::sync ? w.filter->subjects : limited(w.limit);
    p.peek = w.peek;
    p.full = w.full;
    p.resumed = resumed;
    p.durable_news = !since || w.full ||
                     (w.peek.valid() ? has_peek_news(server, w.peek, since->durable)
                                     : has_news(server, who.user, since->durable) ||
                                           server.to_device.waiting_after(who.device, w.told) ||
                                           (w.kind == stream_kind::sync &&
                                            has_key_news(server, who, since->durable)));
    server.services.engine.open(std::move(p), now);
}

void sync_streams::impl::deliver(std::unique_ptr<engine::batch> b) {
    // `durable_news` says from here on: not for presence_answers.
    bool presence_alone = false;
    std::vector<std::size_t> to_compose, to_slide;
    for (std::size_t i = 0; i < b->deliveries.size(); ++i) {
        engine::batch::delivery& d = b->deliveries[i];
        if (d.kind == static_cast<std::uint32_t>(stream_kind::sliding)) {
            to_slide.push_back(i);
            continue;
        }
        const waiter* const found = waiting.find(d.handle);
        if (found == nullptr) {
            d.durable_news = true;  // nobody is there any more
        } else if (d.durable_news || !d.since || found->full) {
            d.durable_news = true;
            to_compose.push_back(i);
        } else {
            waiting.erase(d.handle);
            presence_alone = true;
        }
    }
    auto own_keys = own_keys_of(*b);
    const auto shared =
        std::make_shared<shared_batch>(shared_batch{std::move(b), std::move(own_keys)});
    for (const std::size_t i : to_slide) {
        sliding.deliver(shared, shared->content->deliveries[i]);
        shared->content->deliveries[i].durable_news = true;
    }
    for (const std::size_t i : to_compose) {
        compose(shared, shared->content->deliveries[i]);
    }
    if (presence_alone) {
        answers.send(shared);
    }
}

// What answers of presence alone say of the devices' own keys. Nothing where nobody has any.
std::vector<std::shared_ptr<const std::string>> sync_streams::impl::own_keys_of(
    const engine::batch& b) const {
    std::vector<std::shared_ptr<const std::string>> all;
    for (std::size_t i = 0; i < b.deliveries.size(); ++i) {
        const engine::batch::delivery& d = b.deliveries[i];
        if (auto text = d.durable_news ? nullptr : server.device_keys.counts(d.device)) {
            all.resize(b.deliveries.size());
            all[i] = std::move(text);
        }
    }
    return all;
}

sync_plan sync_streams::impl::plan_for(const engine::batch::delivery& d, const waiter& w,
                                       base::instant at) {
    sync_plan plan;
    plan.user = d.user;
    plan.device = d.device;
    plan.user_id = server.accounts.user_id(d.user);
    plan.since = d.since;
    if (w.kind == stream_kind::events && !plan.since) {
        plan.since = d.next;  // a token from the future: /events has no first answer, it starts now
    }
    plan.next = d.next;
    plan.full_state = w.full;
    plan.now = at.wall;
    plan.filter = w.filter;
    plan.unread = &unread;
    if (w.peek.valid()) {
        plan_peek(plan, w.peek, server);
    } else {
        plan_rooms(plan, server);
        plan.messages_after = server.to_device.waiting_after(d.device, w.told);
        if (w.kind == stream_kind::sync) {
            plan.keys = find_key_news(server, {d.user, d.device},
                                      plan.since ? std::optional{plan.after()} : std::nullopt);
        }
    }
    return plan;
}

void sync_streams::impl::compose(const std::shared_ptr<shared_batch>& b,
                                 const engine::batch::delivery& d) {
    const waiter* const found = waiting.find(d.handle);
    ASSERT(found != nullptr);
    const waiter& w = *found;
    if (w.peek.valid() && !server.rooms.may_read(w.peek, d.user)) {
        respond(d.handle, fail(errc::forbidden, "You may not read this room any more"));
        return;
    }
    const base::instant at = b->content->at;
    auto work = [this, b, at, plan = plan_for(d, w, at), d, kind = w.kind,
                 limit = std::size_t{w.limit}, peeks = w.peek.valid()]() {
        composed done;
        done.delivery = d;
        done.at = at;
        try {
            const auto presence = rendered(*b->content, d);
            if (kind == stream_kind::sync) {
                auto c = compose_sync(plan, server.services.store, joined(presence));
                done.answer = std::move(c.answer);
                done.empty = c.empty && presence.empty();
                done.presence_events = presence.size();
            } else {
                auto c = compose_events(plan, server.services.store, presence, limit, peeks);
                done.answer = std::move(c.answer);
                done.empty = c.empty;
                done.presence_events = c.presence_events;
            }
        } catch (const ports::store_error&) {
            done.refused = store_failed();
        }
        server.services.decider.post([this, moved = std::move(done)]() mutable {
            --composing;
            finish(std::move(moved));
            hand_over();
        });
    };
    uncomposed.push_back({d.handle, std::make_shared<ports::task>(std::move(work))});
    hand_over();
}

// A message to a large room wakes more streams than the pool takes at once: they wait here, in
// order. The pool full of others' work refuses one only when none of ours would call again.
void sync_streams::impl::hand_over() {
    while (!uncomposed.empty() && composing < composing_max) {
        const auto [handle, work] = uncomposed.front();
        if (!server.services.cold.run([work] { (*work)(); })) {
            if (composing != 0) {
                return;
            }
            uncomposed.pop_front();
            respond(handle, too_busy());
            continue;
        }
        uncomposed.pop_front();
        ++composing;
    }
}

void sync_streams::impl::finish(composed c) {
    const engine::batch::delivery& d = c.delivery;
    const waiter* const found = waiting.find(d.handle);
    if (found == nullptr) {
        return;  // the client went away meanwhile
    }
    if (c.refused) {
        respond(d.handle, *c.refused);
        return;
    }
    const waiter w = *found;
    const bool has_time = server.services.clock.now().mono < w.deadline;
    if (c.empty && d.since && !w.full && !d.timed_out && has_time &&
        is_logged_in(server, d.user, d.device)) {
        open(d.handle, {d.user, d.device}, d.next, w, true);
        return;
    }
    waiting.erase(d.handle);
    metrics::deliveries.add();
    metrics::composed.add();
    metrics::presence_events.add(c.presence_events);
    if (c.presence_events > 0) {
        observe_delay(d, c.at);
    }
    count_response(200);
    ports::http_response r;
    r.body = std::move(c.answer).finish(server.accounts);
    server.http.respond(d.handle, std::move(r));
}

void sync_streams::impl::respond(http_handle h, const failure& f) {
    waiting.erase(h);
    auto r = error_response(f);
    count_response(r.status);
    server.http.respond(h, std::move(r));
}

std::shared_ptr<const engine::subject_filter> sync_streams::impl::limited(std::size_t limit) {
    auto& f = limits[limit];
    if (f == nullptr) {
        f = std::make_shared<limited_subjects>(limit);
    }
    return f;
}

sync_plan sync_streams::impl::snapshot_plan(const call& c) {
    sync_plan plan;
    plan.user = c.user().user;
    plan.device = c.user().device;
    plan.user_id = server.accounts.user_id(plan.user);
    plan.next = server.services.engine.current_token();
    plan.now = c.now().wall;
    plan.filter = everything;
    return plan;
}

// Runs `work` on a cold thread and answers the outcome<answer_text> that it makes.
template <class Work>
void sync_streams::impl::answer_cold(call_ptr c, Work work) {
    auto task = [this, c, work = std::move(work)]() {
        outcome<answer_text> made = store_failed();
        try {
            made = work(server.services.store);
        } catch (const ports::store_error&) {
            made = store_failed();
        }
        server.services.decider.post([this, c, moved = std::move(made)]() mutable {
            if (moved) {
                c->reply_text(std::move(*moved).finish(server.accounts));
            } else {
                c->refuse(moved.error());
            }
        });
    };
    if (!server.services.cold.run(std::move(task))) {
        c->refuse(too_busy());
    }
}

// Calls append(presence), which adds some events, until it says that these were all; then
// then(call, presence). Between two of its calls the deciding thread does what else there is. A
// client that goes away meanwhile is noticed.
template <class Append, class Then>
void sync_streams::impl::gather(call_ptr c, std::string presence, Append append, Then then) {
    if (append(presence)) {
        waiting.erase(c->handle);
        then(std::move(c), std::move(presence));
        return;
    }
    waiting.insert_or_assign(c->handle, waiter{});
    server.services.decider.post([this, c = std::move(c), presence = std::move(presence),
                                  append = std::move(append), then = std::move(then)]() mutable {
        if (waiting.contains(c->handle)) {
            gather(std::move(c), std::move(presence), std::move(append), std::move(then));
        }
    });
}

sync_streams::sync_streams(api& a) : impl_(std::make_unique<impl>(a)) {}
sync_streams::~sync_streams() = default;

void sync_streams::sync(call_ptr c) {
    auto p = read_sync_parameters(*c);
    if (!p) {
        c->refuse(p.error());
        return;
    }
    impl_->with_filter(std::move(c), std::move(*p));
}

void sync_streams::sliding_sync(const call_ptr& c) {
    impl_->sliding.sync(c);
}

void sync_streams::events(call_ptr c) {
    const auto p = read_events_parameters(*c);
    if (!p) {
        c->refuse(p.error());
        return;
    }
    impl::waiter w;
    if (p->room_id) {
        const auto room = impl_->server.rooms.find(*p->room_id);
        if (!room || !impl_->server.rooms.may_read(*room, c->user().user)) {
            c->refuse(fail(errc::forbidden, "room_id: you may not read this room"));
            return;
        }
        w.peek = *room;
    } else {
        w.told = impl_->told_by(c->user().device, p->from);
    }
    w.kind = stream_kind::events;
    w.filter = impl_->everything;
    w.limit = static_cast<std::uint16_t>(p->limit);
    w.deadline = c->now().mono + p->timeout;
    const engine::token from = p->from.value_or(impl_->server.services.engine.current_token());
    impl_->waiting.insert_or_assign(c->handle, w);
    impl_->open(c->handle, c->user(), from, w, false);
}

void sync_streams::initial_sync(call_ptr c) {
    const auto p = read_initial_sync_parameters(*c);
    if (!p) {
        c->refuse(p.error());
        return;
    }
    sync_plan plan = impl_->snapshot_plan(*c);
    if (p->archived) {
        auto with_left = std::make_shared<sync_filter>();
        with_left->include_leave = true;
        plan.filter = std::move(with_left);
    }
    plan_rooms(plan, impl_->server);
    // None is in it; its token leaves them all to the stream that goes on from there.
    if (const auto waiting = impl_->server.to_device.waiting_after(plan.device, 0)) {
        plan.next.messages = *waiting;
    }
    // The token is from before the first look: who changes meanwhile is told of by what follows it.
    auto some = [&server = impl_->server, user = plan.user, at = plan.now,
                 next = base::user_key{0}](std::string& presence) mutable {
        const auto& engine = server.services.engine;
        const auto part = engine.visible_to(user, next, limits::snapshot_subjects_per_task);
        for (const base::user_key subject : part.users) {
            if (const auto v = engine.look(user, subject, server.services.clock.now())) {
                append_item(presence, event_of(server.accounts.profile(subject), *v), at);
            }
        }
        next = part.next;
        return !next.valid();
    };
    auto then = [m = impl_.get(), plan = std::move(plan), limit = p->limit](
                    call_ptr call, std::string presence) mutable {
        m->answer_cold(std::move(call), [plan = std::move(plan), presence = std::move(presence),
                                         limit](ports::store_reader& store) {
            return outcome<answer_text>{compose_initial_sync(plan, store, presence, limit)};
        });
    };
    impl_->gather(std::move(c), {}, std::move(some), std::move(then));
}

void sync_streams::room_initial_sync(call_ptr c) {
    const auto p = read_initial_sync_parameters(*c);
    if (!p) {
        c->refuse(p.error());
        return;
    }
    const auto view = view_of(*c);
    if (!view) {
        return;
    }
    sync_plan plan = impl_->snapshot_plan(*c);
    plan_peek(plan, view->room, impl_->server);
    std::vector<base::user_key> members;
    if (view->readable_now) {
        members = impl_->server.rooms.members(view->room);
    }
    auto some = [&server = impl_->server, user = plan.user, at = plan.now, room = view->room,
                 is_member = view->membership.state == ports::membership::join,
                 members = std::move(members),
                 next = std::size_t{0}](std::string& presence) mutable {
        const auto& engine = server.services.engine;
        const base::instant now = server.services.clock.now();
        const std::size_t end = std::min(members.size(), next + limits::snapshot_subjects_per_task);
        for (; next < end; ++next) {
            // Who may not be seen, or never was, is told as offline: the members are known anyway.
            auto v = engine.look(user, members[next], now);
            if (!v && !is_member) {
                v = engine.look_in(room, user, members[next], now);
            }
            append_item(
                presence,
                event_of(server.accounts.profile(members[next]), v.value_or(presence::view{})), at);
        }
        return next == members.size();
    };
    auto then = [m = impl_.get(), plan = std::move(plan), limit = p->limit,
                 readable = view->readable_now](call_ptr call, std::string presence) mutable {
        m->answer_cold(std::move(call), [plan = std::move(plan), presence = std::move(presence),
                                         limit, readable](ports::store_reader& store) {
            return compose_room_initial_sync({plan, readable, limit, presence}, store);
        });
    };
    impl_->gather(std::move(c), {}, std::move(some), std::move(then));
}

void sync_streams::gone(http_handle h) {
    impl_->waiting.erase(h);
    impl_->sliding.gone(h);
    impl_->server.services.engine.gone(h, impl_->server.services.clock.now());
}

void sync_streams::deliver(std::unique_ptr<engine::batch> b) {
    impl_->deliver(std::move(b));
}

std::size_t sync_streams::waiting() const {
    return impl_->waiting.size() + impl_->sliding.waiting();
}

}  // namespace porchlight::client_api
