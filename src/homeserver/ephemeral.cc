#include "homeserver/ephemeral.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>

#include "base/limits.h"
#include "base/metrics.h"
#include "homeserver/durable_log.h"
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

ephemeral::typing_state ephemeral::typing(room_key r) const {
    typing_state state;
    state.position = impl_->s.log.first();  // who typed in an earlier run types no more
    const auto found = impl_->by_room.find(r);
    if (found == impl_->by_room.end()) {
        return state;
    }
    state.position = std::max(state.position, found->second.typing_position);
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
    const auto now = m.s.clock.now();
    const auto position = m.s.log.next_position();
    ports::write_set set;
    set.push_back(
        ports::receipt_row{r, who.user, std::move(type), std::move(event_id), now.wall, position});
    m.s.log.commit(position, std::move(set),
                   [&m, who, r, position, is_private, f = std::move(done)](bool ok) mutable {
                       if (!ok) {
                           f(fail(errc::unavailable));
                           return;
                       }
                       m.by_room[r].receipts_position = position;
                       if (is_private) {
                           m.tell(who.user, position);
                       } else {
                           m.tell_members(r, position);
                       }
                       if (m.s.config.typing_is_activity && m.known.exists(who.device)) {
                           m.s.engine.active(who.user, who.device, m.s.clock.now());
                       }
                       f(outcome<void>{});
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
