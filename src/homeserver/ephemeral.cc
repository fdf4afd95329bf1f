#include "homeserver/ephemeral.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>

#include "base/limits.h"
#include "base/metrics.h"
#include "homeserver/durable_log.h"
#include "homeserver/key_queue.h"
#include "homeserver/read_marks.h"
#include "matrix/identifier.h"

namespace porchlight::homeserver {

using matrix::errc;
using matrix::fail;

namespace {

base::metrics::counter typing_limit{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                    "limit=\"typing_users\""};

}  // namespace

struct ephemeral::impl {
    impl(services& with, accounts& a, rooms& r)
        : s(with), known(a), places(r), start(with.log.last_stored_before()) {}

    struct typist {
        user_key user;
        base::mono_time until;
    };
    struct place {
        std::uint64_t typing_position = 0;
        std::uint64_t receipts_position = 0;
        std::vector<typist> typists;  // oldest first
    };

    services& s;
    accounts& known;
    rooms& places;
    const std::uint64_t start;  // what was stored before counts as of here
    boost::unordered_flat_map<room_key, place, std::hash<room_key>> by_room;
    boost::unordered_flat_map<user_key, std::uint64_t, std::hash<user_key>> news, data,
        private_read;

    template <class Map, class Key>
    std::uint64_t position_in(const Map& m, Key k) const {
        const auto found = m.find(k);
        return found == m.end() ? start : std::max(start, found->second);
    }
    bool joined(user_key u, room_key r) const {
        return places.membership_of(r, u).state == membership::join;
    }
    void tell(user_key u, std::uint64_t position) {
        news[u] = position;
        s.engine.wake(u, s.clock.now());
    }
    void tell_members(room_key r, std::uint64_t position) {
        for (const user_key u : s.engine.members(r)) {
            tell(u, position);
        }
    }

    struct wish {
        caller who;
        room_key room;
        std::string type, event_id;
        bool is_private = false;
        completion<void> done;
    };
    key_queue<user_key> reading;  // one receipt of a user after the other
    void place_receipt(const std::shared_ptr<wish>& w);
    void commit_receipt(const std::shared_ptr<wish>& w, std::uint64_t event, read_marks marks);
    void end_receipt(const std::shared_ptr<wish>& w, outcome<void> result);

