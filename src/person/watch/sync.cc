#include "person/watch/sync.h"

#include "matrix/identifier.h"
#include "matrix/json.h"
#include "person/failure.h"
#include "person/web.h"

namespace porchlight::person {

namespace {

namespace json = boost::json;

// No rooms and no account data; to-device messages can't be filtered.
constexpr std::string_view filter =
    R"({"presence":{"types":["m.presence"]},"account_data":{"types":[]},"room":{"rooms":[]}})";

std::string text_at(const json::value* v, std::string_view key) {
    const auto* const found = v == nullptr ? nullptr : matrix::find(*v, key);
    return found != nullptr && found->is_string() ? found->get_string().c_str() : "";
}

// The `events` of a section; null: none.
const json::array* events_of(const json::value& answer, std::string_view section) {
    const auto* const part = matrix::find(answer, section);
    const auto* const events = part == nullptr ? nullptr : matrix::find(*part, "events");
    return events == nullptr ? nullptr : events->if_array();
}

}  // namespace

std::string sync_path(const std::string& since, const std::string& marking,
                      base::milliseconds timeout) {
    return "/_matrix/client/v3/sync?filter=" + percent_encoded(filter) +
           "&set_presence=" + percent_encoded(marking) +
           "&timeout=" + std::to_string(timeout.count()) +
           (since.empty() ? "" : "&since=" + percent_encoded(since));
}

sync_news read_sync(json::value&& answer, const std::string& me) {
    sync_news news;
    news.next_batch = text_at(&answer, "next_batch");
    if (news.next_batch.empty()) {
        throw failed{"the server's answer to /sync has no next_batch"};
    }
    if (const auto* const events = events_of(answer, "presence")) {
        news.presence.assign(events->begin(), events->end());
    }
    if (const auto* const events = events_of(answer, "to_device")) {
        for (const json::value& e : *events) {
            const auto* const content = matrix::find(e, "content");
            const std::string asker = text_at(content, "observer_user");
            if (text_at(&e, "type") == "m.presence_invite" &&
                text_at(content, "observed_user") == me && matrix::parse_user_id(asker)) {
                news.askers.push_back(asker);
            }
        }
    }
    return news;
}

std::vector<std::string> read_askers(const json::value& answer) {
    std::vector<std::string> askers;
    const auto* const incoming = matrix::find(answer, "incoming");
    if (incoming != nullptr && incoming->is_array()) {
        for (const json::value& one : incoming->get_array()) {
            if (std::string id = text_at(&one, "user_id"); matrix::parse_user_id(id)) {
                askers.push_back(std::move(id));
            }
        }
    }
    return askers;
}

}  // namespace porchlight::person
