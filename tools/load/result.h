#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <vector>

#include "load/arguments.h"
#include "load/measurements.h"
#include "load/usage.h"

namespace porchlight::load {

// What a run came to.
struct run_result {
    settings asked;
    std::size_t processes = 1;
    measurements all{moment(1'000'000)};
    std::uint64_t setup_rate_limited = 0;
    double setup_seconds = 0;
    double arrival_seconds = 0;   // until the last first sync was answered
    double comeback_seconds = 0;  // reconnect: until the last was back
    double changes_seconds = 0;   // in which changes were due
    bool interrupted = false;
    std::string incomplete;  // why the run ended before its time; empty: it didn't

    // Of the server's processes, if they were named: before anything, when all were set up, when
    // all had arrived, and at the end.
    struct marks {
        usage start, set_up, arrived, end;
    };
    std::optional<marks> server;

    // 0, 1 or 3, as the help says.
    int exit_status() const;
    // From the first change to the last delivery.
    double delivery_seconds() const;
};

// The same figures: for programs, and as a table for people.
boost::json::value to_json(const run_result& r);
std::string to_table(const run_result& r);

}  // namespace porchlight::load
