#pragma once

#include <vector>

#include "base/key.h"
#include "presence/state.h"

namespace porchlight::presence {

// What an input changed. Flags.
struct changes {
    bool others = false;    // what others may see changed: one event to observers
    bool self = false;      // what the user sees of oneself changed
    bool lasting = false;   // text, expiry or hidden changed: saved() is to be stored
    bool activity = false;  // last activity moved (no event by itself)
    changes& operator|=(const changes& c);
};

// What of a user outlives a restart (ports::status_row and presence_row carry it).
struct saved_state {
    std::optional<base::wall_time> last_active;
    std::string text;
    std::optional<base::wall_time> text_expires;
    bool hidden = false;
    base::device_key hidden_by;
    std::string frozen_text;
    std::optional<base::wall_time> frozen_last_active;
    friend bool operator==(const saved_state&, const saved_state&) = default;
};

// The presence of one user: devices, aggregation, hiding, text, activity and their deadlines.
// Pure: takes `now` with every call, has no thread, no store, no id of its own. Every call settles:
// deadlines that passed by `now` take effect first. See docs/presence.md for the rules.
//
// Invariants: (1) view() changes only in a call that returned `others`; (2) own_view() only in one
// that returned `self`; (3) next_deadline() is the earliest moment at which settle() could change
// anything; (4) the devices kept are those that count, are asked something that outlives a stream
// (a suppression by PUT offline, the module's own idle timer), or have an open stream.
class user {
  public:
    explicit user(const settings& s) : settings_(&s) {}
    user(const settings& s, saved_state saved);

    // A /sync or /events of `d` was opened or continued. Each opened stream is closed once.
    changes stream_opened(base::device_key d, const stream_request& r, base::instant now);
    changes stream_closed(base::device_key d, bool marked, base::instant now);
    changes put(base::device_key d, const put_request& r, base::instant now);
    // A pro-active event that is not a presence change: message, join, typing, login, ...
    changes active(base::device_key d, base::instant now);
    // Logout, deletion of the device: it stops counting at once.
    changes device_removed(base::device_key d, base::instant now);
    changes deactivated(base::instant now);
    changes settle(base::instant now);

    // REQUIRES: settled at `now`. As others (who may) see it, and as the user does.
    view seen_by_others(base::instant now) const;
    view seen_by_self(base::instant now) const;
    state aggregate() const { return aggregate_; }  // hidden or not
    bool hidden() const { return saved_.hidden; }
    const saved_state& saved() const { return saved_; }
    // Nothing left but saved(): no device is kept and no deadline set.
    bool at_rest() const;
    std::optional<base::mono_time> next_deadline() const;

  private:
    // presence helper: yours to fill in
    const settings* settings_;
    saved_state saved_;
    state aggregate_ = state::offline;
};

}  // namespace porchlight::presence
