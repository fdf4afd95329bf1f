#pragma once

#include <string>
#include <string_view>

#include "engine/engine.h"
#include "presence/state.h"

// m.presence events as clients get them. Any thread.
namespace porchlight::client_api {

// What an event shows, whoever remembers it.
struct presence_event {
    std::string_view user_id;
    presence::state shown = presence::state::offline;
    bool hidden = false;  // one's own view only: "hidden"
    bool currently_active = false;
    std::optional<base::wall_time> last_active;      // none: never seen
    std::string_view text, displayname, avatar_url;  // empty: absent
};

std::string_view presence_name(presence::state s, bool hidden);

// Appends {"type":"m.presence","sender":...,"content":{...}}. Absent fields are left out;
// last_active_ago is `now` - last_active, never below 0.
// Cost: no allocation but what `out` needs to grow.
void append_presence_event(std::string& out, const presence_event& e, base::wall_time now);

presence_event event_of(const engine::batch& b, const engine::batch::subject& s);
presence_event event_of(const engine::profile& p, const presence::view& v);

// As engine::to_string, into `out`.
void append_token(std::string& out, const engine::token& t);

}  // namespace porchlight::client_api
