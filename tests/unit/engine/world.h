#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "engine/engine.h"

// A small world around one engine: a clock set by hand, users, rooms, what was saved and answered.
namespace porchlight::engine::testing {

using namespace std::chrono_literals;
using presence::state;

struct shown {
    user_key user;
    state s = state::offline;
    bool hidden = false, active = false;
    std::optional<wall_time> last_active;
    std::string text, displayname;
};

struct answer {
    std::vector<shown> events;
    token next;
    bool timed_out = false, durable_news = false;
    mono_time at;
    const shown* of(user_key u) const {
        for (const shown& e : events) {
            if (e.user == u) {
                return &e;
            }
        }
        return nullptr;
    }
};

// What a kill leaves.
struct stored {
    std::map<std::uint32_t, ports::presence_row> presences;
    std::map<std::uint32_t, ports::status_row> statuses;
    std::map<std::pair<std::uint32_t, std::uint32_t>, ports::loss_row> losses;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> memberships;  // room, user
    std::map<std::uint32_t, bool> rooms;                                           // public
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t>
        acceptances;  // observer, subject
    std::map<std::uint32_t, user_visibility> visibilities;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::pair<frozen_view, std::uint64_t>>
        blocks;  // subject, observer
    std::set<std::uint32_t> dirty;
    std::uint64_t ceiling = 0;
    std::uint64_t power_loss = 0;
    std::uint64_t lost_after = 0, lost_until = 0;
};

class world : public outside {
  public:
    explicit world(settings s = {}) : config(s) { start(true); }

    // --- outside ---
    profile profile_of(user_key u) const override {
        const auto known = names.find(u.value);
        return {"@u:x", known == names.end() ? std::string_view{} : known->second, {}};
    }
    void deliver(std::unique_ptr<batch> b) override {
        for (const batch::delivery& d : b->deliveries) {
            answer a{.events = {},
                     .next = d.next,
                     .timed_out = d.timed_out,
                     .durable_news = d.durable_news,
                     .at = b->at.mono};
            for (std::uint32_t i = d.first; i < d.first + d.count; ++i) {
                const batch::subject& s = b->subjects[b->indices[i]];
                a.events.push_back({s.user, s.shown, s.hidden, s.currently_active, s.last_active,
                                    std::string(b->text_of(s.text, s.text_size)),
                                    std::string(b->text_of(s.displayname, s.displayname_size))});
            }
            answers[d.handle.slot].push_back(std::move(a));
        }
        b->begun = b->at.mono + net_lag;
        e->recycle(std::move(b));
    }
    void save(const ports::presence_row& r) override {
        disk.presences[r.user.value] = r;
        disk.dirty.erase(r.user.value);
        ++saves;
    }
    void save(const ports::status_row& r) override { disk.statuses[r.user.value] = r; }
    void save(const ports::loss_row& r) override {
        disk.losses[{r.observer.value, r.subject.value}] = r;
    }
    void forget(const ports::loss_removal& r) override {
        disk.losses.erase({r.observer.value, r.subject.value});
    }
    void reserve_presence_positions(std::uint64_t c) override { disk.ceiling = c; }
    void now_dirty(user_key u) override { disk.dirty.insert(u.value); }

    // --- running ---
    void start(bool clean) {
        const std::set<std::uint32_t> dirty = disk.dirty;
        e = std::make_unique<engine>(config, *this, disk.ceiling, clean, now);
        for (const auto& [r, is_public] : disk.rooms) {
            e->load_room(room_key{r}, is_public);
        }
        for (const auto& [key, p] : disk.memberships) {
            e->load_membership(room_key{key.first}, user_key{key.second}, p);
        }
        for (const auto& [pair, p] : disk.acceptances) {
            e->load_acceptance(user_key{pair.first}, user_key{pair.second}, p);
        }
        for (const auto& [u, v] : disk.visibilities) {
            e->load_visibility(user_key{u}, v, 1, v);
        }
        for (const auto& [pair, b] : disk.blocks) {
            e->load_block(user_key{pair.first}, user_key{pair.second}, b.first, b.second);
        }
        for (const auto& [u, row] : disk.statuses) {
            e->load_status(row);
        }
        for (const auto& [u, row] : disk.presences) {
            e->load_presence(row, dirty.contains(u));
        }
        for (const std::uint32_t u : dirty) {
            if (!disk.presences.contains(u)) {
                ports::presence_row row;
                row.user = user_key{u};
                e->load_presence(row, true);
            }
        }
        for (const auto& [key, row] : disk.losses) {
            e->load_loss(row);
        }
        for (const auto& [r, flip] : flips) {
            e->load_room_flip(room_key{r}, flip.first, flip.second);
        }
        for (const auto& [r, u] : std::exchange(departures, {})) {
            e->load_departure(room_key{r}, u);
        }
        if (disk.power_loss == from_now) {
            disk.power_loss = e->current_token().presence;
        }
        e->load_power_loss(disk.power_loss);
        e->load_lost_positions(disk.lost_after, disk.lost_until);
        for (const user_key u : deactivated) {
            e->deactivated(u, now);
        }
        disk.dirty.clear();
        e->ready(now);
    }
    void restart(bool clean = true) {
        if (clean) {
            e->drain(now);
        }
        e.reset();
        open_polls.clear();
        start(clean);
    }
    void turn() {
        for (int i = 0; i < 10'000; ++i) {
            e->turn(now);
            const auto next = e->next_turn();
            if (!next || *next > now.mono) {
                return;
            }
        }
        FAIL() << "the engine never comes to rest";
    }
    void advance(milliseconds d) {
        const mono_time end = now.mono + d;
        turn();
        for (;;) {
            const auto next = e->next_turn();
            const mono_time to = next && *next < end ? std::max(*next, now.mono) : end;
            now.wall += to - now.mono;
            now.mono = to;
            turn();
            if (to == end) {
                return;
            }
        }
    }

