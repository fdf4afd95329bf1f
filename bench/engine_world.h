#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client_api/sync/presence_json.h"
#include "client_api/sync/sync_skeleton.h"
#include "engine/engine.h"
#include "quiet_outside.h"

// An engine whose clock is set by hand, and what is outside of it: for benchmarks.
namespace porchlight::bench {

using namespace std::chrono_literals;
using base::milliseconds;
using base::room_key;
using base::user_key;
using presence::state;

inline constexpr std::uint32_t team = 20;
inline constexpr std::uint32_t room_size = 1000;
inline constexpr std::int64_t begin_ms = 1'700'000'000'000;

// Takes what the engine tells; renders answers when asked to, as client_api does.
class listener final : public quiet_outside {
  public:
    explicit listener(bool renders) : renders_(renders) {}

    void deliver(std::unique_ptr<engine::batch> b) override {
        for (const auto& d : b->deliveries) {
            events += d.count;
        }
        answers += b->deliveries.size();
        next = b->deliveries.back().next;
        if (renders_) {
            render(*b);
        }
        sent.push_back(std::move(b));
    }

    std::uint64_t events = 0, answers = 0, bytes = 0;
    engine::token next;
    std::vector<std::unique_ptr<engine::batch>> sent;

  private:
    void render(const engine::batch& b) {
        fragments_.resize(b.subjects.size());
        for (std::size_t i = 0; i < b.subjects.size(); ++i) {
            fragments_[i].clear();
            client_api::append_presence_event(fragments_[i], client_api::event_of(b, b.subjects[i]),
                                              b.at.wall);
        }
        for (const auto& d : b.deliveries) {
            body_.assign(client_api::skeleton::sync_begin);
            client_api::append_token(body_, d.next);
            body_.append(client_api::skeleton::sync_nothing_durable);
            for (std::uint32_t i = d.first; i < d.first + d.count; ++i) {
                body_.append(fragments_[b.indices[i]]).append(",");
            }
            body_.append(client_api::skeleton::sync_close);
            bytes += body_.size();
        }
    }

    const bool renders_;
    std::vector<std::string> fragments_;
    std::string body_;
};

// One engine with its clock, and polls parked by the first users of a room.
struct world {
    explicit world(bool renders)
        : out(renders), now{base::mono_time{1000s}, base::wall_time{milliseconds{begin_ms}}} {
        engine = std::make_unique<engine::engine>(engine::settings{}, out, 0, true, now);
    }

    // All known users have been somebody in teams of 20, the first 1,000 in one room besides.
    void load(std::uint32_t users) {
        for (std::uint32_t i = 0; i < users; ++i) {
            ports::presence_row row;
            row.user = user_key{i};
            row.last_active = base::wall_time{milliseconds{begin_ms - 1000 - i}};
            engine->load_presence(row, false);
            engine->load_membership(room_key{1 + i / team}, user_key{i}, 1);
        }
    }
    void load_meeting() {
        for (std::uint32_t i = 0; i < room_size; ++i) {
            engine->load_membership(room_key{0}, user_key{i}, 1);
        }
    }
    void park(std::uint32_t users, bool first) {
        for (std::uint32_t i = 0; i < users; ++i) {
            engine::poll p;
            p.handle = {.thread = 0, .slot = i, .generation = ++generation};
            p.user = user_key{i};
            p.device = base::device_key{i};
            if (!first) {
                p.since = out.next;
            }
            p.timeout = first ? 0ms : milliseconds{50s};
            p.marks.marks = false;
            engine->open(std::move(p), now);
        }
        run();
    }
    // Everything that is due now.
    void run() {
        do {
            engine->turn(now);
        } while (engine->next_turn() && *engine->next_turn() <= now.mono);
        for (auto& b : out.sent) {
            engine->recycle(std::move(b));
        }
        out.sent.clear();
    }
    void pass(milliseconds t) {
        now.mono += t;
        now.wall += t;
        run();
    }
    void put(std::uint32_t user) {
        engine->put(user_key{user}, base::device_key{1'000'000'000 + user},
                    {.asked = flips % 2 == 0 ? state::unavailable : state::online}, now);
    }

    listener out;
    base::instant now;
    std::unique_ptr<engine::engine> engine;
    std::uint64_t generation = 0, flips = 0;
};

// Seconds of CPU that this thread has used: what else runs on the machine does not count.
inline double cpu_seconds() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
inline double seconds_since(double begin) {
    return cpu_seconds() - begin;
}

}  // namespace porchlight::bench
