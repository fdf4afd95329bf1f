#pragma once

#include <memory>
#include <string>
#include <vector>

#include "homeserver/rooms.h"

namespace porchlight::homeserver {

// Typing (in memory, expires), receipts and account data (stored). Deciding thread only.
class ephemeral {
  public:
    ephemeral(services& s, accounts& a, rooms& r);
    ~ephemeral();

    void set_typing(caller who, room_key r, bool typing, base::milliseconds timeout,
                    completion<void> done);
    struct typing_state {
        std::uint64_t position = 0;  // of the last change, 0: never
        std::vector<std::string> user_ids;
    };
    typing_state typing(room_key r) const;
    std::uint64_t typing_position(room_key r) const;  // as in `typing`, without the names

    void receipt(caller who, room_key r, std::string type, std::string event_id,
                 completion<void> done);
    // Position of the newest receipt of a room, private ones of anybody included. After a start the
    // stored ones count as if they came last, here and below: a reader with an older token looks
    // into the store and may find nothing.
    std::uint64_t receipts_position(room_key r) const;

    // `room` not valid(): global. Content is a JSON object.
    void set_account_data(caller who, room_key r, std::string type, std::string content,
                          completion<void> done);
    std::uint64_t account_data_position(user_key u) const;

    // Of anything here that `u` would see in /sync.
    std::uint64_t news_position(user_key u) const;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::homeserver
