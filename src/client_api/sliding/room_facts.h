#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <string>

#include "base/key.h"
#include "ports/store.h"

namespace porchlight::client_api::sliding {

// What filters of lists look at.
struct room_facts {
    std::string type, name;  // of m.room.create, m.room.name; empty: none
    bool is_encrypted = false;
    std::uint64_t up_to = 0;  // true of the room at this position
};

// Facts of rooms, read from the store once and then only what changed since. Any thread.
class facts_cache {
  public:
    explicit facts_cache(std::size_t most) : most_(most) {}
    // As of `position` or, when another composition has read on, later.
    // Cost: one look-up; when the room's newest event is newer than what is known, one query.
    room_facts of(base::room_key room, std::uint64_t position, ports::store_reader& store);

  private:
    const std::size_t most_;  // more: all are read again
    std::mutex mutex_;
    boost::unordered_flat_map<base::room_key, room_facts, std::hash<base::room_key>> known_;
};

}  // namespace porchlight::client_api::sliding
