#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>

#include "load/histogram.h"

namespace porchlight::load {

// Time in a run: since the same moment in all of its processes.
using moment = std::chrono::microseconds;

enum class pacing { fixed, poisson };

// When things are to happen: an open loop, which does not wait for the server. A pure sequence of
// moments; what is behind them has no influence.
class schedule {
  public:
    // REQUIRES: per_second > 0. The same seed gives the same moments.
    schedule(double per_second, pacing p, moment begin, std::uint64_t seed = 1);

    moment next() const { return next_; }
    void advance();

  private:
    const double interval_us_;
    const pacing pacing_;
    const moment begin_;
    std::mt19937_64 random_;
    double offset_us_ = 0;
    std::uint64_t count_ = 0;
    moment next_;
};

// One subject's changes. They are numbered from 1 and sent one after the other, so that the last
// one is known; those that are due while another is under way wait here with the moment at which
// they ought to have been sent, and that is the moment from which their latency counts. Otherwise
// a server that stalls would hide all that it kept from being sent (coordinated omission).
class change_queue {
  public:
    static constexpr std::size_t waiting_max = 10'000;  // more: given up

    struct change {
        std::uint32_t sequence = 0;
        moment intended{};
    };

    // False: too many wait, this one is given up.
    bool due(moment intended);
    // The change to be sent now; nothing when one is under way or none is due.
    std::optional<change> begin();
    // The server said yes: whoever sees the subject has to hold this state, or a newer one.
    void acknowledged();
    // It said no, or nothing: the change may have happened or not. The next has another number.
    void failed() { under_way_.reset(); }

    const std::optional<change>& under_way() const { return under_way_; }
    std::uint32_t last_acknowledged() const { return last_acknowledged_; }
    std::size_t waiting() const { return waiting_.size(); }
    // Changes that have not been sent are not sent any more. Returns how many.
    std::size_t give_up();

  private:
    std::deque<moment> waiting_;
    std::optional<change> under_way_;
    std::uint32_t last_sequence_ = 0;
    std::uint32_t last_acknowledged_ = 0;
};

// How far behind the schedule things were sent.
class lateness {
  public:
    static constexpr microseconds late_after{1000};  // less is the precision of the timers

    void sent(moment intended, moment now);
    void merge(const lateness& other);
    const histogram& all() const { return all_; }
    std::uint64_t late() const { return late_; }

  private:
    histogram all_;
    std::uint64_t late_ = 0;
};

}  // namespace porchlight::load
