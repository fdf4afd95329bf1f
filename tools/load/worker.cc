#include "load/worker.h"

#include <utility>

#include "load/usage.h"

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;

constexpr auto tick_period = 20ms;
constexpr unsigned ticks_of_second = 50;
constexpr unsigned ticks_of_count = 10;  // between counts of what is lost, which look at all pairs

}  // namespace

worker::worker(event_loop& loop, observer_group::shared share, pace p, board& b, std::size_t slot,
               moment interval_width)
    : loop_(loop),
      pace_(p),
      board_(b),
      slot_(b.slots()[slot]),
      results_(interval_width),
      observers_(loop, std::move(share), results_) {
    tick();
}

void worker::follow() {
    loop_.run_until([this] { return over(); });
}

void worker::tick() {
    const phase told = board_.told().now;
    // A phase that was too short to be seen is not left out.
    while (phase_ < told) {
        const auto next = static_cast<phase>(static_cast<int>(phase_) + 1);
        const bool skipped = next == phase::returning && board_.told().returning_begin == 0;
        phase_ = next;
        if (!skipped) {
            enter(next);
        }
    }
    if (over()) {
        return;
    }
    if (++ticks_ % ticks_of_second == 0) {
        observers_.check_patience();
    }
    report();
    loop_.after(tick_period, [this] { tick(); });
}

void worker::enter(phase next) {
    const auto& told = board_.told();
    if (next == phase::arriving) {
        observers_.arrive_all(moment(told.arrivals_begin), pace_.arrivals_per_second);
    } else if (next == phase::changing) {
        results_.begin = moment(told.changes_begin);
        changes_begun_ = loop_.now();
        cpu_before_ = own_cpu_seconds();
    } else if (next == phase::returning) {
        observers_.vanish_all();
        observers_.arrive_all(moment(told.returning_begin), pace_.returns_per_second);
    } else if (next == phase::settling) {
        const auto time = std::chrono::duration<double>(loop_.now() - changes_begun_).count();
        results_.busy_share = time > 0 ? (own_cpu_seconds() - cpu_before_) / time : 0;
    } else if (next == phase::over) {
        results_.cpu_seconds = own_cpu_seconds() - cpu_before_;
        observers_.judge(board_.last_states());
        report();
    }
}

void worker::report() {
    slot_.present = observers_.present();
    slot_.deliveries = results_[count::deliveries];
    if (phase_ == phase::settling && ticks_ % ticks_of_count == 0) {
        slot_.lost = observers_.lost(board_.last_states());
    }
    slot_.seen = phase_;
}

}  // namespace porchlight::load
