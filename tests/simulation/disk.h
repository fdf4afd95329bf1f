#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/time.h"
#include "engine/views.h"
#include "ports/store.h"
#include "presence/visibility.h"

namespace porchlight::simulation {

// A commit log with a disk behind it: what is written is on disk after a while, in order; what must
// last at once, and with it all that was written before. A kill loses what is under way, a power
// loss all that was not synced.
class disk {
  public:
    using pair = std::pair<std::uint32_t, std::uint32_t>;
    struct tables {
        std::map<std::uint32_t, ports::presence_row> presences;
        std::map<std::uint32_t, ports::status_row> statuses;
        std::map<pair, ports::loss_row> losses;     // observer, subject
        std::map<pair, std::uint64_t> memberships;  // room, user -> position
        std::map<std::uint32_t, bool> rooms;        // public
        std::map<std::uint32_t, std::pair<bool, std::uint64_t>> flips;
        std::map<pair, std::uint64_t> acceptances;  // observer, subject -> position
        std::set<pair> ended_acceptances;           // whose losses may not be written yet
        struct visibility {
            presence::user_visibility now{}, before{};
            std::uint64_t position = 0;
        };
        std::map<std::uint32_t, visibility> visibilities;
        struct block {
            engine::frozen_view shows;
            std::uint64_t position = 0;
        };
        std::map<pair, block> blocks;   // subject, observer
        std::set<std::uint32_t> dirty;  // its own file: survives a kill, not written behind
        std::uint64_t ceiling = 0;
        std::uint64_t power_loss = 0;
    } now;

    void write_behind(base::mono_time done, std::function<void(tables&)> write) {
        log_.push_back({done, std::move(write)});
    }
    void commit(const std::function<void(tables&)>& write) {
        pass(base::mono_time::max());
        write(now);
        sync();
    }
    void sync() { synced_ = now; }
    // Time passes.
    void pass(base::mono_time t) {
        while (!log_.empty() && log_.front().done <= t) {
            log_.front().write(now);
            log_.pop_front();
        }
    }
    void kill() { log_.clear(); }
    // What was written since the last sync is gone, and of the dirty file nothing is certain.
    void lose_power(const std::function<bool()>& survives) {
        kill();
        const std::set<std::uint32_t> dirty = std::exchange(now.dirty, {});
        now = synced_;
        now.dirty.clear();
        std::ranges::copy_if(dirty, std::inserter(now.dirty, now.dirty.end()),
                             [&](std::uint32_t) { return survives(); });
    }

  private:
    struct entry {
        base::mono_time done;
        std::function<void(tables&)> write;
    };
    std::deque<entry> log_;
    tables synced_;
};

}  // namespace porchlight::simulation
