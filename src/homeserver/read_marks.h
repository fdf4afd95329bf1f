#pragma once

#include "ports/store.h"

// Up to where a user has read a room: positions of the events their receipts named, kept beside the
// receipts so that unread messages are counted without looking for those events.
namespace porchlight::homeserver {

struct read_marks {
    std::uint64_t open = 0;    // of m.read; 0: none yet
    std::uint64_t hidden = 0;  // of m.read.private
    std::uint64_t newest() const { return open > hidden ? open : hidden; }
    std::uint64_t& of(bool is_private) { return is_private ? hidden : open; }
};

// Cold pool only; throws ports::store_error.
read_marks load_read_marks(ports::store_reader& store, ports::user_key user, ports::room_key room);
ports::document_row row_of(const read_marks& marks, ports::user_key user, ports::room_key room);

}  // namespace porchlight::homeserver
