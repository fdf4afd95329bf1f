#include "load/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <ostream>
#include <random>

#include "load/endpoint.h"

namespace porchlight::load {
namespace {

const std::map<std::string, topology_kind> topologies{{"hall", topology_kind::hall},
                                                      {"teams", topology_kind::teams},
                                                      {"lists", topology_kind::lists},
                                                      {"none", topology_kind::none}};
const std::map<std::string, scenario_kind> scenarios{{"steady", scenario_kind::steady},
                                                     {"rush", scenario_kind::rush},
                                                     {"reconnect", scenario_kind::reconnect}};
const std::map<std::string, pacing> pacings{{"poisson", pacing::poisson}, {"fixed", pacing::fixed}};

template <class Value>
std::string key_of(const std::map<std::string, Value>& names, Value wanted) {
    return std::find_if(names.begin(), names.end(),
                        [&](const auto& n) { return n.second == wanted; })
        ->first;
}

constexpr const char* purpose =
    R"(Loads a Matrix homeserver with presence, through its public client API alone.

It registers users, lets each of them wait in a long-polling /sync, changes the presence of some
at a given rate whatever the server does (an open loop), and measures how long each change takes to
each user who should see it, counted from the moment at which it was due. At the end each of them
must hold the last state of everybody it sees: what is missing is lost.)";

constexpr const char* footing = R"(Examples:
  porchlight-load http://127.0.0.1:8008
      100 users in one room, 10 changes a second for 30 seconds
  porchlight-load https://matrix.example --users 5000 --topology teams --room-size 50 --rate 200
  porchlight-load http://127.0.0.1:8008 --users 2000 --scenario rush --within 5 --pid $(pidof porchlight)

The server has to let users register (m.login.dummy, or a registration token), or the users
PREFIX0, PREFIX1 ... exist and have the password. Rate limits of the server apply; what is answered
with 429 is waited for and counted, so switch them off in a server that is to be measured.

Exit status: 0, 1 if states were lost, 2 for wrong arguments, 3 if the load could not be made.)";

// An option whose values have names.
template <class Value>
CLI::Option* add_choice(CLI::App& app, const char* name, const std::map<std::string, Value>& known,
                        Value& into, const char* what) {
    std::vector<std::string> names;
    names.reserve(known.size());
    for (const auto& [key, value] : known) {
        names.push_back(key);
    }
    return app
        .add_option_function<std::string>(
            name, [&](const std::string& key) { into = known.at(key); }, what)
        ->check(CLI::IsMember(names))
        ->default_str(key_of(known, into));
}

void add_server(CLI::App& app, settings& s) {
    app.add_option("SERVER", s.server, "Base URL: http://HOST[:PORT] or https://...")->required();
    const auto* group = "The server";
    app.add_option("--ca", s.ca_file, "PEM file of the authorities to believe, not the system's")
        ->check(CLI::ExistingFile)
        ->group(group);
    app.add_flag("--insecure", s.insecure, "Believe any certificate")->group(group);
    app.add_option("--pid", s.processes,
                   "Server process on this machine whose CPU time and memory are read; several are "
                   "added up")
        ->check(CLI::Range(1, 1 << 22))
        ->allow_extra_args(false)
        ->group(group);
}

