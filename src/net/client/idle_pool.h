#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/time.h"

namespace porchlight::net {

// Connections that wait for the next request to the same place, the newest used first: the others
// may then grow old and close. One thread.
// Invariant: `by_place_` has one entry for each of `by_age_`.
template <class Connection>
class idle_pool {
  public:
    using id = std::uint64_t;

    // REQUIRES: connections_max > 0.
    idle_pool(std::size_t connections_max, base::milliseconds idle_max)
        : connections_max_(connections_max), idle_max_(idle_max) {}

    // The id to drop it by, and whether the oldest had to go. REQUIRES: now never goes back.
    struct kept {
        id named;
        bool was_full;
    };
    kept keep(std::string place, std::unique_ptr<Connection> c, base::mono_time now) {
        const bool was_full = by_age_.size() >= connections_max_;
        if (was_full) {
            drop(by_age_.begin()->first);
        }
        const auto named = next_id_++;
        by_place_.emplace(place, named);
        by_age_.emplace(named, idle{std::move(place), std::move(c), now});
        return {named, was_full};
    }

    // The newest to that place; null: there is none.
    std::unique_ptr<Connection> take(const std::string& place) {
        auto after = by_place_.upper_bound({place, std::numeric_limits<id>::max()});
        if (after == by_place_.begin() || std::prev(after)->first != place) {
            return nullptr;
        }
        const auto found = by_age_.find(std::prev(after)->second);
        auto connection = std::move(found->second.connection);
        drop(found->first);
        return connection;
    }

    // Closes it if it is still here.
    void drop(id named) {
        const auto found = by_age_.find(named);
        if (found != by_age_.end()) {
            by_place_.erase({found->second.place, named});
            by_age_.erase(found);
        }
    }

    // Closes what nobody used for idle_max. When to call this again; nothing: once one is kept.
    std::optional<base::mono_time> expire(base::mono_time now) {
        while (!by_age_.empty() && now - by_age_.begin()->second.since >= idle_max_) {
            drop(by_age_.begin()->first);
        }
        return by_age_.empty() ? std::nullopt
                               : std::optional(by_age_.begin()->second.since + idle_max_);
    }

    void clear() {
        by_place_.clear();
        by_age_.clear();
    }
    std::size_t size() const { return by_age_.size(); }

  private:
    struct idle {
        std::string place;
        std::unique_ptr<Connection> connection;
        base::mono_time since;
    };
    const std::size_t connections_max_;
    const base::milliseconds idle_max_;
    id next_id_ = 1;
    std::map<id, idle> by_age_;  // ids grow with time
    std::set<std::pair<std::string, id>> by_place_;
};

}  // namespace porchlight::net
