#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "load/accounts.h"
#include "load/connection.h"
#include "load/held_states.h"
#include "load/measurements.h"
#include "load/sync_scan.h"

namespace porchlight::load {

class observer_group;

// One user's long-polling: a first sync, then poll after poll with the token of the last answer.
class observer final : public connection {
  public:
    observer(observer_group& group, std::size_t number);

    // Its first sync, or the first after vanishing; latency counts from `intended`.
    void arrive(moment intended);
    bool present() const { return present_; }  // answered since it arrived last
    void vanish();

  private:
    void answered(const answer& a) override;
    void broken(std::string_view why) override;
    void poll();
    void poll_after(moment delay);
    void take(std::string_view body);

    observer_group& group_;
    const std::size_t number_;
    std::string since_;  // URL-encoded
    moment intended_{};
    bool present_ = false;
    bool returning_ = false;
    bool gone_ = true;
};

// The observers of one process: users `first` to `first + views.size() - 1`.
class observer_group {
  public:
    struct shared {
        const endpoint& where;
        std::span<const account> accounts;  // of this group, in order
        std::span<const view> views;        // of this group, in order
        std::uint32_t subjects = 0;         // in the whole run
        std::string run;                    // what the status texts are marked with
        std::chrono::milliseconds poll_timeout{};
        std::string set_presence;  // of who publishes nothing
        std::size_t first = 0;     // number of the first user in the whole run
    };
    observer_group(event_loop& loop, shared s, measurements& into);

    // Everybody comes: user number i of the whole run at begin + i / per_second.
    void arrive_all(moment begin, double per_second);
    void vanish_all();
    std::size_t present() const { return present_; }
    std::size_t size() const { return observers_.size(); }
    std::uint64_t lost(std::span<const std::uint32_t> last) const { return held_.lost(last); }
    // At the end: counts those lost, keeps some of them as examples.
    void judge(std::span<const std::uint32_t> last);
    // To be called about once a second.
    void check_patience();

  private:
    friend class observer;
    void arrive_due();
    moment arrival(std::size_t index) const;

    event_loop& loop_;
    const shared shared_;
    measurements& into_;
    const sync_scanner scanner_;
    held_states held_;
    std::vector<std::unique_ptr<observer>> observers_;
    std::size_t present_ = 0;
    std::size_t arrived_ = 0;
    moment arrivals_begin_{};
    double arrivals_per_second_ = 0;
};

}  // namespace porchlight::load