void add_users(CLI::App& app, settings& s) {
    const auto* group = "Users";
    app.add_option("--users", s.users, "How many; each of them waits in /sync")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str()
        ->group(group);
    app.add_option("--prefix", s.prefix,
                   "Names are this and a number; without it new ones each time")
        ->group(group);
    app.add_option("--password", s.password, "Of all of them")->capture_default_str()->group(group);
    app.add_option("--registration-token", s.registration_token, "For servers that ask for one")
        ->group(group);
    add_choice(app, "--topology", topologies, s.topology,
               "Who sees whom. hall: one room with everybody. teams: rooms of --room-size. lists: "
               "Porchlight's presence lists, --list-size publishers on each. none: nobody anybody")
        ->group(group);
    app.add_option("--room-size", s.room_size, "Users of a room of teams")
        ->check(CLI::Range(2, 100'000))
        ->capture_default_str()
        ->group(group);
    app.add_option("--list-size", s.list_size, "Publishers on a list of lists")
        ->check(CLI::Range(1, 500))
        ->capture_default_str()
        ->group(group);
    app.add_option("--set-presence", s.set_presence,
                   "What users who publish nothing say in their polls")
        ->check(CLI::IsMember({"offline", "online", "unavailable"}))
        ->capture_default_str()
        ->group(group);
    app.add_flag("--keep-rooms", s.keep_rooms, "Don't leave the rooms at the end")->group(group);
    app.add_option("--setup-connections", s.setup_connections,
                   "Calls under way at once while users and rooms are made")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str()
        ->group(group);
}

void add_load(CLI::App& app, settings& s) {
    const auto* group = "Load";
    add_choice(
        app, "--scenario", scenarios, s.scenario,
        "steady: everybody is there, then changes come. rush: everybody comes within --within. "
        "reconnect: as steady, and after half of the time all connections vanish and come back "
        "within --within")
        ->group(group);
    app.add_option("--rate", s.rate, "Changes a second, of all publishers together; 0: none")
        ->check(CLI::Range(0.0, 1e6))
        ->capture_default_str()
        ->group(group);
    app.add_option("--publishers", s.publishers,
                   "Users who change; without it all of teams (at most 10000), at most 100 of "
                   "hall, lists and none")
        ->check(CLI::Range(1U, publishers_max))
        ->group(group);
    add_choice(app, "--pacing", pacings, s.pace,
               "When changes are due: at random moments, or evenly")
        ->group(group);
    const auto seconds = [&](const char* name, std::chrono::seconds& into, int least, int most,
                             const char* what) {
        app.add_option_function<int>(
               name, [&into](const int& n) { into = std::chrono::seconds(n); }, what)
            ->check(CLI::Range(least, most))
            ->default_str(std::to_string(into.count()))
            ->type_name("SECONDS")
            ->group(group);
    };
    seconds("--duration", s.duration, 1, 86'400, "How long changes are due");
    seconds("--settle", s.settle, 1, 600, "How long the last states may take to arrive");
    seconds("--within", s.within, 1, 3'600, "How long rush and reconnect take to bring everybody");
    seconds("--poll-timeout", s.poll_timeout, 1, 300, "The timeout of /sync");
    app.add_option("--processes", s.load_processes,
                   "How many share the load; without it one for each 19000 connections")
        ->check(CLI::Range(1, 256))
        ->group(group);
    app.add_option("--connections-per-second", s.connections_per_second,
                   "How quickly users come otherwise")
        ->check(CLI::Range(1.0, 1e6))
        ->capture_default_str()
        ->group(group);
}

void add_output(CLI::App& app, settings& s) {
    const auto* group = "Results (a table goes to the standard output)";
    app.add_option("--json", s.json_file, "All figures as JSON")->type_name("FILE")->group(group);
    app.add_option("--svg", s.svg_file, "A picture of the latency over time")
        ->type_name("FILE")
        ->group(group);
}

// A name that nobody has used before.
std::string new_prefix() {
    std::random_device random;
    constexpr std::string_view letters = "abcdefghijkmnpqrstuvwxyz23456789";
    std::string prefix = "load-";
    for (int i = 0; i < 6; ++i) {
        prefix.push_back(letters[random() % letters.size()]);
    }
    return prefix + "-";
}

std::uint64_t greatest_share(const settings& s, std::uint32_t processes) {
    const auto sizes = shares(s.users, s.publishers, processes);
    return std::max<std::uint64_t>(std::uint64_t{sizes.front()} + s.publishers,
                                   *std::max_element(sizes.begin(), sizes.end()));
}

// What one option alone can't tell. Throws failure.
void complete(settings& s) {
    (void)base_url::parse(s.server);
    s.prefix_given = !s.prefix.empty();
    if (!s.prefix_given) {
        s.prefix = new_prefix();
    }
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789._=-/";
    if (s.prefix.find_first_not_of(allowed) != std::string::npos || s.prefix.size() > 100) {
        throw failure(
            "--prefix: \"" + s.prefix +
            "\" is not the beginning of a user name; allowed are at most 100 of a-z 0-9 . _ = - /");
    }
    if (s.publishers == 0) {
        const auto most = s.topology == topology_kind::teams ? publishers_max : 100U;
        s.publishers = std::min(s.users, most);
    }
    if (s.publishers > s.users) {
        throw failure("--publishers: " + std::to_string(s.publishers) + " of " +
                      std::to_string(s.users) + " users; allowed are 1 to the number of --users");
    }
    if (s.load_processes > s.users) {
        throw failure("--processes: " + std::to_string(s.load_processes) + " for " +
                      std::to_string(s.users) + " users; allowed are 1 to the number of --users");
    }
    if (s.load_processes > 0 && greatest_share(s, s.load_processes) > connections_of_process_max) {
        throw failure("--processes: " + std::to_string(s.load_processes) + " for " +
                      std::to_string(s.connections()) + " connections; one has at most " +
                      std::to_string(connections_of_process_max));
    }
    const auto size = s.topology == topology_kind::lists ? s.list_size : s.room_size;
    const auto pairs = make_topology(s.topology, s.users, s.publishers, size).pairs();
    if (pairs > pairs_max) {
        throw failure("--publishers: " + std::to_string(s.users) + " users who see " +
                      std::to_string(s.publishers) + " publishers are " + std::to_string(pairs) +
                      " pairs to keep account of; allowed are " + std::to_string(pairs_max));
    }
}

}  // namespace

std::uint32_t settings::process_count() const {
    std::uint32_t count = std::max(load_processes, 1U);
    while (load_processes == 0 && greatest_share(*this, count) > connections_of_process_max) {
        ++count;
    }
    return count;
}

std::string name_of(topology_kind t) {
    return key_of(topologies, t);
}

std::string name_of(scenario_kind s) {
    return key_of(scenarios, s);
}

std::string name_of(pacing p) {
    return key_of(pacings, p);
}

std::variant<settings, int> parse_arguments(int argc, const char* const* argv, std::ostream& out,
                                            std::ostream& err) {
    settings s;
    CLI::App app(purpose, "porchlight-load");
    app.footer(footing);
    app.set_version_flag("--version", std::string("porchlight-load " PORCHLIGHT_VERSION));
    add_server(app, s);
    add_users(app, s);
    add_load(app, s);
    add_output(app, s);
    try {
        app.parse(argc, argv);
        complete(s);
    } catch (const CLI::ParseError& e) {
        return app.exit(e, out, err) == 0 ? 0 : 2;
    } catch (const failure& e) {
        err << "porchlight-load: " << e.what() << "\n";
        return 2;
    }
    return s;
}

}  // namespace porchlight::load
