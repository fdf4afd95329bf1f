#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "homeserver/rooms.h"

// What of a room's past a user may see.
namespace porchlight::homeserver {

// What state_at and its kin take for "now" (the largest position a store can hold).
inline constexpr std::uint64_t newest_position = ~std::uint64_t{0} >> 1;

std::optional<history_visibility> parse_history_visibility(const json::object& content);
std::string_view to_string(history_visibility v);

// One user's window on one room, read from the store. Cold pool only (or before serving); calls
// throw ports::store_error.
class history_reader {
  public:
    // `now`: the user's live membership, as rooms::membership_of says.
    history_reader(ports::store_reader& store, std::string user_id, const membership_info& now);

    // Leaves those the user may see. `events` are neighbours of the one room, oldest first or
    // newest first. Cost: two point reads, then one pass.
    std::vector<ports::event_row> visible(std::vector<ports::event_row> events);
    bool may_see(const ports::event_row& event);
    // The newest position at which the user may read state: that of leaving for who left, whatever
    // came after (a ban, another invite); none for who never was in the room.
    std::optional<std::uint64_t> state_position() const;

  private:
    struct moment {
        history_visibility visibility;
        membership user;
    };
    moment before(std::uint64_t position);
    bool step(moment& m, const ports::event_row& event);

    ports::store_reader& store_;
    std::string user_id_;
    membership_info info_;
    std::uint64_t joined_until_ = 0;  // the event that ended the last stay; 0: never was in
};

}  // namespace porchlight::homeserver
