#include "homeserver/statuses.h"

#include <utility>

#include "homeserver/durable_log.h"
#include "homeserver/key_queue.h"

namespace porchlight::homeserver {

struct statuses::impl {
    impl(services& with, accounts& a) : s(with), known(a) {}

    services& s;
    accounts& known;
    key_queue<user_key> pending;  // users with a put on its way to the disk

    // The put is on the disk; meanwhile the device may have been logged out.
    void apply(caller who, const presence::put_request& r) {
        if (known.is_deactivated(who.user)) {
            return;
        }
        const auto now = s.clock.now();
        s.engine.put(who.user, who.device, r, now);
        if (!known.exists(who.device)) {
            s.engine.device_removed(who.user, who.device, now);
        }
    }
};

statuses::statuses(services& s, accounts& a) : impl_(std::make_unique<impl>(s, a)) {}
statuses::~statuses() = default;

void statuses::put(caller who, presence::put_request r, completion<void> done) {
    impl& m = *impl_;
    const auto now = m.s.clock.now();
    if (!m.pending.held(who.user) && !m.s.engine.is_lasting(who.user, who.device, r, now)) {
        m.s.engine.put(who.user, who.device, r, now);
        done(outcome<void>{});
        return;
    }
    m.pending.enter(who.user, [&m, who, r = std::move(r), f = std::move(done)]() mutable {
        // What the put changes is known only now: the one before it has been applied.
        const auto at = m.s.clock.now();
        if (!m.s.engine.is_lasting(who.user, who.device, r, at)) {
            m.apply(who, r);
            f(outcome<void>{});
            m.pending.leave(who.user);
            return;
        }
        ports::write_set set;
        set.push_back(m.s.engine.status_after(who.user, who.device, r, at));
        m.s.log.commit(m.s.log.next_position(), std::move(set),
                       [&m, who, r = std::move(r), f = std::move(f)](bool ok) mutable {
                           if (ok) {
                               m.apply(who, r);
                               f(outcome<void>{});
                           } else {
                               f(matrix::fail(matrix::errc::unavailable));
                           }
                           m.pending.leave(who.user);
                       });
    });
}

}  // namespace porchlight::homeserver
