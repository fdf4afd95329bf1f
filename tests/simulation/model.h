#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "presence/user.h"
#include "presence/visibility.h"

// What should be so, told without the engine: one presence::user each, rooms as plain sets, and
// visibility by looking through all of them, lists and blocks as plain sets too.
namespace porchlight::simulation {

using base::instant;
using base::milliseconds;

struct policy {
    bool not_public = false;
    bool none = false;
    std::size_t members_max = 0;
    bool enabled = true;
};

class model {
  public:
    struct hall {
        std::set<std::uint32_t> members;
        bool is_public = false;
        bool size_allows = true;
    };
    struct person {
        explicit person(const presence::settings& s) : core(s) {}
        presence::user core;
        bool deactivated = false;
    };

    explicit model(const presence::settings& s) : settings_(s) {}

    // The person, with everything that is due by now taken into account.
    person& at(std::uint32_t u, instant now);
    // Deadlines take effect when they pass, not when somebody looks: the wall clock may jump.
    std::optional<base::mono_time> next_deadline() const;
    void settle(instant now);
    // After a restart: from what the disk has.
    void restore(std::uint32_t u, presence::saved_state saved, presence::state s, instant now);
    void member(std::uint32_t room, std::uint32_t u, bool joins);
    void resize(hall& h) const;
    void set_policy(const policy& p);
    const policy& rules() const { return policy_; }
    std::map<std::uint32_t, hall>& rooms() { return rooms_; }
    bool counts(const hall& h) const;
    bool may_see(std::uint32_t observer, std::uint32_t subject) const;
    bool shows_in_rooms(std::uint32_t u) const {
        return visibility_of(u) == presence::user_visibility::everyone;
    }
    presence::user_visibility visibility_of(std::uint32_t u) const;
    using pair = std::pair<std::uint32_t, std::uint32_t>;
    std::set<pair> accepted;  // observer, subject
    std::map<std::uint32_t, presence::user_visibility> visibilities;
    std::map<pair, presence::view> blocked;  // subject, observer -> what it shows
    // As `observer`, who may, sees `subject`.
    presence::view expected(std::uint32_t observer, std::uint32_t subject, instant now);

  private:
    const presence::settings settings_;
    policy policy_;
    std::map<std::uint32_t, person> people_;
    std::map<std::uint32_t, hall> rooms_;
};

}  // namespace porchlight::simulation
