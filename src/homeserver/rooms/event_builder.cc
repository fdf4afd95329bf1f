#include "homeserver/rooms/event_builder.h"

#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "homeserver/rooms/limits_reached.h"
#include "homeserver/rooms/stored_event.h"
#include "matrix/event.h"

namespace porchlight::homeserver {
namespace {

using matrix::errc;
using matrix::fail;
namespace limits = base::limits;

json::array to_array(const std::vector<std::string>& ids) {
    json::array out;
    out.reserve(ids.size());
    for (const auto& id : ids) {
        out.emplace_back(id);
    }
    return out;
}

matrix::outcome<void> check_names(const event_draft& draft) {
    if (draft.type.empty() || draft.type.size() > limits::id_bytes_max) {
        return fail(errc::bad_json, "The event type must have 1 to 255 bytes");
    }
    if (draft.state_key && draft.state_key->size() > limits::id_bytes_max) {
        return fail(errc::bad_json, "The state key must have at most 255 bytes");
    }
    return {};
}

}  // namespace

matrix::outcome<built_event> build_event(event_draft draft, const event_place& place) {
    if (auto names = check_names(draft); !names) {
        return names.error();
    }
    json::object event;
    event["type"] = draft.type;
    event["room_id"] = place.room_id;
    event["sender"] = draft.sender;
    event["origin_server_ts"] = base::unix_ms(place.now);
    event["content"] = draft.content;
    event["depth"] = static_cast<std::int64_t>(place.depth);
    event["prev_events"] = to_array(place.previous);
    event["auth_events"] = to_array(place.authorised_by);
    if (draft.state_key) {
        event["state_key"] = *draft.state_key;
    }
    if (!draft.redacts.empty()) {
        (place.version.redacts_in_content() ? event["content"].get_object() : event)["redacts"] =
            draft.redacts;
    }
    if (!place.version.hashed_ids()) {
        event["event_id"] = place.chosen_id;
    }
    auto hashed = matrix::with_content_hash(std::move(event));
    if (!hashed) {
        return hashed.error();
    }
    auto canonical = matrix::canonical_json(*hashed);
    if (!canonical) {
        return canonical.error();
    }
    if (canonical->size() > limits::event_bytes_max) {
        event_limit_reached.add();
        return fail(errc::too_large, "The event is larger than 65,536 bytes");
    }
    auto id = place.version.hashed_ids() ? matrix::event_id(*hashed, place.version.name())
                                         : matrix::outcome<std::string>(place.chosen_id);
    if (!id) {
        return id.error();
    }
    built_event built;
    if (!draft.unsigned_part.empty()) {
        (*hashed)["unsigned"] = std::move(draft.unsigned_part);
    }
    built.row.json = json::serialize(*hashed);
    built.row.room = place.room;
    built.row.event_id = std::move(*id);
    built.row.type = std::move(draft.type);
    built.row.state_key = std::move(draft.state_key);
    built.row.sender = std::move(draft.sender);
    built.row.origin_server_ts = place.now;
    built.row.depth = place.depth;
    built.content = std::move((*hashed)["content"].get_object());
    return built;
}

std::string redacted_json(const ports::event_row& original, const built_event& redaction,
                          matrix::room_version version) {
    auto parsed = matrix::parse_json(original.json);
    if (!parsed || !parsed->is_object()) {
        throw ports::store_error("event " + original.event_id + " is stored with damaged JSON");
    }
    json::object kept;
    if (const auto* before = parsed->get_object().if_contains("unsigned");
        before != nullptr && before->is_object()) {
        if (const auto* replaced = before->get_object().if_contains(stored_event::replaces_state)) {
            kept[stored_event::replaces_state] = *replaced;
        }
    }
    json::object because;
    because["type"] = redaction.row.type;
    because["event_id"] = redaction.row.event_id;
    because["sender"] = redaction.row.sender;
    because["redacts"] = original.event_id;  // at both places, as events are shown
    because["origin_server_ts"] = base::unix_ms(redaction.row.origin_server_ts);
    because["content"] = redaction.content;
    because["content"].get_object()["redacts"] = original.event_id;
    kept[stored_event::redacted_because] = std::move(because);
    json::object bare = matrix::redact(parsed->get_object(), version.name());
    bare["unsigned"] = std::move(kept);
    return json::serialize(bare);
}

}  // namespace porchlight::homeserver
