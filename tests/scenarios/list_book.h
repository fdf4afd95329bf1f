#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/time.h"
#include "presence/consent.h"
#include "presence/visibility.h"
#include "scenarios/scenario.h"

namespace porchlight::scenarios {

// The presence lists of one server for harnesses that play without one: both halves of
// presence/consent.h with their messages handed over at once, what users said beside that, and the
// notices to their devices. Like a disk, it outlives restarts. What an observer then sees is not
// its business.
class list_book {
  public:
    using pair = std::pair<std::string, std::string>;  // observer, subject

    void change(const step::changes_lists& s, base::wall_time now);
    void set_policy(const step::sets_policy& s);
    void deactivated(const std::string& user);

    // Those who may see somebody by their list, if the subject's visibility allows it.
    std::set<pair> accepted() const;
    bool is_accepted(const std::string& observer, const std::string& subject) const;
    const std::set<pair>& blocked() const { return blocks_; }
    presence::user_visibility visibility(const std::string& user) const;

    // Whether the owner finds the subject accepted; none: not on the list.
    std::optional<bool> entry(const std::string& owner, const std::string& subject) const;
    bool has_answer(const std::string& who, const std::string& whom, step::answer what) const;

    // A device is there from the begin until it logs in anew: then only the invites that wait reach
    // it.
    void logged_in(const actor& a);
    void synced(const actor& a);  // what waits for the device reaches it
    std::size_t take_notices(const actor& a, step::notice what, const std::string& by);

  private:
    struct half_pair {
        presence::entry_state entry = presence::entry_state::none;
        presence::consent_state consent = presence::consent_state::none;
        std::optional<base::wall_time> noticed;  // when the subject was told last
    };
    struct policy {
        presence::user_visibility visibility = presence::user_visibility::everyone;
        presence::auto_accept auto_accept = presence::auto_accept::never;
    };
    using notice = std::pair<step::notice, std::string>;  // what, by whom
    using notices = std::map<notice, std::size_t>;
    struct mail {
        notices waiting, arrived;
    };

    half_pair state_of(const pair& p) const;
    void hear(const pair& p, presence::entry_input i, base::wall_time now);
    void hear(const pair& p, presence::consent_input i, base::wall_time now);
    bool takes_invite_in(const pair& p, const half_pair& h) const;
    mail& mail_of(const actor& a);
    void tell(const std::string& user, const notice& n);

    std::map<pair, half_pair> pairs_;
    std::set<pair> blocks_;
    std::map<std::string, policy> policies_;
    std::map<std::string, notices> sent_;                      // since the begin, by user
    std::map<std::string, std::map<std::string, mail>> mail_;  // by user and device
};

}  // namespace porchlight::scenarios