    void start_typing(caller who, room_key r, base::milliseconds timeout);
    void stop_typing(user_key u, room_key r);
    void expire(room_key r);
    void publish_typing(room_key r);
};

// --- typing ---

void ephemeral::impl::publish_typing(room_key r) {
    const auto position = s.log.next_position();
    s.log.pass(position, [this, r, position] {
        by_room[r].typing_position = position;
        tell_members(r, position);
    });
}

void ephemeral::impl::start_typing(caller who, room_key r, base::milliseconds timeout) {
    const auto until = s.clock.now().mono + timeout;
    auto& typists = by_room[r].typists;
    const auto same = std::find_if(typists.begin(), typists.end(),
                                   [who](const typist& t) { return t.user == who.user; });
    if (same != typists.end()) {
        same->until = until;  // still typing is no news
    } else {
        if (typists.size() >= base::limits::typing_users_max) {
            typing_limit.add();
            typists.erase(typists.begin());
        }
        typists.push_back({who.user, until});
        publish_typing(r);
    }
    s.decider.post_after(timeout, [this, r] { expire(r); });
}

void ephemeral::impl::stop_typing(user_key u, room_key r) {
    const auto found = by_room.find(r);
    if (found != by_room.end() &&
        std::erase_if(found->second.typists, [u](const typist& t) { return t.user == u; }) != 0) {
        publish_typing(r);
    }
}

void ephemeral::impl::expire(room_key r) {
    const auto now = s.clock.now().mono;
    const auto found = by_room.find(r);
    if (found != by_room.end() && std::erase_if(found->second.typists, [now](const typist& t) {
                                      return t.until <= now;
                                  }) != 0) {
        publish_typing(r);
    }
}

ephemeral::ephemeral(services& s, accounts& a, rooms& r) : impl_(std::make_unique<impl>(s, a, r)) {}
ephemeral::~ephemeral() = default;

void ephemeral::set_typing(caller who, room_key r, bool typing, base::milliseconds timeout,
                           completion<void> done) {
    impl& m = *impl_;
    if (!m.joined(who.user, r)) {
        done(fail(errc::forbidden, "Only members of the room may type in it."));
        return;
    }
    timeout = std::min<base::milliseconds>(timeout, base::limits::typing_timeout_max);
    if (typing && timeout.count() > 0) {
        m.start_typing(who, r, timeout);
        if (m.s.config.typing_is_activity) {
            m.s.engine.active(who.user, who.device, m.s.clock.now());
        }
    } else {
        m.stop_typing(who.user, r);
    }
    done(outcome<void>{});
}

std::uint64_t ephemeral::typing_position(room_key r) const {
    const auto found = impl_->by_room.find(r);
    const std::uint64_t first = impl_->s.log.first();  // who typed in an earlier run types no more
    return found == impl_->by_room.end() ? first : std::max(first, found->second.typing_position);
}

ephemeral::typing_state ephemeral::typing(room_key r) const {
    typing_state state;
    state.position = typing_position(r);
    const auto found = impl_->by_room.find(r);
    if (found == impl_->by_room.end()) {
        return state;
    }
    for (const auto& t : found->second.typists) {
        if (impl_->joined(t.user, r)) {
            state.user_ids.emplace_back(impl_->known.user_id(t.user));
        }
    }
    return state;
}

// --- receipts ---

void ephemeral::receipt(caller who, room_key r, std::string type, std::string event_id,
                        completion<void> done) {
    impl& m = *impl_;
    const bool is_private = type == "m.read.private";
    if (!is_private && type != "m.read") {
        done(fail(errc::invalid_param, "The receipt type must be m.read or m.read.private."));
        return;
    }
    if (!matrix::is_event_id(event_id)) {
        done(fail(errc::invalid_param, "A receipt needs the id of an event."));
        return;
    }
    if (!m.joined(who.user, r)) {
        done(fail(errc::forbidden, "Only members of the room may send receipts to it."));
        return;
    }
    impl::wish w{who, r, std::move(type), std::move(event_id), is_private, std::move(done)};
    auto shared = std::make_shared<impl::wish>(std::move(w));
    m.reading.enter(who.user, [&m, shared] { m.place_receipt(shared); });
}

// Finds where the event stands: a receipt never goes back, and one for an event that this server
// does not know is passed on and moves no mark.
void ephemeral::impl::place_receipt(const std::shared_ptr<wish>& w) {
    auto job = [this, w] {
        outcome<std::pair<std::uint64_t, read_marks>> found = fail(errc::unavailable);
        try {
            const auto row = s.store.event(w->event_id);
            found = std::pair(row && row->room == w->room ? row->position : 0,
                              load_read_marks(s.store, w->who.user, w->room));
        } catch (const ports::store_error&) {
            // Told to the client as what it is; the adapter has logged it.
        }
        s.decider.post([this, w, f = std::move(found)] {
            if (f) {
                commit_receipt(w, f->first, f->second);
            } else {
                end_receipt(w, f.error());
            }
        });
    };
    if (!s.cold.run(std::move(job))) {
        end_receipt(w, fail(errc::unavailable));
    }
}

void ephemeral::impl::end_receipt(const std::shared_ptr<wish>& w, outcome<void> result) {
    w->done(std::move(result));
    reading.leave(w->who.user);
}

void ephemeral::impl::commit_receipt(const std::shared_ptr<wish>& w, std::uint64_t event,
                                     read_marks marks) {
    std::uint64_t& mark = marks.of(w->is_private);
    if (!joined(w->who.user, w->room)) {
        end_receipt(w, fail(errc::forbidden, "Only members of the room may send receipts to it."));
        return;
    }
    if (event != 0 && event <= mark) {
        end_receipt(w, outcome<void>{});
        return;
    }
    const auto position = s.log.next_position();
    ports::write_set set;
    set.push_back(ports::receipt_row{w->room, w->who.user, w->type, w->event_id, s.clock.now().wall,
                                     position});
    if (event != 0) {
        mark = event;
        set.push_back(row_of(marks, w->who.user, w->room));
    }
    s.log.commit(position, std::move(set), [this, w, position](bool ok) {
        if (ok) {
            by_room[w->room].receipts_position = position;
            if (w->is_private) {
                tell(w->who.user, position);
            } else {
                tell_members(w->room, position);
            }
            if (s.config.typing_is_activity && known.exists(w->who.device)) {
                s.engine.active(w->who.user, w->who.device, s.clock.now());
            }
        }
        end_receipt(w, ok ? outcome<void>{} : outcome<void>{fail(errc::unavailable)});
    });
}

std::uint64_t ephemeral::receipts_position(room_key r) const {
    const auto found = impl_->by_room.find(r);
    return found == impl_->by_room.end() ? impl_->start
                                         : std::max(impl_->start, found->second.receipts_position);
}

// --- account data ---

void ephemeral::set_account_data(caller who, room_key r, std::string type, std::string content,
                                 completion<void> done) {
    impl& m = *impl_;
    using namespace base::limits;
    if (type.empty() || type.size() > id_bytes_max) {
        done(fail(errc::invalid_param, "A type has 1 to 255 bytes."));
        return;
    }
    if (content.size() > account_data_bytes_max) {
        done(fail(errc::too_large, "Account data may have at most " +
                                       std::to_string(account_data_bytes_max) + " bytes."));
        return;
    }
    const auto position = m.s.log.next_position();
    ports::write_set set;
    set.push_back(
        ports::account_data_row{who.user, r, std::move(type), std::move(content), position});
    m.s.log.commit(position, std::move(set),
                   [&m, who, position, f = std::move(done)](bool ok) mutable {
                       if (!ok) {
                           f(fail(errc::unavailable));
                           return;
                       }
                       m.data[who.user] = position;
                       m.tell(who.user, position);
                       f(outcome<void>{});
                   });
}

std::uint64_t ephemeral::account_data_position(user_key u) const {
    return impl_->position_in(impl_->data, u);
}

std::uint64_t ephemeral::news_position(user_key u) const {
    return impl_->position_in(impl_->news, u);
}

}  // namespace porchlight::homeserver
