#pragma once

#include <array>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/held_states.h"
#include "load/histogram.h"
#include "load/schedule.h"

namespace porchlight::load {

// Everything that is counted. The names in the JSON are those of count_names, in the same order.
enum class count : std::size_t {
    polls,         // answers to /sync
    polls_empty,   // of these, without news of the run's subjects
    deliveries,    // states that an observer saw for the first time
    replaced,      // states that it never saw, since a newer one came in their place
    repeated,      // states that came again
    backwards,     // states older than what the observer held already
    unexpected,    // states of subjects that the observer need not see
    changes_due,   // by the schedule
    changes_sent,  // PUT at least once
    changes_acknowledged,
    changes_failed,    // refused, or the connection broke
    changes_given_up,  // never sent: too many waited, or the time was over
    rate_limited,      // answers 429 during the run
    refused,           // other answers that are not 200
    broken,            // connections that broke, or answers that did not come in time
    lost,              // pairs of an observer and a subject whose last state it does not hold
    last               // how many there are
};
std::string_view name_of(count c);

// A piece of the time in which changes were due.
struct interval {
    histogram delivery;  // of the changes that were due in it, whenever they arrived
    std::uint64_t due = 0;
};

// What one process measured, and what all of them did.
struct measurements {
    // `width` of the intervals of the timeline, which begins at `begin`.
    explicit measurements(moment width) : interval_width(width) {}

    std::uint64_t& operator[](count c) { return counts[static_cast<std::size_t>(c)]; }
    std::uint64_t operator[](count c) const { return counts[static_cast<std::size_t>(c)]; }

    // A change due at `intended` reached an observer.
    void delivered(moment intended, moment now);
    interval& interval_at(moment when);
    // Of several problems the first is told.
    void problem(std::string_view what);
    void merge(const measurements& other);

    boost::json::value to_json() const;  // for another process of the same build
    static measurements from_json(const boost::json::value& v);

    moment interval_width;
    moment begin{};  // of the changes; the timeline's 0
    std::array<std::uint64_t, static_cast<std::size_t>(count::last)> counts{};
    histogram delivery;      // from when a change was due to when an observer had it
    histogram put;           // from when a change was due to its acknowledgement
    histogram first_sync;    // from when a user was to arrive to the answer
    histogram comeback;      // from when it was to come back to the answer
    lateness late;           // of sending
    moment last_delivery{};  // when
    double cpu_seconds = 0;  // of this process, while changes were made
    double busy_share = 0;   // of one core, in that time; of several processes the busiest
    std::vector<interval> timeline;
    std::vector<held_states::lost_state> lost_examples;
    std::string first_problem;
};

}  // namespace porchlight::load
