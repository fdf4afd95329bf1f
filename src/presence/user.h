#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/key.h"
#include "presence/state.h"

namespace porchlight::presence {

// What an input changed. Flags.
struct changes {
    bool others = false;    // what others may see changed: one event to observers
    bool self = false;      // what the user sees of oneself changed
    bool lasting = false;   // text, expiry, hidden or suppressed changed: saved() is to be stored
    bool activity = false;  // last activity moved (no event by itself)
    changes& operator|=(const changes& c);
};

// What of a user outlives a restart (ports::status_row and presence_row carry it).
struct saved_state {
    std::optional<base::wall_time> last_active{};
    std::string text{};
    std::optional<base::wall_time> text_expires{};
    bool hidden = false;
    base::device_key hidden_by{};
    std::string frozen_text{};
    std::optional<base::wall_time> frozen_last_active{};
    // The devices whose last word was PUT offline, ascending: plain streams of theirs say nothing.
    std::vector<base::device_key> suppressed{};
    friend bool operator==(const saved_state&, const saved_state&) = default;
};

// One device, as whoever looks after the server asks about it. Moments are absent when they do not
// apply or have passed, but for `idle_at`.
struct device_report {
    base::device_key key;              // not valid(): stands for those before a restart
    state asked = state::offline;      // by its last PUT or poll
    state counts_as = state::offline;  // what it brings into the aggregate
    std::uint16_t streams = 0;         // open, that mark it as present
    std::uint16_t silent_streams = 0;  // open with set_presence=offline
    std::optional<base::mono_time> grace_until{}, put_until{};
    std::optional<base::mono_time> idle_at{};  // unavailable from then on; none: never by itself
    bool own_timer = false;                    // it says itself when it is idle, and is believed
    bool poll_states = false;                  // its last poll carried set_presence: likewise
    friend bool operator==(const device_report&, const device_report&) = default;
};

// The presence of one user: devices, aggregation, hiding, text, activity and their deadlines.
// Pure: takes `now` with every call, has no thread, no store, no id of its own. Every call settles:
// deadlines that passed by `now` take effect first. See docs/presence.md for the rules.
// REQUIRES: now.mono never goes back; now.wall may jump.
//
// Invariants: (1) what others see, but for last_active, changes only in a call that returned
// `others`; (2) what the user sees likewise only with `self`, and last_active only with `activity`
// or at the beginning and end of hiding; (3) next_deadline() is the earliest moment at which
// settle() could change anything, as the clocks stood at the last call, and is_due() is true from
// then on, or as soon as the wall clock jumps over the end of the text; (4) the devices kept are
// those that count, have an open stream, or have an idle timer of their own, which outlives both;
// (5) saved().suppressed holds the devices that are asked offline, kept or not.
//
// Cost: every call is linear in the devices kept (one to three) and suppressed; no allocation but
// for a new device, a text or a suppression.
class user {
  public:
    explicit user(const settings& s) : settings_(&s) {}
    user(const settings& s, saved_state saved);

    // After a restart: others last saw `s`, and the grace in which its devices may come back begins
    // now. Never counts as activity. REQUIRES: nothing but the constructor was called before.
    changes restored(state s, base::instant now);

    // A /sync or /events of `d` was opened or continued. What it asks ends a suppression. Each
    // opened stream is closed once; closing one of a device that was removed meanwhile does
    // nothing.
    changes stream_opened(base::device_key d, const stream_request& r, base::instant now);
    changes stream_closed(base::device_key d, bool marked, base::instant now);
    changes put(base::device_key d, const put_request& r, base::instant now);
    // A pro-active event that is not a presence change: message, join, typing, login, ...
    changes active(base::device_key d, base::instant now);
    // Logout, deletion of the device: it stops counting at once.
    changes device_removed(base::device_key d, base::instant now);
    // Offline at once, without a text. Hidden stays hidden.
    changes deactivated(base::instant now);
    changes settle(base::instant now);

    // REQUIRES: settled at `now`. As others (who may) see it, and as the user does (while hidden:
    // `hidden`, offline, the true text and activity).
    view seen_by_others(base::instant now) const;
    view seen_by_self(base::instant now) const;
    state aggregate() const { return aggregate_; }  // hidden or not
    bool hidden() const { return saved_.hidden; }
    const saved_state& saved() const { return saved_; }
    // Nothing left but saved(): no device is kept and no deadline set.
    bool at_rest() const { return devices_.empty() && !next_deadline(); }
    // The first moment of the clock when settle() was never called and a text has an expiry.
    std::optional<base::mono_time> next_deadline() const;
    // Could settle() change anything now?
    bool is_due(base::instant now) const {
        return due_ <= now.mono || (saved_.text_expires && *saved_.text_expires <= now.wall);
    }
    std::size_t devices_kept() const { return devices_.size(); }
    // Why the aggregate is what it is, device by device. REQUIRES: settled at `now`.
    std::vector<device_report> report(base::instant now) const;

  private:
    static constexpr base::mono_time never = base::mono_time::min();  // as a moment that has passed
    static constexpr base::mono_time not_due = base::mono_time::max();

    struct device {
        base::device_key key;                // not valid(): stands for those before a restart
        base::mono_time fresh = never;       // last activity, or since when it is online
        base::mono_time grace_ends = never;  // of the last marking stream
        base::mono_time put_ends = never;    // of a PUT without a marking stream
        std::uint16_t marking = 0;           // open marking streams
        std::uint16_t unmarking = 0;         // open set_presence=offline streams
        state asked = state::online;         // offline: suppressed by PUT, invariant (5)
        bool poll_states = false;            // the last marking poll carried set_presence
        bool own_timer = false;              // has PUT unavailable
        bool counts(base::mono_time t) const {
            return marking > 0 || t < grace_ends || t < put_ends;
        }
    };
    // What decides on events, beside the text.
    struct glance {
        state aggregate;
        bool active, hidden;
    };

    device* find(base::device_key d);
    device& find_or_add(base::device_key d);
    void drop(base::device_key d);
    bool is_suppressed(base::device_key d) const;
    bool suppress(base::device_key d, bool on);  // whether that is a change
    base::mono_time idle_at(const device& d) const;
    state contribution(const device& d, base::mono_time t) const;
    // Lets take effect what is due, and reports of it what concerns the text.
    changes begin(base::instant now);
    // Does away with what no longer counts and finds aggregate_, active_ and due_ again.
    void recompute(base::instant now);
    void touch(device* d, base::instant now, changes& c);
    bool expire_text(base::instant now);
    void apply_hiding(base::device_key d, const put_request& r);
    void apply_asked(base::device_key d, state asked, base::instant now, changes& c);
    base::milliseconds put_counts_for() const;
    static bool same_lasting(const saved_state& a, const saved_state& b);
    glance look() const { return {aggregate_, active_, saved_.hidden}; }
    void compare(const glance& before, changes& c) const;
    const std::string& outer_text() const {
        return saved_.hidden ? saved_.frozen_text : saved_.text;
    }

    const settings* settings_;
    saved_state saved_;
    std::vector<device> devices_;
    base::mono_time active_at_ = never;   // last activity in this process
    base::mono_time text_due_ = not_due;  // when text_expires comes, as the clocks stood last
    base::mono_time due_ = not_due;
    state aggregate_ = state::offline;
    bool active_ = false;  // currently_active, hidden or not
};

}  // namespace porchlight::presence
