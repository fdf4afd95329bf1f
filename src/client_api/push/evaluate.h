#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "matrix/json.h"

// What push rules make of one event (specification, "Push notifications"). Pure; any thread.
namespace porchlight::client_api {

namespace json = boost::json;

// What conditions ask beyond the event. Each is called only by a rule that needs it.
struct push_context {
    std::function<std::string()> displayname;  // of the user in the room; empty: none
    std::function<std::size_t()> member_count;
    // Does the event's sender have the power that `notifications.<key>` asks for?
    std::function<bool(std::string_view sender, std::string_view key)> may_notify;
};

struct push_outcome {
    bool notifies = false;
    bool highlights = false;
};

// The actions of the first enabled rule of `rules` ({"override":[...],...}) that matches `event`,
// kinds in the order override, content, room, sender, underride. Patterns matched against the body
// are words; '*' and '?' in them are taken literally there.
push_outcome evaluate_push(const json::object& rules, const json::object& event,
                           const push_context& context);

}  // namespace porchlight::client_api
