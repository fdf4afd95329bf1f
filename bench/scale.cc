// Where one machine ends: the real engine under a virtual clock, between net threads that are
// nothing but queues with a service time. What each step costs is given in microseconds as measured
// on a real server (docs/scale.md); how changes gather, windows grow and streams wait is the
// engine's own doing. Same arguments, same result: no real time is read.
//
//   scale [--streams N] [--room N] [--flips PER_MINUTE] [--cores N] [--seconds N] [COST...]
//       one run: prints NAME VALUE lines
//   scale --find [--room N] [--flips PER_MINUTE] [--cores N] [COST...]
//       the most streams (up to --most N, a million) whose 99th percentile stays within --within MS
//       (1500)
//
//   COST: --cycle-us (one delivery of one event and the next poll, on a net thread)
//         --event-us (each further event of a delivery) --put-us (a PUT, on a net thread)
//         --input-ns, --mark-ns, --answer-ns (the engine's: a poll or PUT, a mark, a delivery)
//         --rtt-us (until the client's next poll is here)

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "quiet_outside.h"

namespace {

using namespace porchlight;
using base::device_key;
using base::milliseconds;
using base::mono_time;
using base::room_key;
using base::user_key;
using presence::state;
using microseconds = double;  // of virtual time

constexpr std::int64_t begin_ms = 1'700'000'000'000;
constexpr microseconds long_poll_us = 30e6;
constexpr std::size_t sent_at_once = 500;  // of a batch, before the thread does something else

struct costs {
    microseconds cycle = 10, event = 0.2, put = 12, rtt = 1000;
    microseconds input = 0.15, mark = 0.02, answer = 0.13;
};

struct scene {
    std::uint32_t streams = 10'000, room = 20, cores = 2, seconds = 60;
    double flips_per_minute = 0.2;  // of each user
    // As the server does by itself: on two cores one thread does everything.
    std::uint32_t net_threads() const { return cores <= 2 ? 1 : cores - 1; }
    bool is_inline() const { return net_threads() == 1; }
};

struct outcome {
    double p50_ms = 0, p99_ms = 0, max_ms = 0;
    double engine_busy = 0, net_busy = 0;  // shares of the time; the net thread's that has most
    double deliveries = 0, events = 0;     // a second
    double window_ms = 0;
    double backlog_ms = 0;  // of work, when the time is over
};

// A first-in first-out server.
struct queue {
    microseconds free_at = 0, busy = 0;
    microseconds serve(microseconds from, microseconds cost) {
        free_at = std::max(free_at, from) + cost;
        busy += cost;
        return free_at;
    }
};

class machine final : public bench::quiet_outside {
  public:
    machine(const scene& s, const costs& c);
    outcome run();

    void deliver(std::unique_ptr<engine::batch> b) override { made_.push_back(std::move(b)); }

  private:
    struct next_poll {
        microseconds at;
        std::uint32_t user;
        engine::token since;
    };
    struct returning {
        microseconds at;
        std::unique_ptr<engine::batch> batch;
    };

    base::instant instant_at(microseconds t) const {
        const milliseconds ms{static_cast<std::int64_t>(t / 1e3)};
        return {base::mono_time{std::chrono::seconds{1000}} + ms,
                base::wall_time{milliseconds{begin_ms} + ms}};
    }
    microseconds of(mono_time t) const {
        return static_cast<double>((t - base::mono_time{std::chrono::seconds{1000}}).count()) * 1e3;
    }
    void park_all();
    void open(std::uint32_t user, engine::token since, microseconds timeout = long_poll_us);
    void flip();
    void hear(microseconds until);
    void turn();
    void send_some();
    bool send_some_of(engine::batch& b, std::size_t& next);
    microseconds next_event() const;
    double percentile(double share);

