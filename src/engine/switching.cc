#include "engine/impl.h"

// What ends or begins many streams at once: devices that go, presence as a whole on and off.
namespace porchlight::engine {

// Ends the streams of one device, or with an invalid key of all: parked polls are answered.
void engine::impl::end_streams(user_key u, device_key d, instant now) {
    const live_user* l = live(u);
    std::uint32_t i = l == nullptr ? no_index : l->first_session;
    while (i != no_index) {
        session& s = sessions_[i];
        const std::uint32_t next = s.next_of_user;
        if (!d.valid() || s.device == d) {
            close_stream(s, now);
            s.ends = true;
            if (s.parked) {
                must_answer(i, now.mono);
            } else {
                drop_session(i, now);
            }
        }
        i = next;
    }
}

// Everyone who showed something goes offline once. The cores go on, so that presence can come back
// as it is by then, but nothing of them is shown, sent or saved.
void engine::impl::switch_off(instant now) {
    const std::uint64_t position = positions_.next(now);
    switched_ = position;
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
        if (records_[i].interesting) {
            changed_[i] = position;
            soil(user_key{i}, now);
            set_interesting(user_key{i}, false);
        }
    }
    rebuild_all(position, now);
}

void engine::impl::switch_on(instant now) {
    const std::uint64_t position = positions_.next(now);
    switched_ = position;
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
        const user_key u{i};
        if (records_[i].known && finds_interesting(u)) {
            set_interesting(u, true);
            changed_[i] = position;
            soil(u, now);
        }
    }
    rebuild_all(position, now);
}

// Everyone looks again; the hidden at least at themselves.
void engine::impl::rebuild_all(std::uint64_t position, instant now) {
    for (auto& [u, rest] : resting_) {
        if (rest.saved.hidden) {
            rest.self_changed = position;
        }
    }
    for (const std::unique_ptr<live_user>& l : live_) {
        if (l != nullptr && l->core.hidden()) {
            l->self_changed = position;
        }
    }
    for (std::uint32_t i = 0; i < sessions_.size(); ++i) {
        if (sessions_[i].used) {
            mark_rebuild(i, now);
        }
    }
}

presence::user engine::impl::copy_of(user_key u) const {
    if (const live_user* l = live(u); l != nullptr) {
        return l->core;
    }
    presence::saved_state saved;
    if (knows(u)) {
        if (const resting_user* rest = resting(u); rest != nullptr) {
            saved = rest->saved;
        }
        const std::int64_t active = records_[u.index()].last_active;
        if (active != never_active) {
            saved.last_active = base::from_unix_ms(active);
        }
    }
    return {settings_.presence, std::move(saved)};
}

}  // namespace porchlight::engine
