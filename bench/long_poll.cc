// The load client for long-polling: N parked polls, one PUT, how long until the last is answered,
// and how many cycles (delivery + next poll) a second that makes. Two servers are measured in turns
// in one run, so that what the machine does meanwhile meets both.
//
//   long_poll [--observers N] [--runs R] [--rounds K] NAME=KIND=http://127.0.0.1:PORT[@PID] ...
//
// KIND `raw` speaks the yardstick's protocol, `matrix` registers users at a real server (open
// registration, m.login.dummy, rate limits off): one subject shares rooms of 100 with N observers.
// A run is K rounds; printed are medians over R runs. The first server is the yardstick of ratios.
// With PID of the server process its CPU time for a cycle is printed, too. Last come the values
// behind the medians: "runs NAME: ms of every round | cycles/s of every run | CPU us of every run".

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http_client.h"

namespace {

using namespace porchlight::bench;
using clock_type = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

constexpr std::size_t room_size = 100;
constexpr int silent_ms = 30'000;  // without any answer the measurement has failed
constexpr std::size_t scratch_bytes = 256 * 1024;
// Before a PUT nothing happens for longer than the server gathers changes for one stream.
constexpr int quiet_ms = 150, set_up_quiet_ms = 500;

struct observer {
    int descriptor = -1;
    std::string token, since, partial;
};

// A server with its parked observers.
class target {
  public:
    target(std::string name, bool matrix, unsigned short port, pid_t process, std::size_t observers)
        : name_(std::move(name)),
          matrix_(matrix),
          port_(port),
          process_(process),
          observers_(observers) {
        poller_ = ::epoll_create1(EPOLL_CLOEXEC);
        subject_ = std::make_unique<caller>(port);
        if (matrix_) {
            set_up_users();
        }
        for (std::size_t i = 0; i < observers_.size(); ++i) {
            observers_[i].descriptor = connect_to(port);
            epoll_event interest{};
            interest.events = EPOLLIN;
            interest.data.u64 = i;
            ::epoll_ctl(poller_, EPOLL_CTL_ADD, observers_[i].descriptor, &interest);
        }
        for (auto& o : observers_) {
            poll(o);
        }
        settle(set_up_quiet_ms);
    }

    // One PUT; returns the time until the last observer has its answer (each polls again at once).
    seconds round() {
        settle(quiet_ms);
        const auto begin = clock_type::now();
        change();
        wait_for(observers_.size());
        return clock_type::now() - begin;
    }

    // Seconds of CPU that the server has used; 0 when its process was not named.
    double cpu() const { return cpu_of(process_); }

    const std::string& name() const { return name_; }
    std::vector<double> fan_out_ms, cycles_per_second, cpu_us_per_round;

  private:
    std::string sync_target(const observer& o, int timeout_ms) const {
        return "/_matrix/client/v3/sync?set_presence=offline&timeout=" +
               std::to_string(timeout_ms) + (o.since.empty() ? "" : "&since=" + o.since);
    }

    void set_up_users() {
        const auto run = std::to_string(::getpid());
        const auto enroll = [&](const std::string& user) {
            const auto body = subject_->ask(
                "POST", "/_matrix/client/v3/register", {},
                R"({"auth":{"type":"m.login.dummy"},"password":"bench-bench","username":")" + user +
                    "\"}");
            user_id_ = value_of(body, "user_id");
            return value_of(body, "access_token");
        };
        std::string room;
        std::vector<std::string> tokens;
        for (std::size_t i = 0; i < observers_.size(); ++i) {
            tokens.push_back(enroll("bench" + run + "-" + std::to_string(i)));
        }
        subject_token_ = enroll("bench" + run + "-subject");
        for (std::size_t i = 0; i < observers_.size(); ++i) {
            if (i % room_size == 0) {
                room = value_of(subject_->ask("POST", "/_matrix/client/v3/createRoom",
                                              subject_token_, R"({"preset":"public_chat"})"),
                                "room_id");
            }
            subject_->ask("POST", "/_matrix/client/v3/join/" + room, tokens[i]);
            observers_[i].token = tokens[i];
        }
        for (auto& o : observers_) {
            o.since = value_of(subject_->ask("GET", sync_target(o, 0), o.token), "next_batch");
        }
    }

    void change() {
        if (!matrix_) {
            subject_->ask("PUT", "/put");
            return;
        }
        available_ = !available_;
        subject_->ask("PUT", "/_matrix/client/v3/presence/" + user_id_ + "/status", subject_token_,
                      available_ ? R"({"presence":"online"})" : R"({"presence":"unavailable"})");
    }

