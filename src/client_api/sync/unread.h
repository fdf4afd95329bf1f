#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "client_api/sync/plan.h"
#include "ports/store.h"

// unread_notifications of a room: what the default push rules make of the messages of others since
// one's read receipt, or since one joined.
namespace porchlight::client_api {

struct unread_counts {
    std::uint32_t notifications = 0;
    std::uint32_t highlights = 0;  // counted among the notifications as well
};

// What was counted before, so that the next answer looks at what came since. Any thread.
// Memory: 64 bytes an entry; at limits::unread_counts_kept_max all are forgotten and counted anew.
class unread_cache {
  public:
    struct entry {
        std::uint64_t from = 0, up_to = 0;  // of the events in (from, up_to]
        unread_counts counts;
    };
    std::optional<entry> find(base::user_key user, base::room_key room) const;
    void keep(base::user_key user, base::room_key room, const entry& e);

  private:
    static std::uint64_t key(base::user_key user, base::room_key room) {
        return (std::uint64_t{user.value} << 32) | room.value;
    }
    mutable std::mutex guard_;
    std::unordered_map<std::uint64_t, entry> entries_;
};

// Counts over at most limits::unread_scan_max events: of more, the newest. Cold pool; throws
// ports::store_error.
unread_counts count_unread(ports::store_reader& store, const sync_plan& plan, const room_plan& r);

}  // namespace porchlight::client_api
