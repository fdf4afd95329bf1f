#include "load/run.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <random>

#include "load/board.h"
#include "load/children.h"
#include "load/population.h"
#include "load/publishers.h"
#include "load/worker.h"

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto silent_max = 60s;  // while users come: nobody is answered any more
constexpr std::int64_t intervals_max = 600;
constexpr std::uint64_t other_files = 64;

double seconds(moment t) {
    return std::chrono::duration<double>(t).count();
}

void allow_files(std::uint64_t needed) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < needed) {
        throw failure(
            fmt::format("A process of this load holds {} open files and may have {}: raise "
                        "ulimit -n, or spread them with --processes",
                        needed, files.rlim_cur));
    }
}

std::string new_run_name() {
    std::random_device random;
    return fmt::format("{:08x}", random());
}

// Everything between the fork and the account, in the first process.
class conductor {
  public:
    conductor(run_result& result, event_loop& loop, board& b, worker& own,
              publisher_group& publishers, progress& p, const std::function<bool()>& interrupted)
        : result_(result),
          asked_(result.asked),
          loop_(loop),
          board_(b),
          worker_(own),
          publishers_(publishers),
          progress_(p),
          interrupted_(interrupted) {}

    void arrive() {
        board_.told().arrivals_begin = loop_.now().count();
        tell(phase::arriving);
        result_.arrival_seconds = wait_for_all("users come");
    }

    void change() {
        const auto begin = loop_.now();
        board_.told().changes_begin = begin.count();
        tell(phase::changing);
        publishers_.publish(begin, begin + asked_.duration);
        if (asked_.scenario == scenario_kind::reconnect) {
            watch_changes(begin, begin + moment(asked_.duration) / 2);
            come_back();
        }
        watch_changes(begin, begin + asked_.duration);
        publishers_.stop();
        result_.changes_seconds = seconds(std::min(loop_.now() - begin, moment(asked_.duration)));
    }

    void settle() {
        progress_.begin("last states arrive", 0);
        const auto until_sent = loop_.now() + asked_.settle;
        loop_.run_until([&] {
            progress_.update(0);
            return publishers_.idle() || loop_.now() >= until_sent;
        });
        publishers_.give_up();
        tell(phase::settling);
        const auto until = loop_.now() + asked_.settle;
        loop_.run_until([&] {
            const auto lost = board_.sum(&board::slot::lost);
            progress_.update(0, lost == UINT64_MAX ? "" : fmt::format("{} are missing", lost));
            return (board_.all_follow() && lost == 0) || loop_.now() >= until;
        });
        progress_.end();
    }

    void end() {
        tell(phase::over);
        loop_.run_until([this] { return worker_.over(); });
    }

  private:
    void tell(phase next) { board_.told().now = next; }

    // Until all users have been answered since they arrived last; how long that took. Ends early
    // when that is no use.
    double wait_for_all(const char* what) {
        const auto begin = loop_.now();
        auto progressed = begin;
        std::uint64_t before = 0;
        progress_.begin(what, asked_.users);
        loop_.run_until([&] {
            const auto present = board_.sum(&board::slot::present);
            if (!board_.all_follow()) {
                return false;
            }
            progressed = present != before ? loop_.now() : progressed;
            before = present;
            progress_.update(present);
            return present == asked_.users || interrupted_() ||
                   loop_.now() - progressed > silent_max;
        });
        progress_.end();
        if (before != asked_.users && !interrupted_()) {
            result_.incomplete =
                fmt::format("of {} users only {} had an answer to /sync, then nobody for {} s",
                            asked_.users, before, silent_max.count());
        }
        return seconds(loop_.now() - begin);
    }

    void watch_changes(moment begin, moment until) {
        const auto whole = static_cast<std::uint64_t>(asked_.duration.count());
        progress_.begin("changes, seconds", whole);
        loop_.run_until([&] {
            const auto passed = static_cast<std::uint64_t>(seconds(loop_.now() - begin));
            progress_.update(std::min(passed, whole),
                             fmt::format("{} deliveries", board_.sum(&board::slot::deliveries)));
            look_after(passed);
            return loop_.now() >= until || interrupted_();
        });
        progress_.end();
    }

    void come_back() {
        if (interrupted_()) {
            return;
        }
        board_.told().returning_begin = loop_.now().count();
        tell(phase::returning);
        result_.comeback_seconds = wait_for_all("users come back");
    }

    void look_after(std::uint64_t second) {
        if (second != looked_after_) {
            looked_after_ = second;
            publishers_.check_patience();
        }
    }

    run_result& result_;
    const settings& asked_;
    event_loop& loop_;
    board& board_;
    worker& worker_;
    publisher_group& publishers_;
    progress& progress_;
    const std::function<bool()>& interrupted_;
    std::uint64_t looked_after_ = 0;
};

