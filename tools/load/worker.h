#pragma once

#include <memory>
#include <span>

#include "load/board.h"
#include "load/observers.h"

namespace porchlight::load {

// One process's share of the observers: follows what the board says until the run is over.
class worker {
  public:
    struct pace {
        double arrivals_per_second = 0, returns_per_second = 0;
    };
    worker(event_loop& loop, observer_group::shared share, pace p, board& b, std::size_t slot,
           moment interval_width);

    // Follows the board until it says that all is over; for a process that does nothing else.
    void follow();
    bool over() const { return phase_ == phase::over; }
    measurements& results() { return results_; }

  private:
    void tick();
    void enter(phase next);
    void report();

    event_loop& loop_;
    const pace pace_;
    board& board_;
    board::slot& slot_;
    measurements results_;
    observer_group observers_;
    phase phase_ = phase::waiting;
    unsigned ticks_ = 0;
    double cpu_before_ = 0;
    moment changes_begun_{};
};

}  // namespace porchlight::load
