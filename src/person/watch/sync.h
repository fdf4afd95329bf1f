#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "base/time.h"

// A poll of /sync for presence, and what an answer has.
namespace porchlight::person {

// `since` empty: all that is. `marking`: "online", "unavailable", ..., or "offline", which marks
// nothing.
std::string sync_path(const std::string& since, const std::string& marking,
                      base::milliseconds timeout);

struct sync_news {
    std::string next_batch;
    std::vector<boost::json::value> presence;  // m.presence events
    std::vector<std::string> askers;           // who asks to see `me`
    bool any() const { return !presence.empty() || !askers.empty(); }
};
// Throws failed when it is no answer to a sync.
sync_news read_sync(boost::json::value&& answer, const std::string& me);

// The `incoming` of the invites.
std::vector<std::string> read_askers(const boost::json::value& answer);

}  // namespace porchlight::person