// What stays the same during a run.
struct stage {
    const settings& asked;
    const endpoint where;
    const topology who;
    const std::string run = new_run_name();
    const steady::time_point epoch = steady::now();
    std::vector<account> users = {};
    std::vector<std::string> rooms = {};

    moment interval_width() const {
        const auto longest = asked.duration + 2 * asked.settle;
        return std::max<moment>(
            1s, std::chrono::seconds((longest.count() + intervals_max - 1) / intervals_max));
    }
    observer_group::shared share(std::size_t first, std::size_t size) const {
        return {where,
                std::span(users).subspan(first, size),
                std::span(who.views).subspan(first, size),
                static_cast<std::uint32_t>(who.subjects.size()),
                run,
                asked.poll_timeout,
                asked.set_presence,
                first};
    }
    worker::pace pace() const {
        const auto within = asked.users / static_cast<double>(asked.within.count());
        return {asked.scenario == scenario_kind::rush ? within : asked.connections_per_second,
                within};
    }
};

// The server's usage, as far as it was asked for and its processes live.
void mark(run_result& r, usage run_result::marks::*at) {
    if (!r.server) {
        return;
    }
    try {
        (*r.server).*at = read_usage(r.asked.processes);
    } catch (const failure& e) {
        r.incomplete = e.what();
    }
}

void set_up(stage& s, run_result& r, progress& p, const std::function<bool()>& interrupted) {
    event_loop loop(s.epoch);
    api calls(loop, s.where, s.asked.setup_connections, interrupted);
    population people(calls, p, s.asked);
    s.users = people.enroll();
    people.store_filters(s.users);
    if (s.asked.topology == topology_kind::lists) {
        people.make_lists(s.users, s.who);
    }
    s.rooms = people.make_rooms(s.users, s.who.rooms);
    r.setup_rate_limited = calls.rate_limited();
    r.setup_seconds = seconds(loop.now());
}

void leave(stage& s, run_result& r, progress& p, const std::function<bool()>& interrupted) {
    if (s.rooms.empty() || s.asked.keep_rooms || interrupted()) {
        return;
    }
    try {
        event_loop loop(s.epoch);
        api calls(loop, s.where, s.asked.setup_connections, interrupted);
        population(calls, p, s.asked).leave_rooms(s.users, s.who.rooms, s.rooms);
    } catch (const failure& e) {
        r.all.problem(e.what());  // the figures stand
    }
}

void perform(stage& s, run_result& r, progress& p, const std::function<bool()>& interrupted) {
    const auto sizes =
        shares(s.asked.users, s.asked.publishers, static_cast<std::uint32_t>(r.processes));
    board b(sizes.size(), s.who.subjects.size());
    children others;
    std::size_t first = sizes[0];
    for (std::size_t i = 1; i < sizes.size(); first += sizes[i++]) {
        others.start([&, i, first] {
            event_loop loop(s.epoch);
            worker w(loop, s.share(first, sizes[i]), s.pace(), b, i, s.interval_width());
            w.follow();
            return w.results();
        });
    }
    event_loop loop(s.epoch);
    worker own(loop, s.share(0, sizes[0]), s.pace(), b, 0, s.interval_width());
    publisher_group publishers(loop,
                               {s.where, s.users, s.who.subjects, s.run, s.asked.rate, s.asked.pace,
                                b.last_acknowledged()},
                               own.results());
    conductor c(r, loop, b, own, publishers, p, interrupted);
    c.arrive();
    mark(r, &run_result::marks::arrived);
    if (r.incomplete.empty() && !interrupted()) {
        c.change();
        c.settle();
    }
    c.end();
    mark(r, &run_result::marks::end);
    r.all = own.results();
    for (const auto& m : others.collect()) {
        r.all.merge(m);
    }
}

}  // namespace

run_result run_load(const settings& asked, progress& p, const std::function<bool()>& interrupted) {
    run_result r;
    r.asked = asked;
    r.processes = asked.process_count();
    const auto size = asked.topology == topology_kind::lists ? asked.list_size : asked.room_size;
    stage s{asked, endpoint::resolve(base_url::parse(asked.server), asked.ca_file, !asked.insecure),
            make_topology(asked.topology, asked.users, asked.publishers, size)};
    const auto sizes = shares(asked.users, asked.publishers, asked.process_count());
    allow_files(std::max<std::uint64_t>(sizes[0] + std::uint64_t{asked.publishers}, sizes.back()) +
                other_files);
    if (!asked.processes.empty()) {
        const auto start = read_usage(asked.processes);
        r.server = run_result::marks{start, start, start, start};
    }
    set_up(s, r, p, interrupted);
    mark(r, &run_result::marks::set_up);
    perform(s, r, p, interrupted);
    leave(s, r, p, interrupted);
    r.interrupted = interrupted();
    return r;
}

}  // namespace porchlight::load