    // --- people ---
    void join(std::uint32_t r, user_key u) {
        disk.rooms.try_emplace(r, false);
        disk.memberships[{r, u.value}] = e->joined(room_key{r}, u, now);
    }
    void leave(std::uint32_t r, user_key u) {
        disk.memberships.erase({r, u.value});
        e->left(room_key{r}, u, now);
    }
    void accept(user_key subject, user_key observer) {
        disk.acceptances[{observer.value, subject.value}] = e->accepted(observer, subject, now);
    }
    void revoke(user_key subject, user_key observer) {
        disk.acceptances.erase({observer.value, subject.value});
        e->unaccepted(observer, subject, now);
    }
    void show(user_key u, user_visibility v) {
        disk.visibilities[u.value] = v;
        e->visibility_changed(u, v, now);
    }
    void block(user_key subject, user_key observer) {
        const frozen_view v = e->freeze(subject, now);
        disk.blocks[{subject.value, observer.value}] = {v, e->blocked(subject, observer, v, now)};
    }
    void unblock(user_key subject, user_key observer) {
        disk.blocks.erase({subject.value, observer.value});
        e->unblocked(subject, observer, now);
    }
    void put(user_key u, std::uint32_t d, presence::put_request r) {
        if (e->is_lasting(u, device_key{d}, r, now)) {
            disk.statuses[u.value] = e->status_after(u, device_key{d}, r, now);
        }
        e->put(u, device_key{d}, r, now);
    }
    void put(user_key u, std::uint32_t d, state s, std::optional<std::string> text = {}) {
        put(u, d, presence::put_request{.asked = s, .text = std::move(text)});
    }
    // Opens a poll and returns its number; its answer comes to answers[number].
    std::uint32_t poll_with(poll p) {
        p.handle = {.thread = p.handle.thread, .slot = ++last_poll, .generation = last_poll};
        e->open(p, now);
        return last_poll;
    }
    static poll a_poll(user_key u, std::uint32_t d, std::optional<token> since,
                       milliseconds timeout) {
        poll p;
        p.user = u;
        p.device = device_key{d};
        p.since = since;
        p.timeout = timeout;
        return p;
    }
    std::uint32_t open(user_key u, std::uint32_t d, std::optional<token> since,
                       milliseconds timeout = 30s, bool marks = true) {
        poll p = a_poll(u, d, since, timeout);
        p.marks.marks = marks;
        return poll_with(std::move(p));
    }
    // A poll that never marks, answered in this turn.
    answer look_in(user_key u, std::uint32_t d, std::optional<token> since) {
        const std::uint32_t n = open(u, d, since, 0ms, false);
        turn();
        EXPECT_EQ(answers[n].size(), 1U);
        return answers[n].empty() ? answer{} : answers[n].back();
    }
    token first(user_key u, std::uint32_t d, bool marks = true) {
        const std::uint32_t n = open(u, d, std::nullopt, 0ms, marks);
        turn();
        EXPECT_EQ(answers[n].size(), 1U);
        return answers[n].back().next;
    }
    bool answered(std::uint32_t n) { return !answers[n].empty(); }
    const answer& got(std::uint32_t n) {
        EXPECT_EQ(answers[n].size(), 1U) << "poll " << n;
        static const answer nothing;
        return answers[n].empty() ? nothing : answers[n].back();
    }

    settings config;
    instant now{mono_time{1000s}, wall_time{milliseconds{1'700'000'000'000}}};
    stored disk;
    std::map<std::uint32_t, std::string> names;
    std::map<std::uint32_t, std::vector<answer>> answers;
    std::set<std::uint32_t> open_polls;
    std::uint32_t last_poll = 0;
    std::size_t saves = 0;
    milliseconds net_lag{0};  // from a batch to the moment its net thread begins it
    static constexpr std::uint64_t from_now = ~std::uint64_t{0};  // for stored::power_loss
    std::map<std::uint32_t, std::pair<bool, std::uint64_t>> flips;
    std::vector<std::pair<std::uint32_t, user_key>> departures;  // of the next start only
    std::vector<user_key> deactivated;                           // known at the next start
    std::unique_ptr<engine> e;
};

inline constexpr user_key alice{1}, bob{2}, carol{3};

}  // namespace porchlight::engine::testing
