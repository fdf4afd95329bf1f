#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client_api/sliding/request.h"
#include "homeserver/rooms.h"

// What is remembered of sliding connections: which rooms a client was told, and up to where. In
// memory alone; a client whose connection is forgotten begins anew. Deciding thread only, but for
// `sent_rooms` that a composition holds, which do not change meanwhile.
namespace porchlight::client_api::sliding {

// What the client knows of a room.
struct sent_room {
    std::uint64_t up_to = 0;         // its events and membership were told up to here
    std::uint64_t receipts = 0;      // ... receipts; 0: none yet
    std::uint64_t account_data = 0;  // ... account data; 0: none yet
    std::uint64_t typing = 0;        // the change of who types that was told last; 0: none yet
    config_ptr config;               // what was asked for when it was told last
    std::size_t timeline_limit = 0;  // so many of the newest events are known to the client
    ports::membership state = ports::membership::none;
    bool is_dm = false;
};
using sent_rooms = boost::unordered_flat_map<base::room_key, sent_room, std::hash<base::room_key>>;

// The connection after one answer.
struct checkpoint {
    position pos;
    bool presence_told = false;  // all visible subjects up to pos.token
    bool more = false;           // matched rooms were left out: the next request has them at once
    std::uint64_t account_data = 0;  // global account data told up to here; 0: none yet
    rules_ptr wanted;
    std::vector<std::size_t> counts;  // of each list
    std::uint8_t extensions = 0;      // request::extensions()
};

// Two answers are remembered: that whose pos the client presented last, and the one made from it
// since. Presenting the latter makes it the former; presenting the former again makes another.
class connection {
  public:
    const checkpoint& base() const { return base_; }
    const std::shared_ptr<sent_rooms>& rooms() const { return rooms_; }
    // False: neither of the two.
    bool present(const position& pos);
    void begin_anew();
    void issue(checkpoint c, std::vector<std::pair<base::room_key, sent_room>> changes);
    std::size_t size() const { return rooms_->size() + changes_.size(); }

    std::optional<ports::http_handle> active;  // the request that is being answered

  private:
    checkpoint base_, issued_;
    std::vector<std::pair<base::room_key, sent_room>> changes_;  // from base_ to issued_
    std::shared_ptr<sent_rooms> rooms_ = std::make_shared<sent_rooms>();
};
using connection_ptr = std::shared_ptr<connection>;

struct connection_limits {
    std::size_t per_device, all, rooms;
};

// Beyond a limit the one that was used least lately is forgotten.
class connection_table {
  public:
    explicit connection_table(connection_limits l) : limits_(l) {}
    // Null: no such connection. Counts as use.
    connection_ptr find(base::device_key d, const std::string& conn_id);
    connection_ptr create(base::device_key d, const std::string& conn_id);
    // After the connection has issued or presented: its size may be another.
    void keep_limits(const connection_ptr& changed);
    std::size_t size() const { return entries_.size(); }
    std::size_t rooms() const { return rooms_; }

  private:
    using key = std::pair<base::device_key, std::string>;
    struct entry {
        key name;
        connection_ptr c;
        std::size_t counted = 0;  // of its rooms, in rooms_
    };
    using place = std::list<entry>::iterator;
    void forget(place p);

    connection_limits limits_;
    std::list<entry> entries_;  // the one used last in front
    std::map<key, place> by_name_;
    std::size_t rooms_ = 0;
};

}  // namespace porchlight::client_api::sliding