    const scene scene_;
    const costs costs_;
    std::mt19937_64 random_{4711};
    std::exponential_distribution<double> between_flips_;
    std::unique_ptr<engine::engine> engine_;
    struct sending {
        std::unique_ptr<engine::batch> batch;
        std::size_t next = 0;  // delivery
    };
    std::vector<std::unique_ptr<engine::batch>> made_;
    std::deque<sending> sending_;
    std::vector<std::deque<next_poll>> polls_;      // by net thread, in order
    std::vector<std::deque<returning>> returning_;  // by net thread, in order
    std::vector<queue> net_;
    queue engine_queue_;
    std::vector<bool> away_;
    microseconds now_ = 0, next_flip_ = 0, measured_from_ = 0;
    std::uint64_t generation_ = 0, deliveries_ = 0, events_ = 0;
    std::vector<float> delays_;
};

machine::machine(const scene& s, const costs& c)
    : scene_(s),
      costs_(c),
      between_flips_(s.streams * s.flips_per_minute / 60e6),
      polls_(s.net_threads()),
      returning_(s.net_threads()),
      net_(s.net_threads()),
      away_(s.streams) {
    engine_ = std::make_unique<engine::engine>(engine::settings{}, *this, 0, true, instant_at(0));
    for (std::uint32_t i = 0; i < s.streams; ++i) {
        ports::presence_row row;
        row.user = user_key{i};
        row.state = static_cast<std::uint8_t>(state::online);
        row.last_active = base::wall_time{milliseconds{begin_ms - 1000 - i * 7919LL % 600'000}};
        row.changed = 1 + i;
        engine_->load_presence(row, false);
        engine_->load_membership(room_key{i / s.room}, user_key{i}, 1);
    }
    engine_->ready(instant_at(0));
    next_flip_ = between_flips_(random_);
}

void machine::open(std::uint32_t user, engine::token since, microseconds timeout) {
    engine::poll p;
    p.handle = {.thread = user % scene_.net_threads(), .slot = user, .generation = ++generation_};
    p.user = user_key{user};
    p.device = device_key{user};
    p.since = since;
    p.timeout = milliseconds{static_cast<std::int64_t>(timeout / 1e3)};
    engine_->open(std::move(p), instant_at(now_));
}

// Everybody is there and up to date; polls end at different times from then on.
void machine::park_all() {
    const engine::token up_to_date = engine_->current_token();
    for (std::uint32_t i = 0; i < scene_.streams; ++i) {
        open(i, up_to_date, long_poll_us * (1 + i % 1000) / 1000);
    }
    for (;;) {
        engine_->turn(instant_at(now_));
        for (auto& b : std::exchange(made_, {})) {
            for (const auto& d : b->deliveries) {
                polls_[b->thread].push_back({now_, d.handle.slot, d.next});
            }
            engine_->recycle(std::move(b));
        }
        const auto due = engine_->next_turn();
        bool heard = false;
        for (auto& all : polls_) {
            for (; !all.empty(); all.pop_front()) {
                open(all.front().user, all.front().since);
                heard = true;
            }
        }
        if (!heard && (!due || of(*due) > now_)) {
            return;
        }
    }
}

void machine::flip() {
    const auto user = static_cast<std::uint32_t>(random_() % scene_.streams);
    away_[user] = !away_[user];
    net_[user % net_.size()].serve(next_flip_, costs_.put);
    // The device of a poll says that it is there; the state is told by it, too.
    engine_->put(user_key{user}, device_key{user},
                 {.asked = away_[user] ? state::unavailable : state::online}, instant_at(now_));
    next_flip_ += between_flips_(random_);
}

// What has come to the engine by then.
void machine::hear(microseconds until) {
    microseconds cost = 0;
    for (; next_flip_ <= until; cost += costs_.input) {
        flip();
    }
    for (std::size_t i = 0; i < net_.size(); ++i) {
        for (auto& all = polls_[i]; !all.empty() && all.front().at <= until; all.pop_front()) {
            open(all.front().user, all.front().since);
            cost += costs_.input;
        }
        for (auto& all = returning_[i]; !all.empty() && all.front().at <= until; all.pop_front()) {
            engine_->recycle(std::move(all.front().batch));
        }
    }
    now_ = engine_queue_.serve(now_, cost);
}

void machine::turn() {
    const auto before = engine_->statistics();
    engine_->turn(instant_at(now_));
    const auto after = engine_->statistics();
    now_ = engine_queue_.serve(
        now_, static_cast<double>(after.marks - before.marks) * costs_.mark +
                  static_cast<double>(after.deliveries - before.deliveries) * costs_.answer);
    for (auto& b : std::exchange(made_, {})) {
        sending_.push_back({std::move(b)});
    }
    send_some();
    if (scene_.is_inline()) {  // the same thread
        now_ = engine_queue_.free_at = std::max(now_, net_[0].free_at);
    }
}

// One piece of each batch where one thread does everything: the engine has its turn in between.
// Other threads go on by themselves.
void machine::send_some() {
    for (std::size_t left = sending_.size(); left > 0; --left) {
        sending s = std::move(sending_.front());
        sending_.pop_front();
        if (send_some_of(*s.batch, s.next)) {
            sending_.push_back(std::move(s));
        } else {
            const std::uint32_t thread = s.batch->thread;
            returning_[thread].push_back({net_[thread].free_at, std::move(s.batch)});
        }
    }
}

// False: that was all.
bool machine::send_some_of(engine::batch& b, std::size_t& next) {
    queue& thread = net_[b.thread];
    if (next == 0) {
        b.begun = instant_at(std::max(now_, thread.free_at)).mono;
    }
    const std::size_t end = scene_.is_inline() ? std::min(b.deliveries.size(), next + sent_at_once)
                                               : b.deliveries.size();
    for (; next < end; ++next) {
        const engine::batch::delivery& d = b.deliveries[next];
        const double more = d.count > 1 ? (d.count - 1) * costs_.event : 0;
        const microseconds out = thread.serve(now_, costs_.cycle + more);
        polls_[b.thread].push_back({out + costs_.rtt, d.handle.slot, d.next});
        if (measured_from_ > 0 && d.count > 0) {
            delays_.push_back(static_cast<float>(out - of(d.marked)));
            events_ += d.count;
        }
        deliveries_ += measured_from_ > 0 ? 1 : 0;
    }
    return next < b.deliveries.size();
}

microseconds machine::next_event() const {
    microseconds next = sending_.empty() ? next_flip_ : now_;
    if (const auto due = engine_->next_turn()) {
        next = std::min(next, of(*due));
    }
    for (std::size_t i = 0; i < net_.size(); ++i) {
        if (!polls_[i].empty()) {
            next = std::min(next, polls_[i].front().at);
        }
        if (!returning_[i].empty()) {
            next = std::min(next, returning_[i].front().at);
        }
    }
    return next;
}

double machine::percentile(double share) {
    if (delays_.empty()) {
        return 0;
    }
    const auto at = static_cast<std::size_t>(share * static_cast<double>(delays_.size() - 1));
    std::nth_element(delays_.begin(), delays_.begin() + static_cast<std::ptrdiff_t>(at),
                     delays_.end());
    return delays_[at] / 1e3;
}

outcome machine::run() {
    park_all();
    // A quarter before what counts, so that windows have found their length.
    const microseconds all = scene_.seconds * 1e6, warm = all / 4;
    std::vector<queue> net_before = net_;
    microseconds engine_before = 0;
    while (now_ < all) {
        if (measured_from_ == 0 && now_ >= warm) {
            measured_from_ = now_;
            net_before = net_;
            engine_before = engine_queue_.busy;
        }
        now_ = std::max(now_, next_event());
        hear(now_);
        turn();
    }
    outcome o;
    const double time = now_ - measured_from_;
    o.engine_busy = (engine_queue_.busy - engine_before) / time;
    for (std::size_t i = 0; i < net_.size(); ++i) {
        o.net_busy = std::max(o.net_busy, (net_[i].busy - net_before[i].busy) / time);
        o.backlog_ms = std::max(o.backlog_ms, (net_[i].free_at - now_) / 1e3);
    }
    o.deliveries = static_cast<double>(deliveries_) / time * 1e6;
    o.events = static_cast<double>(events_) / time * 1e6;
    o.window_ms = static_cast<double>(engine_->statistics().window.count());
    o.p50_ms = percentile(0.5);
    o.p99_ms = percentile(0.99);
    o.max_ms = percentile(1);
    return o;
}

void print(const scene& s, const outcome& o) {
    std::printf("streams %u\nnet_threads %u\ndeliveries_per_second %.0f\nevents_per_second %.0f\n",
                s.streams, s.net_threads(), o.deliveries, o.events);
    std::printf("engine_busy %.3f\nnet_busy %.3f\nwindow_ms %.0f\n", o.engine_busy, o.net_busy,
                o.window_ms);
    std::printf("p50_ms %.1f\np99_ms %.1f\nmax_ms %.1f\nbacklog_ms %.1f\n", o.p50_ms, o.p99_ms,
                o.max_ms, o.backlog_ms);
}

// The most streams that are served within the time, to a twentieth.
void find(scene s, const costs& c, double within_ms, std::uint32_t most) {
    const auto run = [&](std::uint32_t streams) {
        s.streams = streams;
        return machine{s, c}.run();
    };
    const auto holds = [&](const outcome& o) {
        return o.p99_ms <= within_ms && o.backlog_ms <= within_ms;
    };
    std::uint32_t good = 0, bad = std::max(1000U, s.room);
    outcome best;
    for (outcome o = run(bad); holds(o); o = run(bad)) {
        good = bad;
        best = o;
        if (good >= most) {
            break;
        }
        bad = std::min(bad * 2, most);
    }
    while (good > 0 && good < bad && bad - good > good / 20) {
        const std::uint32_t middle = good + (bad - good) / 2;
        const outcome o = run(middle);
        if (holds(o)) {
            good = middle;
            best = o;
        } else {
            bad = middle;
        }
    }
    s.streams = good;
    print(s, best);
}

double number(const char* text) {
    char* end = nullptr;
    const double v = std::strtod(text, &end);
    if (end == text || *end != '\0' || v <= 0) {
        std::fprintf(stderr, "scale: %s is no number above 0\n", text);
        std::exit(2);
    }
    return v;
}

}  // namespace

int main(int argc, char** argv) {
    scene s;
    costs c;
    double within_ms = 1500;
    std::uint32_t most = 1'000'000;
    bool finds = false;
    const auto count = [](std::uint32_t& into) {
        return [&into](double v) { into = static_cast<std::uint32_t>(v); };
    };
    const auto real = [](double& into, double unit = 1) {
        return [&into, unit](double v) { into = v * unit; };
    };
    const std::map<std::string, std::function<void(double)>> options{
        {"--streams", count(s.streams)},
        {"--room", count(s.room)},
        {"--flips", real(s.flips_per_minute)},
        {"--cores", count(s.cores)},
        {"--seconds", count(s.seconds)},
        {"--within", real(within_ms)},
        {"--most", count(most)},
        {"--cycle-us", real(c.cycle)},
        {"--event-us", real(c.event)},
        {"--put-us", real(c.put)},
        {"--rtt-us", real(c.rtt)},
        {"--input-ns", real(c.input, 1e-3)},
        {"--mark-ns", real(c.mark, 1e-3)},
        {"--answer-ns", real(c.answer, 1e-3)}};
    for (int i = 1; i < argc; ++i) {
        if (std::string{argv[i]} == "--find") {
            finds = true;
            continue;
        }
        const auto option = options.find(argv[i]);
        if (option == options.end() || i + 1 == argc) {
            std::fprintf(stderr, "scale: %s is no option, or its number is missing\n", argv[i]);
            return 2;
        }
        option->second(number(argv[++i]));
    }
    if (finds) {
        find(s, c, within_ms, most);
    } else {
        print(s, machine{s, c}.run());
    }
}
