// The longest single call of the engine (an input or a turn) in situations that are large, in
// milliseconds of this thread's CPU time, so that what else runs on the machine does not count. The
// clock is set by hand.
//
//   turns    prints a line for each: NAME LONGEST_CALL_MS CALLS ALL_MS

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "quiet_outside.h"

namespace {

using namespace porchlight;
using namespace std::chrono_literals;
using base::device_key;
using base::milliseconds;
using base::room_key;
using base::user_key;
using presence::state;

constexpr std::int64_t begin_ms = 1'700'000'000'000;
constexpr std::uint32_t one_in = 10;  // of the users is online

double cpu_ms() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

class listener final : public bench::quiet_outside {
  public:
    void deliver(std::unique_ptr<engine::batch> b) override {
        answers += b->deliveries.size();
        next = b->deliveries.back().next;
        sent.push_back(std::move(b));
    }

    std::uint64_t answers = 0;
    engine::token next;
    std::vector<std::unique_ptr<engine::batch>> sent;
};

// One engine whose every call is timed.
struct world {
    world() { engine = std::make_unique<engine::engine>(engine::settings{}, out, 0, true, now); }
    // Everyone was somebody once; one in ten is online.
    void load(std::uint32_t users) {
        for (std::uint32_t i = 0; i < users; ++i) {
            ports::presence_row row;
            row.user = user_key{i};
            row.state = i % one_in == 0 ? static_cast<std::uint8_t>(state::online) : 0;
            row.last_active = base::wall_time{milliseconds{begin_ms - 1000}};
            row.changed = 1 + i;
            engine->load_presence(row, false);
        }
    }
    void load_rooms(std::uint32_t rooms, std::uint32_t size) {
        for (std::uint32_t r = 0; r < rooms; ++r) {
            for (std::uint32_t i = 0; i < size; ++i) {
                engine->load_membership(room_key{r}, user_key{r * size + i}, 1);
            }
        }
    }
    template <class F>
    void timed(F f) {
        const double begin = cpu_ms();
        f();
        const double took = cpu_ms() - begin;
        longest = std::max(longest, took);
        all += took;
        ++calls;
    }
    // Turns until nothing is due. Batches come back as those of the server do.
    void run() {
        do {
            timed([&] { engine->turn(now); });
            for (auto& b : out.sent) {
                engine->recycle(std::move(b));
            }
            out.sent.clear();
        } while (engine->next_turn() && *engine->next_turn() <= now.mono);
    }
    void pass(milliseconds t) {
        now.mono += t;
        now.wall += t;
        run();
    }
    void open(std::uint32_t user, std::optional<engine::token> since, bool full = false) {
        engine::poll p;
        p.handle = {.thread = 0, .slot = user, .generation = ++generation};
        p.user = user_key{user};
        p.device = device_key{user};
        p.since = since;
        p.full = full;
        p.timeout = since ? milliseconds{50s} : 0ms;
        p.marks.marks = false;
        timed([&] { engine->open(std::move(p), now); });
    }
    // Parks a poll of each of these users, who are all up to date.
    void park(std::uint32_t begin, std::uint32_t end) {
        const engine::token up_to_date = engine->current_token();
        for (std::uint32_t i = begin; i < end; ++i) {
            open(i, up_to_date);
        }
        run();
    }
    void reset() {
        longest = all = 0;
        calls = 0;
    }
    void print(const char* name) {
        std::printf("%s %.3f %zu %.3f\n", name, longest, calls, all);
        reset();
    }

    listener out;
    base::instant now{base::mono_time{1000s}, base::wall_time{milliseconds{begin_ms}}};
    std::unique_ptr<engine::engine> engine;
    std::uint64_t generation = 0;
    double longest = 0, all = 0;
    std::size_t calls = 0;
};

constexpr std::uint32_t rooms = 50, room_size = 10'000;

// The first user is in all 50 rooms, everyone else in one of them.
void many_large_rooms(world& w) {
    w.load(rooms * room_size);
    w.load_rooms(rooms, room_size);
    for (std::uint32_t r = 1; r < rooms; ++r) {
        w.engine->load_membership(room_key{r}, user_key{0}, 1);
    }
    w.engine->ready(w.now);
    w.run();
    w.reset();
}

void first_sync() {
    world w;
    many_large_rooms(w);
    w.open(0, std::nullopt);
    w.run();
    w.print("first_sync");
    w.pass(1s);
    w.reset();
    // And with a token from before all that happened.
    w.open(0, engine::token{.durable = 0, .presence = 1, .cut = 0});
    w.run();
    w.print("old_token");
    w.pass(1s);
    w.reset();
    w.open(0, w.engine->current_token(), true);
    w.run();
    w.print("full_state");
}

void change() {
    world w;
    many_large_rooms(w);
    w.park(0, rooms * room_size);
    w.pass(1s);
    w.reset();
    w.timed(
        [&] { w.engine->put(user_key{0}, device_key{1'000'000}, {.asked = state::busy}, w.now); });
    w.run();
    w.print("change");
}

void join_and_leave() {
    constexpr std::uint32_t size = 100'000;
    world w;
    w.load(size + 1);
    w.load_rooms(1, size);
    w.engine->ready(w.now);
    w.park(0, size / one_in);
    w.open(size, std::nullopt);
    w.run();
    w.open(size, w.out.next);
    w.pass(1s);
    w.reset();
    w.timed([&] { w.engine->joined(room_key{0}, user_key{size}, w.now); });
    w.run();
    w.print("join");
    w.open(size, w.out.next);
    w.park(0, size / one_in);
    w.pass(1s);
    w.reset();
    w.timed([&] { w.engine->left(room_key{0}, user_key{size}, w.now); });
    w.run();
    w.print("leave");
}

void switching() {
    constexpr std::uint32_t users = 1'000'000, team = 20, parked = 10'000;
    world w;
    w.load(users);
    w.load_rooms(users / team, team);
    w.engine->ready(w.now);
    w.run();
    w.pass(6s);
    w.park(0, parked);
    w.pass(1s);
    w.reset();
    engine::settings s;
    s.enabled = false;
    w.timed([&] { w.engine->reconfigure(s, w.now); });
    w.run();
    w.print("switch_off");
    w.park(0, parked);
    w.pass(1s);
    w.reset();
    s.enabled = true;
    w.timed([&] { w.engine->reconfigure(s, w.now); });
    w.run();
    w.print("switch_on");
    w.park(0, parked);
    w.pass(1s);
    w.reset();
    s.presence.idle_timeout = 1min;
    w.timed([&] { w.engine->reconfigure(s, w.now); });
    w.run();
    w.print("reconfigure");
}

}  // namespace

int main() {
    first_sync();
    change();
    join_and_leave();
    switching();
    return 0;
}
