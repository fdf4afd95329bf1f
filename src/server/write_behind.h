#pragma once

#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/key.h"
#include "homeserver/durable_log.h"
#include "ports/executor.h"
#include "ports/store.h"
#include "storage/dirty_file.h"

namespace porchlight::server {

// Collects what presence leaves behind and writes it within `delay`, the last value winning; keeps
// the dirty file in step. What lasts and changed without a PUT (an explicit set_presence that ends
// a suppression, a text that expired) goes at once and durably, as the PUT did. Deciding thread
// only. Invariant: a user's dirty bit is set from before a change becomes visible until a commit
// that holds that user's newest row was acknowledged.
class write_behind {
  public:
    static constexpr auto delay = std::chrono::milliseconds{200};  // the engine collects too

    write_behind(ports::executor& decider, ports::commit_log& log, storage::dirty_file& dirty);

    void save(const ports::presence_row& r);
    void save(const ports::status_row& r);
    void save(const ports::loss_row& r);
    void forget(const ports::loss_removal& r);
    void reserve_positions(std::uint64_t ceiling);
    void now_dirty(base::user_key u);

    // Writes everything that waits; `done` once it and all before it is acknowledged.
    void flush(base::unique_function<void()> done);

  private:
    using pair = std::pair<base::user_key, base::user_key>;

    void schedule(base::milliseconds in);
    void write();
    void written(const std::vector<base::user_key>& users, bool ok, const ports::write_set& again);

    ports::executor& decider_;
    ports::commit_log& log_;
    storage::dirty_file& dirty_;
    std::unordered_set<base::user_key> soiled_;  // changed, and no row of it came yet
    std::unordered_map<base::user_key, ports::presence_row> presence_;
    std::unordered_map<base::user_key, ports::status_row> status_;
    std::map<pair, ports::write> losses_;  // loss_row or loss_removal, the newest per pair
    std::unordered_map<base::user_key, std::uint32_t> in_flight_;
    bool scheduled_ = false;
    bool soon_ = false;
};

}  // namespace porchlight::server
