#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/scenario.h"

namespace porchlight::scenarios {

// What an observer sees of a subject, by asking. States are the protocol's words; "hidden" in one's
// own view.
struct seen {
    std::string state;
    std::string text{};  // empty: none
    bool currently_active = false;
    std::optional<milliseconds> active_ago{};  // scenario time; none: never seen
};

// An item of a presence list. Who has not accepted is shown offline and nothing else; a harness
// that sees more of them throws.
struct listed {
    bool accepted = false;
    seen shown;
};

// The harness itself came too late for what it was to do: the machine was busy, and what it would
// see says nothing about the server. The scenario is to be played again.
struct played_too_late : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The world in which a scenario is played: the pure core, the engine, the real server. One harness
// plays one scenario. A call returns when its effects can be seen by the next call; a harness that
// sees something impossible meanwhile (a loop, an early empty response) throws scenario_error.
class harness {
  public:
    virtual ~harness() = default;
    virtual std::string_view name() const = 0;  // as in "only pure, engine"

    // Once, first. Everybody exists and has joined; scenario time stands at 0.
    virtual void begin(const setup& s) = 0;
    // Time passes. What is due at `t` has happened on return.
    virtual void advance_to(milliseconds t) = 0;

    virtual void sync(const step::syncs& s) = 0;
    virtual void poll(const step::polls& s) = 0;
    virtual void stop_syncing(const step::stops_syncing& s) = 0;
    virtual void put(const step::puts& s) = 0;
    virtual void deed(const step::does& s) = 0;
    virtual void log_in(const step::logs_in& s) = 0;
    virtual void log_out(const step::logs_out& s) = 0;
    virtual void deactivate(const step::is_deactivated& s) = 0;
    virtual void join(const step::joins& s) = 0;
    virtual void leave(const step::leaves& s) = 0;
    virtual void kick(const step::kicks& s) = 0;
    virtual void make_room(const step::makes_room& s) = 0;
    // Whoever syncs goes on syncing with the token they have.
    virtual void restart(const step::server_restarts& s) = 0;
    virtual void change_settings(const step::settings_change& s) = 0;
    virtual void change_lists(const step::changes_lists& s) = 0;
    virtual void set_policy(const step::sets_policy& s) = 0;

    // None: 404.
    virtual std::optional<seen> look(const std::string& observer, const std::string& subject) = 0;
    // What the last event about the subject said to the device, its first sync's included; activity
    // counts from now. None: it got none.
    virtual std::optional<seen> last_heard(const actor& observer, const std::string& subject) = 0;
    // How many presence events a device got since it was last asked about the same subject (none:
    // about all others). What a device's first sync brings doesn't count; what a later one brings
    // does. The observer's device may be empty: the one that synced first.
    virtual std::size_t take_events(const actor& observer,
                                    const std::optional<std::string>& subject) = 0;

    // None: the subject is not on the owner's list.
    virtual std::optional<listed> look_in_list(const std::string& owner,
                                               const std::string& subject) = 0;
    virtual bool has_answer(const std::string& who, const std::string& whom, step::answer what) = 0;
    // How many notices a device got, in first syncs too, since it was last asked about the same.
    virtual std::size_t take_notices(const actor& who, step::notice what,
                                     const std::string& by) = 0;

    // How far a time seen may be from the time expected.
    virtual milliseconds slack() const { return milliseconds{0}; }
};

struct outcome {
    bool skipped = false;               // not for this harness
    std::vector<std::string> failures;  // "FILE:LINE: the line; expected ..., seen ..."
};

// Throws played_too_late when the harness does.
outcome run_scenario(const scenario& s, harness& h);
outcome run_scenario(const std::filesystem::path& file, harness& h);

}  // namespace porchlight::scenarios
