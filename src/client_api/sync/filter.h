#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "matrix/error.h"
#include "matrix/json.h"

// Filters of the client-server API (specification "Filtering"), compiled once, used by many polls.
// Pure and immutable after compiling: any thread.
namespace porchlight::client_api {

// Patterns: '*' stands for any run of characters. A name passes when `only` is absent or one of it
// matches, and none of `without` does.
struct name_filter {
    std::optional<std::vector<std::string>> only;
    std::vector<std::string> without;
    bool passes(std::string_view name) const;
    bool passes_all() const { return !only && without.empty(); }
};

struct event_filter {
    name_filter types, senders, rooms;
    std::optional<std::size_t> limit;
    std::optional<bool> contains_url;  // true: only events with a content.url; false: only without
    bool lazy_load_members = false;
    bool passes(std::string_view type, std::string_view sender) const;
    // Of everything but contains_url, which needs the content.
    bool passes_everything() const;
};

struct sync_filter {
    event_filter presence, account_data;
    name_filter rooms;
    bool include_leave = false;
    event_filter timeline, state, ephemeral, room_account_data;
    bool federation_format = false;
    // Paths of the fields of room events to keep; none: all. Presence, to-device, ephemeral events
    // and account data keep all of theirs.
    std::vector<std::vector<std::string>> event_fields;
    // For engine::poll; null when every presence event passes and nothing limits them.
    std::shared_ptr<const engine::subject_filter> subjects;
};
using filter_ptr = std::shared_ptr<const sync_filter>;

using user_name = std::function<std::string_view(base::user_key)>;  // user id of a key

// invalid_param names the member and what is allowed there. Unknown members are ignored.
matrix::outcome<filter_ptr> compile_filter(std::string_view text, const user_name& names);

// Does `text` match `pattern`, in which '*' stands for any run of characters? Cost: O(n·m) at
// worst.
bool matches(std::string_view pattern, std::string_view text);

// Keeps only the fields that `paths` name (all when empty).
boost::json::object select_fields(boost::json::object event,
                                  const std::vector<std::vector<std::string>>& paths);

}  // namespace porchlight::client_api
