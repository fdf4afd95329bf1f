#include "client_api/sync/stripped_state.h"

#include "client_api/rooms/event_format.h"
#include "client_api/sync/answer.h"

namespace porchlight::client_api {

bool append_stripped_state(std::string& out, ports::store_reader& store, base::room_key room,
                           const std::string& user_id, std::uint64_t position) {
    const auto own = store.state_event_at(room, "m.room.member", user_id, position);
    if (!own) {
        return false;
    }
    item_separator separator{out};
    for (const ports::event_row& row : store.state_at(room, position, false)) {
        if (is_invite_state(row.type)) {
            separator.next();
            append_json(out, format_stripped(row));
        }
    }
    if (const auto inviter = store.state_event_at(room, "m.room.member", own->sender, position);
        inviter && own->sender != user_id) {
        separator.next();
        append_json(out, format_stripped(*inviter));
    }
    separator.next();
    append_json(out, format_stripped(*own));
    return true;
}

}  // namespace porchlight::client_api
