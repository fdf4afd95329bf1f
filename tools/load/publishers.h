#pragma once

#include <atomic>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "load/accounts.h"
#include "load/connection.h"
#include "load/measurements.h"
#include "load/schedule.h"

namespace porchlight::load {

class publisher_group;

// One subject: sends its changes one after the other, each as a new status text.
class publisher final : public connection {
  public:
    publisher(publisher_group& group, std::uint32_t subject);
    // A change of this subject is due.
    void due(moment intended);
    bool idle() const { return !queue_.under_way() && queue_.waiting() == 0; }
    void give_up();

  private:
    void answered(const answer& a) override;
    void broken(std::string_view why) override;
    void send_next();
    void send_under_way();
    void failed(std::string_view why);

    publisher_group& group_;
    const std::uint32_t subject_;
    change_queue queue_;
};

// All subjects, and the schedule of their changes: an open loop.
class publisher_group {
  public:
    struct shared {
        const endpoint& where;
        std::span<const account> accounts;        // of all users
        std::span<const std::uint32_t> subjects;  // the user of each
        std::string run;
        double per_second = 0;  // of all together; 0: never
        pacing pace = pacing::poisson;
        // Where each subject's last acknowledged state is written: other processes read it.
        std::span<std::atomic<std::uint32_t>> last_acknowledged;
    };
    publisher_group(event_loop& loop, shared s, measurements& into);

    // Changes are due from `begin` on, and before `end`.
    void publish(moment begin, moment end);
    // No further change becomes due; those that are, are sent.
    void stop() { end_ = moment(0); }
    // Everything that was due has been sent and answered.
    bool idle() const;
    // What has not been sent is not sent any more.
    void give_up();
    void check_patience();

  private:
    friend class publisher;
    void publish_due();

    event_loop& loop_;
    const shared shared_;
    measurements& into_;
    std::vector<std::unique_ptr<publisher>> publishers_;
    std::unique_ptr<schedule> schedule_;
    std::minstd_rand random_;
    std::size_t turn_ = 0;
    moment end_{};
};

}  // namespace porchlight::load
