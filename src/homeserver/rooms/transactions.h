#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "homeserver/services.h"

namespace porchlight::homeserver {

// The transaction ids answered lately or being answered: one id, one event. Older ones are in the
// store. Deciding thread only.
class transactions {
  public:
    using answer = completion<std::string>;
    explicit transactions(std::size_t kept_max) : kept_max_(kept_max) {}

    static std::string name(device_key d, std::string_view kind, std::string_view txn_id);
    // True: `done` waits for, or got, the answer of the first of that name; nothing more to do.
    bool joins(const std::string& name, answer& done);
    // Of a name that joins() did not know: begins it. `finish` ends it: with an event id it is
    // remembered, with a failure it may be tried again.
    void begin(const std::string& name, answer done);
    void finish(const std::string& name, const outcome<std::string>& result);
    // Some finished ones were dropped: what is unknown here may be in the store.
    bool forgot_some() const { return forgot_some_; }

  private:
    struct entry {
        std::optional<std::string> result;
        std::vector<answer> waiting;
    };
    std::size_t kept_max_;
    bool forgot_some_ = false;
    std::unordered_map<std::string, entry> entries_;
    std::deque<std::string> finished_;  // oldest first
};

}  // namespace porchlight::homeserver
