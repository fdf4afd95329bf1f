#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "load/schedule.h"
#include "load/topology.h"

namespace porchlight::load {

enum class scenario_kind { steady, rush, reconnect };

// What the command line says, checked. Ranges are those of its help.
struct settings {
    std::string server;
    std::string ca_file;
    bool insecure = false;

    std::uint32_t users = 100;
    std::string prefix;  // of user names; generated if it was not given
    bool prefix_given = false;
    std::string password = "porchlight-load";
    std::string registration_token;
    topology_kind topology = topology_kind::hall;
    std::uint32_t room_size = 20;  // teams
    std::uint32_t list_size = 20;  // lists

    scenario_kind scenario = scenario_kind::steady;
    double rate = 10;  // changes a second, of all publishers together
    std::uint32_t publishers = 0;
    pacing pace = pacing::poisson;
    std::chrono::seconds duration{30};
    std::chrono::seconds settle{10};
    std::chrono::seconds within{10};
    std::chrono::seconds poll_timeout{30};
    double connections_per_second = 500;
    std::uint32_t setup_connections = 32;
    std::string set_presence = "offline";
    bool keep_rooms = false;

    std::uint32_t load_processes = 0;  // 0: as many as are needed
    std::vector<pid_t> processes;      // of the server
    std::string json_file, svg_file;

    // Of users with their polls, and of publishers.
    std::uint64_t connections() const { return std::uint64_t{users} + publishers; }
    std::uint32_t process_count() const;
};

// Sockets one process holds at most; for more there are more processes.
inline constexpr std::uint64_t connections_of_process_max = 19'000;
inline constexpr std::uint32_t publishers_max = 10'000;  // they are all in one process
inline constexpr std::uint64_t pairs_max = 100'000'000;  // four bytes each

// The settings; or, where there is nothing to run, the status to exit with (0 for --help), after
// the text for the user has been written: 2 and what is wrong, where, and what is allowed.
std::variant<settings, int> parse_arguments(int argc, const char* const* argv, std::ostream& out,
                                            std::ostream& err);

// As the command line writes them.
std::string name_of(topology_kind t);
std::string name_of(scenario_kind s);
std::string name_of(pacing p);

}  // namespace porchlight::load
