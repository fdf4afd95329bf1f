#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "person/watch/idle_timer.h"
#include "person/watch/people.h"
#include "person/watch/poll_schedule.h"
#include "person/watch/sync.h"
#include "person/web.h"

namespace porchlight::person {

struct session_options {
    std::string user_id, server;   // who watches, and the server's URL for sentences
    std::string state = "online";  // what one is while there is input
    bool marks = true;             // false: watches without being seen
    base::milliseconds idle{180'000};
    unsigned seed = 1;
};

// Something to tell.
struct change {
    enum class kind : std::uint8_t { presence, activity, asked, lost, back };
    kind what;
    person_shown who;  // presence, activity; asked: the id alone
    std::string text;  // lost: why
};

// All that `watch` decides: what to ask next, and what an answer, a key or time changes. One
// request at a time. Pure: `now` comes in, nothing goes out but values.
class session {
  public:
    session(session_options o, base::instant now);

    struct question {
        std::string path;
        base::milliseconds time_max;
    };
    // What to ask now, if it is time and nothing is under way; it then is.
    std::optional<question> next(base::instant now);
    // Throws what ends the watch: logged_out, and a refusal that asking again won't change.
    std::vector<change> answered(const web_answer& a, base::instant now);

    // Input from the terminal. True: it was the wish to quit.
    bool keys(std::string_view bytes, base::instant now);

    // Give up what is under way: the poll says something else of us than is true now, or its time
    // was over long ago, as after a laptop's sleep, which the time-outs of sockets don't count.
    bool is_stale(base::instant now) const;
    void given_up(base::instant now);

    // When to look again though nothing happened.
    std::optional<base::mono_time> wake_at(base::instant now) const;

    const session_options& options() const { return options_; }
    const people& shown() const { return people_; }
    const std::set<std::string>& askers() const { return askers_; }
    const poll_schedule& schedule() const { return schedule_; }
    // The first sync came.
    bool has_begun() const { return !since_.empty(); }
    // What the server is told of us.
    std::string marking(base::instant now) const;

  private:
    enum class stage : std::uint8_t { features, list, invites, sync };

    question current(base::instant now);
    void take(boost::json::value&& answer, base::instant now, std::vector<change>& out);
    void take_sync(boost::json::value&& answer, base::instant now, std::vector<change>& out);
    void take_askers(const std::vector<std::string>& askers, std::vector<change>& out);
    void take_presence(const boost::json::value& event, base::instant now,
                       std::vector<change>& out);
    void lose(const std::string& why, std::optional<base::milliseconds> retry_after,
              base::instant now, std::vector<change>& out);

    session_options options_;
    people people_;
    std::set<std::string> askers_;
    idle_timer idle_;
    poll_schedule schedule_;
    stage stage_ = stage::features;
    bool has_lists_ = false, under_way_ = false;
    std::string since_, asked_marking_;
    base::mono_time overdue_;
};

}  // namespace porchlight::person