    void poll(observer& o) {
        const auto bytes = matrix_ ? request("GET", sync_target(o, 50'000), o.token, {})
                                   : request("GET", "/poll?timeout=50000", {}, {});
        if (::send(o.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
            fail("the server closed a poll");
        }
    }

    // Takes what is there; polls again after each whole response. Returns how many came.
    std::size_t receive(observer& o) {
        const auto n = ::recv(o.descriptor, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
        if (n <= 0) {
            fail("the server closed a poll");
        }
        std::string_view bytes(scratch_.data(), static_cast<std::size_t>(n));
        if (!o.partial.empty()) {
            o.partial.append(bytes);
            bytes = o.partial;
        }
        const auto e = response_extent(bytes);
        if (e.whole == 0) {
            o.partial = std::string(bytes);
            return 0;
        }
        if (matrix_) {
            o.since = value_of(bytes.substr(e.body, e.whole - e.body), "next_batch");
        }
        o.partial.clear();
        poll(o);
        return 1;
    }

    void wait_for(std::size_t answers) {
        std::array<epoll_event, 512> events;
        while (answers > 0) {
            const int ready = ::epoll_wait(poller_, events.data(), events.size(), silent_ms);
            if (ready <= 0) {
                fail(name_ + ": " + std::to_string(answers) + " observers were never answered");
            }
            for (int i = 0; i < ready; ++i) {
                answers -= receive(observers_[events[static_cast<std::size_t>(i)].data.u64]);
            }
        }
    }

    // What is still on its way from setting up is taken until a while nothing comes.
    void settle(int quiet) {
        std::array<epoll_event, 512> events;
        int ready = 0;
        while ((ready = ::epoll_wait(poller_, events.data(), events.size(), quiet)) > 0) {
            for (int i = 0; i < ready; ++i) {
                receive(observers_[events[static_cast<std::size_t>(i)].data.u64]);
            }
        }
    }

    const std::string name_;
    const bool matrix_;
    const unsigned short port_;
    const pid_t process_;
    std::vector<observer> observers_;
    std::unique_ptr<caller> subject_;
    std::string subject_token_, user_id_;
    bool available_ = false;
    int poller_ = -1;
    std::vector<char> scratch_ = std::vector<char>(scratch_bytes);
};

void print_runs(const target& t, std::size_t observers) {
    std::printf("runs %s:", t.name().c_str());
    for (const double v : t.fan_out_ms) {
        std::printf(" %.3f", v);
    }
    std::printf(" |");
    for (const double v : t.cycles_per_second) {
        std::printf(" %.0f", v * static_cast<double>(observers));
    }
    std::printf(" |");
    for (const double v : t.cpu_us_per_round) {
        std::printf(" %.3f", v / static_cast<double>(observers));
    }
    std::printf("\n");
}

double median(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v.empty() ? 0 : v[v.size() / 2];
}

void measure(target& t, int rounds) {
    double sum = 0, last = 0;
    const auto cpu = t.cpu();
    for (int i = 0; i < rounds; ++i) {
        last = t.round().count();
        sum += last;
        t.fan_out_ms.push_back(last * 1e3);
    }
    t.cycles_per_second.push_back(rounds / sum);
    t.cpu_us_per_round.push_back((t.cpu() - cpu) * 1e6 / rounds);
}

std::unique_ptr<target> parse_target(std::string_view text, std::size_t observers) {
    const auto first = text.find('=');
    const auto second = text.find('=', first + 1);
    const auto colon = text.rfind(':');
    if (second == std::string_view::npos || colon < second) {
        fail("\"" + std::string(text) + "\" is not NAME=KIND=http://127.0.0.1:PORT");
    }
    const auto kind = text.substr(first + 1, second - first - 1);
    if (kind != "raw" && kind != "matrix") {
        fail("the kind of a server is raw or matrix");
    }
    const auto port = std::atoi(std::string(text.substr(colon + 1)).c_str());
    const auto at = text.find('@', colon);
    const auto process =
        at == std::string_view::npos ? 0 : std::atoi(std::string(text.substr(at + 1)).c_str());
    return std::make_unique<target>(std::string(text.substr(0, first)), kind == "matrix",
                                    static_cast<unsigned short>(port), process, observers);
}

}  // namespace

int main(int argc, char** argv) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    std::size_t observers = 1000;
    int runs = 7, rounds = 20;
    std::vector<std::unique_ptr<target>> targets;
    for (int i = 1; i < argc; ++i) {
        const std::string_view arg = argv[i];
        const bool has_value = i + 1 < argc;
        if (arg == "--observers" && has_value) {
            observers = static_cast<std::size_t>(std::atol(argv[++i]));
        } else if (arg == "--runs" && has_value) {
            runs = std::atoi(argv[++i]);
        } else if (arg == "--rounds" && has_value) {
            rounds = std::atoi(argv[++i]);
        } else {
            targets.push_back(parse_target(arg, observers));
        }
    }
    if (targets.empty()) {
        fail("name at least one server");
    }
    for (int run = 0; run < runs; ++run) {
        for (const auto& t : targets) {
            measure(*t, rounds);
        }
    }
    std::printf("%zu observers, %d runs of %d rounds, medians\n", observers, runs, rounds);
    const auto yard_fan_out = median(targets.front()->fan_out_ms);
    const auto yard_cycles = median(targets.front()->cycles_per_second);
    for (const auto& t : targets) {
        const auto fan_out = median(t->fan_out_ms);
        const auto cycles = median(t->cycles_per_second);
        std::printf(
            "%-12s last answered %8.2f ms (%.2fx)   cycles/s %9.0f (%.2fx)   cpu %6.2f us\n",
            t->name().c_str(), fan_out, fan_out / yard_fan_out,
            cycles * static_cast<double>(observers), cycles / yard_cycles,
            median(t->cpu_us_per_round) / static_cast<double>(observers));
    }
    for (const auto& t : targets) {
        print_runs(*t, observers);
    }
}
