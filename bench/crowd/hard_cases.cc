// Situations that are hard for a presence server, through real sockets; bench/hard.py starts the
// servers.
//
//   hard_cases CASE PORT PID USERS TEAM [SINCE]     prints lines: NAME VALUE...
//
// PORT and PID are the server's, its data a folder of `known_users make FOLDER USERS devices
// team=TEAM ...`.

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "../http_client.h"
#include "crowd.h"

namespace {

using namespace porchlight::bench;
using namespace std::chrono_literals;
using double_ms = std::chrono::duration<double, std::milli>;

constexpr auto patience = 60s;
constexpr auto quiet = 150ms;  // longer than the window in which a stream's changes are gathered

struct arguments {
    crowd_settings crowd;
    pid_t process = 0;
    std::string since;
};

double ms_since(steady::time_point t) {
    return double_ms(steady::now() - t).count();
}

double percentile(std::vector<double> v, double part) {
    if (v.empty()) {
        fail("nothing was measured");
    }
    std::sort(v.begin(), v.end());
    return v[static_cast<std::size_t>(part * static_cast<double>(v.size() - 1))];
}

double resident_mb(pid_t process) {
    std::ifstream f("/proc/" + std::to_string(process) + "/statm");
    double all = 0, resident = 0;
    f >> all >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

// Seconds for which threads of the process could have run and had no core: what else the machine
// does.
double starved(pid_t process) {
    double all = 0;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
        std::ifstream f(task.path() / "schedstat");
        double ran = 0, waited = 0;
        f >> ran >> waited;
        all += waited * 1e-9;
    }
    return all;
}

// Polls of all users from `first` on that wait, each with the token `since`.
void park(crowd& c, std::uint32_t first, const std::string& since) {
    for (std::uint32_t u = first; u < c.size(); ++u) {
        c.open(c[u]);
        c[u].since = since;
        c.ask(c[u], 55'000);
    }
    c.settle(500ms);
}

// A token of now, by a stream that is nobody's presence.
std::string token_of_now(unsigned short port) {
    caller c(port);
    const auto body =
        c.ask("GET",
              "/_matrix/client/v3/sync?set_presence=offline&filter=%7B%22presence%22%3A%7B"
              "%22types%22%3A%5B%5D%7D%2C%22room%22%3A%7B%22rooms%22%3A%5B%5D%7D%7D",
              "known-1");
    return value_of(std::string_view(body).substr(0, 100), "next_batch");
}

seen_state flipped(const crowd& c, std::uint32_t user) {
    return c.said(user) == seen_state::busy ? seen_state::online : seen_state::busy;
}

// The first user shares 50 rooms with all others and changes: each is told once.
void flip(const arguments& a) {
    constexpr int rounds = 7;
    crowd c(a.crowd);
    park(c, 1, token_of_now(a.crowd.port));
    for (int i = 0; i < rounds; ++i) {
        c.settle(500ms);
        const auto before = c.answers();
        const auto cpu = cpu_of(a.process);
        const auto begin = steady::now();
        c.put(0, flipped(c, 0));
        const auto observers = c.size() - 1;
        if (!c.run_until(begin + patience, [&] { return c.answers() - before >= observers; })) {
            fail("not everybody was told");
        }
        const auto took = ms_since(begin);
        const auto used = cpu_of(a.process) - cpu;
        c.run_for(1s);
        std::printf("flip %.3f %.3f %.6f\n", took, used * 1e6 / observers,
                    static_cast<double>(c.answers() - before) / observers);
    }
}

// One of each team flips in turn, while the others of the teams wait to hear of it.
class flippers {
  public:
    explicit flippers(const arguments& a)
        : process_(a.process), crowd_(a.crowd), put_at_(a.crowd.users) {
        crowd_.on_event = [this](stream& s, std::uint32_t subject) {
            if (subject != s.user) {
                taken.push_back(ms_since(put_at_[subject]));
            }
        };
        const auto since = token_of_now(a.crowd.port);
        for (std::uint32_t u = 0; u < crowd_.size(); ++u) {
            if (u % crowd_.team() != 0) {
                crowd_[u].tracks = true;
                crowd_.open(crowd_[u]);
                crowd_[u].since = since;
                crowd_.ask(crowd_[u], 55'000);
            }
        }
    }

    // All flip once, one after the other: seconds of CPU that one delivery costs.
    double cost_of_a_delivery() {
        crowd_.settle(500ms);
        const auto cpu = cpu_of(process_);
        const auto before = crowd_.answers();
        for (std::uint32_t t = 0; t < crowd_.size() / crowd_.team(); ++t) {
            flip_next();
            crowd_.run_until(steady::now() + patience,
                             [&] { return crowd_.puts_under_way() == 0; });
        }
        crowd_.settle(500ms);
        return (cpu_of(process_) - cpu) / static_cast<double>(crowd_.answers() - before);
    }
    // So many flips a second. Fills `taken`.
    void flip_for(milliseconds length, double flips) {
        const auto pause =
            std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(1 / flips));
        crowd_.settle(500ms);
        taken.clear();
        auto due = steady::now();
        crowd_.run_until(due + length, [&] {
            for (; due <= steady::now(); due += pause) {
                flip_next();
            }
            return false;
        });
    }
    crowd& all() { return crowd_; }

    std::vector<double> taken;  // ms from each PUT to each answer that shows it

  private:
    void flip_next() {
        const auto user = next_++ % (crowd_.size() / crowd_.team()) * crowd_.team();
        put_at_[user] = steady::now();
        crowd_.put(user, flipped(crowd_, user));
    }

    const pid_t process_;
    crowd crowd_;
    std::vector<steady::time_point> put_at_;
    std::uint32_t next_ = 0;
};

// From a PUT to each answer that shows it, at about half of what the server can do. The server is
// to have no window in which it gathers changes.
void half_load(const arguments& a) {
    constexpr int runs = 5;
    constexpr auto length = 4s;
    flippers f(a);
    f.cost_of_a_delivery();  // warms up
    const double flips = 0.5 / f.cost_of_a_delivery() / (a.crowd.team - 1);
    for (int run = 0; run < runs; ++run) {
        const auto cpu = cpu_of(a.process);
        const auto waited = starved(a.process);
        const auto begin = steady::now();
        f.flip_for(length, flips);
        const auto seconds = ms_since(begin) / 1e3;
        const std::chrono::duration<double> flipped_for = length;
        std::printf("half_load %.3f %.3f %.3f %.3f %.0f %.3f\n", percentile(f.taken, 0.5),
                    percentile(f.taken, 0.99), percentile(f.taken, 1),
                    (cpu_of(a.process) - cpu) / flipped_for.count(),
                    static_cast<double>(f.taken.size()) / flipped_for.count(),
                    (starved(a.process) - waited) / seconds);
    }
    f.all().settle(500ms);
    std::printf("half_load_lost %llu\n", static_cast<unsigned long long>(f.all().wrong_views()));
}

// Everybody in one hall flips once a minute, in random order; a few of them are looked at closely.
void hall(const arguments& a) {
    constexpr std::uint32_t looked_at = 20;
    constexpr auto length = 20s;
    crowd c(a.crowd);
    std::mt19937 random(1);
    for (std::uint32_t i = 0; i < looked_at; ++i) {
        c[static_cast<std::uint32_t>(random() % c.size())].tracks = true;
    }
    std::vector<steady::time_point> put_at(c.size());
    std::vector<double> taken;
    c.on_event = [&](stream& s, std::uint32_t subject) {
        if (subject != s.user && put_at[subject] != steady::time_point{}) {
            taken.push_back(ms_since(put_at[subject]));
        }
    };
    park(c, 0, token_of_now(a.crowd.port));
    const auto pause = std::chrono::duration_cast<steady::duration>(60s) / c.size();
    const auto before = c.answers();
    const auto cpu = cpu_of(a.process);
    const auto begin = steady::now();
    auto due = begin;
    std::uint64_t flips = 0;
    std::vector<std::uint32_t> order(c.size());
    for (std::uint32_t u = 0; u < c.size(); ++u) {
        order[u] = u;
    }
    std::shuffle(order.begin(), order.end(), random);
    c.run_until(begin + length, [&] {
        while (due <= steady::now()) {
            const auto user = order[flips++ % order.size()];
            put_at[user] = steady::now();
            c.put(user, flipped(c, user));
            due += pause;
        }
        return false;
    });
    const auto seconds = ms_since(begin) / 1e3;
    const auto used = cpu_of(a.process) - cpu;
    const auto answers = static_cast<double>(c.answers() - before);
    const auto end = steady::now();
    c.settle(2s);
    std::printf("hall %.4f %.1f %.0f %.0f %.3f %.3f %.0f\n", used / seconds,
                static_cast<double>(flips) / seconds, answers / seconds,
                used * 1e9 / (static_cast<double>(flips) * c.size()), percentile(taken, 0.5),
                percentile(taken, 0.99), ms_since(end) - 2000);
    std::printf("hall_lost %llu\n", static_cast<unsigned long long>(c.wrong_views()));
}

// All connect at once and ask; how long until everybody has an answer. Without a token these are
// first syncs, with one those who come back after a restart. Then everybody waits, and one of each
// team flips: all of the team have to hear of it.
void rush(const arguments& a) {
    constexpr std::uint32_t every = 100;  // is looked at closely
    crowd c(a.crowd);
    for (std::uint32_t u = 0; u < c.size(); ++u) {
        c[u].tracks = u % every == 1;
        c[u].parks = false;
        c[u].since = a.since;
        c.expect(u, seen_state::online);
    }
    std::vector<double> taken, told;
    const auto cpu = cpu_of(a.process);
    const auto begin = steady::now();
    // Who is answered first waits at once, as clients do.
    c.on_answer = [&](stream& s) {
        if (s.answers == 1) {
            taken.push_back(ms_since(begin));
            s.parks = true;
            if (s.tracks) {
                told.push_back(static_cast<double>(s.events));
            }
        }
    };
    for (std::uint32_t u = 0; u < c.size(); ++u) {
        c.open(c[u]);
        if (!a.since.empty()) {
            c[u].seen.assign(c[u].tracks ? c.team() : 0, seen_state::online);
        }
        c.ask(c[u], 0);
        if (u % 64 == 0) {
            c.run_until(steady::now(), [] { return false; });
        }
    }
    if (!c.run_until(begin + patience, [&] { return taken.size() == c.size(); })) {
        fail("not everybody was answered");
    }
    const auto used = cpu_of(a.process) - cpu;
    c.settle(1s);
    const auto calm = ms_since(begin) - 1000;
    for (std::uint32_t u = 0; u < c.size(); u += c.team()) {
        c.put(u, seen_state::busy);
    }
    c.settle(1s);
    std::printf("rush %.1f %.1f %.4f %.1f %.1f %.0f\n", percentile(taken, 1),
                percentile(taken, 0.5), used, calm, resident_mb(a.process), percentile(told, 0.5));
    std::printf("rush_lost %llu\n", static_cast<unsigned long long>(c.wrong_views()));
}

// A connection that asks for a lot and takes almost nothing of it.
class slow_reader {
  public:
    slow_reader(unsigned short port, std::uint32_t user) {
        descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int little = 4096;
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            fail("cannot connect");
        }
        const auto ask = request(
            "GET", "/_matrix/client/v3/sync?filter=%7B%22room%22%3A%7B%22rooms%22%3A%5B%5D%7D%7D",
            "known-" + std::to_string(user), {});
        for (int i = 0; i < 100; ++i) {
            if (::send(descriptor_, ask.data(), ask.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
                break;
            }
        }
    }
    ~slow_reader() { ::close(descriptor_); }
    slow_reader(const slow_reader&) = delete;
    slow_reader& operator=(const slow_reader&) = delete;
    void read_a_little() {
        std::array<char, 512> some;
        read_ += std::max<ssize_t>(::recv(descriptor_, some.data(), some.size(), MSG_DONTWAIT), 0);
    }
    ssize_t read() const { return read_; }

  private:
    int descriptor_ = -1;
    ssize_t read_ = 0;
};

// One user of a hall changes, all are told; in turns with and without a slow reader among them.
void slow(const arguments& a) {
    constexpr int runs = 5, rounds = 5;
    crowd c(a.crowd);
    std::vector<double> taken;
    steady::time_point begin;
    c.on_answer = [&](stream&) { taken.push_back(ms_since(begin)); };
    park(c, 2, token_of_now(a.crowd.port));
    const auto round = [&](slow_reader* reader) {
        std::vector<double> all;
        for (int i = 0; i < rounds; ++i) {
            c.settle(quiet);
            taken.clear();
            begin = steady::now();
            c.put(0, flipped(c, 0));
            if (!c.run_until(begin + patience, [&] { return taken.size() >= c.size() - 2; })) {
                fail("not everybody was told");
            }
            all.insert(all.end(), taken.begin(), taken.end());
            if (reader != nullptr) {
                reader->read_a_little();
            }
        }
        return all;
    };
    round(nullptr);
    const auto memory = resident_mb(a.process);
    double most = memory;
    for (int run = 0; run < runs; ++run) {
        const auto without = round(nullptr);
        slow_reader reader(a.crowd.port, 1);
        c.run_for(200ms);
        const auto with = round(&reader);
        most = std::max(most, resident_mb(a.process));
        std::printf("slow %.3f %.3f %.3f %.3f %zd\n", percentile(without, 0.5),
                    percentile(with, 0.5), percentile(without, 0.99), percentile(with, 0.99),
                    reader.read());
    }
    std::printf("slow_memory %.2f\n", most - memory);
}

// Connections vanish and come back all the time while states change; in the end everybody must see
// the last state of everybody.
void flapping(const arguments& a) {
    constexpr auto part = 8s;
    constexpr int parts = 4, flips_per_second = 200;
    crowd c(a.crowd);
    std::mt19937 random(2);
    const auto lifetime = [&] { return milliseconds{100 + random() % 1900}; };
    std::multimap<steady::time_point, std::uint32_t> drops;
    for (std::uint32_t u = 0; u < c.size(); ++u) {
        c[u].tracks = true;
        c.open(c[u]);
        c.ask(c[u], 0);
        c.expect(u, seen_state::online);
    }
    c.settle(1s);
    std::vector<double> memory{resident_mb(a.process)};
    std::uint64_t dropped = 0, flips = 0;
    for (std::uint32_t u = 0; u < c.size(); ++u) {
        drops.emplace(steady::now() + lifetime(), u);
    }
    auto due = steady::now();
    const auto cpu = cpu_of(a.process);
    for (int i = 0; i < parts; ++i) {
        c.run_until(steady::now() + part, [&] {
            const auto now = steady::now();
            while (!drops.empty() && drops.begin()->first <= now) {
                auto& s = c[drops.begin()->second];
                drops.erase(drops.begin());
                c.drop(s);
                c.open(s);
                c.ask(s, 55'000);
                drops.emplace(now + lifetime(), s.user);
                ++dropped;
            }
            for (; due <= now; due += milliseconds{1000 / flips_per_second}) {
                const auto user = static_cast<std::uint32_t>(random() % c.size());
                // Two PUTs of one user at once would have no order.
                if (!c.is_asked(user)) {
                    c.put(user, random() % 2 == 0 ? seen_state::busy : seen_state::unavailable);
                }
                ++flips;
            }
            return false;
        });
        memory.push_back(resident_mb(a.process));
    }
    const auto used = cpu_of(a.process) - cpu;
    c.settle(1s);
    std::printf("flapping %.0f %.0f %.4f\n", static_cast<double>(dropped),
                static_cast<double>(flips), used * 1e6 / static_cast<double>(dropped));
    std::printf("flapping_memory");
    for (const auto m : memory) {
        std::printf(" %.2f", m);
    }
    std::printf("\nflapping_lost %llu\n", static_cast<unsigned long long>(c.wrong_views()));
}

}  // namespace

int main(int argc, char** argv) {
    const std::map<std::string_view, void (*)(const arguments&)> cases{
        {"flip", flip}, {"half_load", half_load}, {"hall", hall},
        {"rush", rush}, {"slow", slow},           {"flapping", flapping}};
    if (argc < 6 || !cases.contains(argv[1])) {
        std::fputs(
            "hard_cases flip|half_load|hall|rush|slow|flapping PORT PID USERS TEAM [SINCE]\n",
            stderr);
        return 2;
    }
    arguments a;
    a.crowd = {.port = static_cast<unsigned short>(std::atoi(argv[2])),
               .users = static_cast<std::uint32_t>(std::atoi(argv[4])),
               .team = static_cast<std::uint32_t>(std::atoi(argv[5]))};
    a.process = std::atoi(argv[3]);
    a.since = argc > 6 ? argv[6] : "";
    // Where everybody only waits, being there is no change by itself.
    a.crowd.online = std::string_view(argv[1]) != "flip" && std::string_view(argv[1]) != "slow" &&
                     std::string_view(argv[1]) != "half_load";
    cases.at(argv[1])(a);
    return 0;
}
