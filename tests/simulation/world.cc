#include "simulation/world.h"

#include <algorithm>

#include "simulation/client.h"

namespace porchlight::simulation {

using base::device_key;
using base::room_key;
using base::user_key;
using namespace std::chrono_literals;

world::world(std::uint64_t seed, mutation m)
    : random_(seed),
      mutation_(m),
      presence_{.idle_timeout = std::array<milliseconds, 3>{0s, 20s, 300s}[draw(3)],
                .offline_grace = chance(50) ? 5s : 30s,
                .active_window = chance(50) ? 10s : 60s},
      model_(presence_) {
    settings_.presence = presence_;
    settings_.restart_spread = milliseconds{0};
    settings_.window = std::array<milliseconds, 3>{0ms, 100ms, 1s}[draw(3)];
    if (chance(50)) {
        settings_.units_per_call = 1 + draw(6);
        settings_.units_per_turn = 4 + draw(20);
    }
    if (chance(30)) {
        policy_.members_max = 3 + draw(4);
    } else {
        policy_.not_public = chance(40);
    }
    model_.set_policy(policy_);
    users_ = static_cast<std::uint32_t>(3 + draw(10));
    rooms_ = static_cast<std::uint32_t>(1 + draw(5));
    disk_.commit([&](disk::tables& t) {
        for (std::uint32_t r = 0; r < rooms_; ++r) {
            t.rooms[r] = policy_.not_public && chance(30);
            model_.rooms()[r].is_public = t.rooms[r];
            for (std::uint32_t u = 0; u < users_; ++u) {
                if (chance(40)) {
                    t.memberships[{r, u}] = 1;
                    model_.member(r, u, true);
                }
            }
        }
    });
    start(true);
    for (std::uint32_t u = 0; u < users_; ++u) {
        const std::uint64_t devices = 1 + draw(2);
        for (std::uint64_t d = 0; d < devices; ++d) {
            new_client(u, device_key{devices_++});
        }
    }
    take_all_rooms_as_seen();
    note_sights();
}

world::~world() = default;

void world::run(std::size_t steps) {
    for (std::size_t i = 0; i < steps; ++i) {
        step();
        if (i % 50 == 49 || i + 1 == steps) {
            become_quiet();
        }
    }
}

std::uint64_t world::draw(std::uint64_t below) {
    return random_() % below;
}

void world::note(const std::string& what) {
    recent_.push_back(std::to_string(now_.mono.time_since_epoch().count()) + " " + what);
    if (recent_.size() > 5000) {
        recent_.pop_front();
    }
}

void world::fail(const std::string& what) {
    note("BROKEN: " + what);
    throw broken(what);
}

// --- time ---

void world::advance(milliseconds d) {
    const base::mono_time end = now_.mono + d;
    for (;;) {
        pump(10'000);
        base::mono_time to = end;
        if (const auto due = engine_->next_turn()) {
            to = std::min(to, std::max(*due, now_.mono));
        }
        if (const auto due = model_.next_deadline()) {
            to = std::min(to, std::max(*due, now_.mono));
        }
        for (const auto& c : clients_) {
            if (c->polls_next && c->parked == 0 && !c->gone) {
                to = std::min(to, std::max(*c->polls_next, now_.mono));
            }
        }
        now_.wall += to - now_.mono;
        now_.mono = to;
        model_.settle(now_);
        disk_.pass(now_.mono);
        poll_again();
        if (to == end) {
            return;
        }
    }
}

void world::pump(std::size_t turns) {
    for (std::size_t i = 0; i < turns; ++i) {
        engine_->turn(now_);
        if (!failure_.empty()) {
            fail(failure_);
        }
        poll_again();
        const auto due = engine_->next_turn();
        if (!due || *due > now_.mono) {
            return;
        }
        if (i == 9'999) {
            fail("the engine never comes to rest");
        }
    }
}

void world::poll_again() {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        client& c = *clients_[i];
        if (c.polls_next && *c.polls_next <= now_.mono && c.parked == 0 && !c.gone) {
            open(c, chance(10) && !calm_ ? 0ms : milliseconds{1000 * (1 + draw(30))});
        }
    }
}

// --- clients ---

world::client& world::new_client(std::uint32_t u, device_key d) {
    clients_.push_back(std::make_unique<client>());
    client& c = *clients_.back();
    c.user = u;
    c.gone = deactivated_.contains(u);
    c.slot = static_cast<std::uint32_t>(clients_.size() - 1);
    c.device = d;
    if (chance(15)) {
        c.filter =
            std::make_shared<some_subjects>(static_cast<std::uint32_t>(draw(4)), 1 + draw(4));
    } else if (chance(5)) {
        c.peek = static_cast<std::uint32_t>(draw(rooms_));
    }
    c.polls_next = now_.mono + milliseconds{static_cast<std::int64_t>(draw(5000))};
    return c;
}

void world::open(client& c, milliseconds timeout) {
    engine::poll p;
    c.parked = ++generation_;
    c.opened = now_.mono;
    c.timeout = timeout;
    c.marks = {};
    c.marks.marks = !c.peek && (calm_ || !chance(20));
    if (c.marks.marks && !calm_ && chance(20)) {
        c.marks.asked = static_cast<presence::state>(1 + draw(4));
    }
    c.full = c.since && chance(3);
    c.woken = false;
    c.may_end = deactivated_.contains(c.user);
    const auto mates = std::ranges::count_if(clients_, [&](const auto& other) {
        return other->device == c.device && other->parked != 0;
    });
    if (static_cast<std::size_t>(mates) > base::limits::streams_per_device_max) {
        for (const auto& other : clients_) {
            other->may_end |= other->device == c.device;
        }
    }
    p.handle = {.thread = c.slot % 2, .slot = c.slot, .generation = c.parked};
    p.user = user_key{c.user};
    p.device = c.device;
    p.since = c.since;
    p.timeout = timeout;
    p.marks = c.marks;
    p.filter = c.filter;
    p.full = c.full;
    if (c.peek) {
        p.peek = room_key{*c.peek};
    }
    note("user " + std::to_string(c.user) + " polls in slot " + std::to_string(c.slot) +
         (c.since ? " since " + engine::to_string(*c.since) : " first") + " for " +
         std::to_string(timeout.count()) + (c.marks.marks ? "" : " unmarked") +
         (c.peek ? " peeking into " + std::to_string(*c.peek) : "") + (c.full ? " full" : ""));
    c.stream_counts = !deactivated_.contains(c.user);
    if (c.stream_counts) {
        model_.at(c.user, now_).core.stream_opened(c.device, c.marks, now_);
    }
    engine_->open(std::move(p), now_);
}

void world::stream_closed(client& c) {
    if (c.stream_counts) {
        c.stream_counts = false;
        model_.at(c.user, now_).core.stream_closed(c.device, c.marks.marks, now_);
    }
}

void world::hang_up(client& c) {
    if (c.parked != 0) {
        note("slot " + std::to_string(c.slot) + " hangs up");
        stream_closed(c);
        engine_->gone({.thread = c.slot % 2, .slot = c.slot, .generation = c.parked}, now_);
        c.parked = 0;
    }
}

// --- outside ---

engine::profile world::profile_of(user_key) const {
    return {"@user:example.org", {}, {}};
}

void world::deliver(std::unique_ptr<engine::batch> b) {
    for (engine::batch::delivery d : b->deliveries) {
        client& c = *clients_.at(d.handle.slot);
        if (d.handle.generation != c.parked) {
            failure_ = "a poll was answered that had gone";
            continue;
        }
        if (mutation_ == mutation::answers_early && d.count == 0 && d.timed_out && chance(20)) {
            d.timed_out = false;
        }
        stream_closed(c);
        check_response(*b, d, c);
        c.parked = 0;
        c.since = d.next;
        ++responses_;
        c.polls_next = calm_ || chance(60)
                           ? now_.mono
                           : now_.mono + milliseconds{static_cast<std::int64_t>(draw(90'000))};
        if (!calm_ && chance(10)) {
            c.polls_next.reset();
        }
        if (chance(10)) {
            c.old_since = c.since;
            c.old_heard = c.heard;
        }
    }
    // Now and then a net thread comes late to its batch, so that windows grow and shrink.
    b->begun = b->at.mono + (responses_ % 7 == 0 ? 60ms : 0ms);
    engine_->recycle(std::move(b));
}

void world::save(const ports::presence_row& r) {
    if (mutation_ == mutation::loses_a_save) {
        disk_.now.dirty.erase(r.user.value);
        return;
    }
    const std::uint64_t serial = dirty_serial_[r.user.value];
    disk_.write_behind(now_.mono + 100ms, [this, r, serial](disk::tables& t) {
        t.presences[r.user.value] = r;
        if (dirty_serial_[r.user.value] == serial) {
            t.dirty.erase(r.user.value);
        }
    });
}

void world::save(const ports::status_row& r) {
    disk_.write_behind(now_.mono + 100ms, [r](disk::tables& t) { t.statuses[r.user.value] = r; });
}

void world::save(const ports::loss_row& r) {
    disk_.write_behind(now_.mono + 100ms, [r](disk::tables& t) {
        t.losses[{r.observer.value, r.subject.value}] = r;
    });
}

void world::forget(const ports::loss_removal& r) {
    disk_.write_behind(now_.mono + 100ms, [r](disk::tables& t) {
        t.losses.erase({r.observer.value, r.subject.value});
    });
}

void world::room_flipped(room_key r, bool counts, std::uint64_t position) {
    disk_.now.flips[r.value] = {counts, position};
}

void world::reserve_presence_positions(std::uint64_t ceiling) {
    disk_.commit([&](disk::tables& t) { t.ceiling = ceiling; });
}

void world::now_dirty(user_key u) {
    ++dirty_serial_[u.value];
    disk_.now.dirty.insert(u.value);
}

}  // namespace porchlight::simulation
