#pragma once

#include <string_view>

// What an event's `unsigned` carries in the store, beyond what the specification names. `unsigned`
// is in no hash, and none of these leave the server as they are: readers translate them.
namespace porchlight::homeserver::stored_event {

// Event id of the state event this one took the place of. Kept as it is for clients.
inline constexpr std::string_view replaces_state = "replaces_state";
// {"device": key, "transaction_id": "..."}: shown as unsigned.transaction_id to that device only.
inline constexpr std::string_view sent_by = "io.porchlight.sent_by";
// The redaction event that emptied this one, in the form clients see.
inline constexpr std::string_view redacted_because = "redacted_because";

}  // namespace porchlight::homeserver::stored_event
