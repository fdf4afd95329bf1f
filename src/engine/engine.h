#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/key.h"
#include "base/limits.h"
#include "base/time.h"
#include "engine/token.h"
#include "engine/views.h"
#include "ports/http.h"
#include "ports/store.h"
#include "presence/state.h"
#include "presence/user.h"
#include "presence/visibility.h"

// Who must be told what, when, for every stream. One deciding thread, no lock, clock, socket, JSON
// or logging inside. See docs/internals/engine.md.
namespace porchlight::engine {

using base::device_key;
using base::instant;
using base::milliseconds;
using base::mono_time;
using base::room_key;
using base::user_key;
using base::wall_time;

using presence::rooms_policy;
using presence::user_visibility;

struct settings {
    presence::settings presence;
    rooms_policy rooms = rooms_policy::all;
    std::vector<room_key> rooms_excluded;  // ascending; never count for presence
    std::uint32_t room_members_max = 0;    // 0: no limit; 10 % hysteresis
    // W: least time between presence answers of a session; of a net thread that is behind it
    // doubles, up to limits::window_max. 0: none, whatever happens.
    milliseconds window = milliseconds{100};
    bool enabled = true;  // presence as a whole; off: everyone offline
    milliseconds restart_spread = std::chrono::seconds{5};
    // Marks and rows one input, one turn may do before the rest becomes a job. Tests make it tiny.
    std::size_t units_per_call = base::limits::call_units_max;
    std::size_t units_per_turn = base::limits::turn_units_max;
};

// Which subjects a stream wants. Immutable, made by client_api from the `presence` filter.
class subject_filter {
  public:
    virtual ~subject_filter() = default;
    virtual bool accepts(user_key subject) const = 0;
    virtual std::size_t limit() const = 0;  // most events per response
};

// A /sync, /events or peek that waits, or asks at once.
struct poll {
    ports::http_handle handle;
    std::uint32_t kind = 0;  // the caller's own mark, returned with the delivery
    user_key user;
    device_key device;
    std::optional<token> since;  // none: first sync
    milliseconds timeout{0};     // 0: answered in this turn; capped by the caller
    presence::stream_request marks;
    std::shared_ptr<const subject_filter> filter;  // null: everything
    room_key peek;                                 // valid: this room's members only, whoever asks
    bool durable_news = false;  // the caller knows of durable news past since: answer at once
    bool full = false;          // full_state: everything visible, at once
    bool resumed = false;       // the same request parked again (nothing but filtered news)
};

// What one net thread has to send after a turn. One owner at a time.
struct batch {
    struct subject {
        user_key user;
        presence::state shown;
        bool hidden, currently_active;
        std::optional<wall_time> last_active;
        std::uint32_t user_id, user_id_size;          // offset and size in `arena`
        std::uint32_t displayname, displayname_size;  // size 0: none
        std::uint32_t avatar_url, avatar_url_size;
        std::uint32_t text, text_size;
    };
    struct delivery {
        ports::http_handle handle;
        std::uint32_t kind;
        user_key user;
        device_key device;
        std::optional<token> since;
        token next;
        std::uint32_t first, count;  // in `indices`
        bool durable_news;           // news past since.durable may exist: compose them too
        bool timed_out;              // answered since its time was over
        mono_time marked;            // when the oldest pending subject was marked (latency metric)
    };
    std::uint32_t thread = 0;
    instant at;
    mono_time begun{};  // the net thread may say when it came to it, before recycle(); 0: unknown
    std::vector<char> arena;
    std::vector<subject> subjects;
    std::vector<std::uint32_t> indices;  // into subjects
    std::vector<delivery> deliveries;
    std::string_view text_of(std::uint32_t offset, std::uint32_t size) const {
        return {arena.data() + offset, size};
    }
};

struct profile {
    std::string_view user_id, displayname, avatar_url;
};

// What the engine asks and tells. Implemented by client_api (deliveries) and homeserver (the rest)
// in the server, by the simulator in tests. Called on the deciding thread inside engine calls; must
// not call back into the engine.
class outside {
  public:
    virtual ~outside() = default;
    virtual profile profile_of(user_key u) const = 0;     // valid until the call returns
    virtual void deliver(std::unique_ptr<batch> b) = 0;   // in order per thread
    virtual void save(const ports::presence_row& r) = 0;  // write behind
    virtual void save(const ports::status_row& r) = 0;    // changed without a PUT
    virtual void save(const ports::loss_row& r) = 0;
    virtual void forget(const ports::loss_removal& r) = 0;
    // The room began or stopped to count for presence, by policy, at that position. To be given
    // back by load_room_flip; without it observers who were away over a restart keep stale states.
    virtual void room_flipped(room_key, bool /*counts*/, std::uint64_t /*position*/) {}
    // Positions up to `ceiling` are about to be used; called well ahead (before 2^30 remain).
    virtual void reserve_presence_positions(std::uint64_t ceiling) = 0;
    virtual void now_dirty(user_key u) = 0;  // before a change becomes visible; cleared after save
    // What others see of an exported user, or who may see the user, has changed.
    virtual void shown_changed(user_key /*u*/) {}
};

struct explanation;  // explain.h

class engine {
  public:
    // Settings with enabled = false: everybody is offline to everybody; inputs still take effect
    // inside. Restart facts: the persisted ceiling (0: none) and whether the last stop was clean.
    engine(const settings& s, outside& o, std::uint64_t presence_ceiling, bool clean_stop,
           instant now);
    ~engine();
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    // --- loading, before the first turn; keys may come in any order ---
    void load_status(const ports::status_row& r);
    void load_presence(const ports::presence_row& r, bool was_dirty);
    // Position 0: not known, since the stop came between commit and joined(). After an unclean stop
    // it counts as new; store such rows again with current_token().presence.
    void load_membership(room_key r, user_key u, std::uint64_t presence_position);
    void load_room(room_key r, bool is_public, std::size_t members = 0);  // 0: not known
    void load_users(std::uint32_t bound);  // keys below it will come: room is made for them once
    // As settings::rooms_excluded, when keys are known only after the rooms.
    void load_excluded_rooms(std::vector<room_key> rooms);
    // The last flip that outside::room_flipped told. A room without one is taken to have counted.
    void load_room_flip(room_key r, bool counted, std::uint64_t position);
    void load_loss(const ports::loss_row& r);
    // Position 0 here and below: not known, since the stop came between commit and the call that
    // tells it. After an unclean stop such a row counts as new; store it again, not durably, with
    // current_token().presence after ready(), so that the losses it may bring are stored before it.
    void load_acceptance(user_key observer, user_key subject, std::uint64_t presence_position);
    // After an unclean stop: it ended so shortly before that the loss row may be missing.
    void load_acceptance_end(user_key observer, user_key subject);
    // `before`: what it was before the change at that position.
    void load_visibility(user_key u, user_visibility v, std::uint64_t presence_position,
                         user_visibility before);
    void load_block(user_key subject, user_key observer, frozen_view v,
                    std::uint64_t presence_position);
    // After an unclean stop: `u` left `r` so shortly before it that the loss rows may be missing.
    void load_departure(room_key r, user_key u);
    // The power failed before `position` was made, so the newest of what the store had was lost: to
    // tokens from before, everybody counts as changed then. To be given at every later start too.
    void load_power_loss(std::uint64_t position);
    // A backup was restored that ends with the durable position `after`, and what was given before
    // `until` after it is lost: tokens between the two are answered as those of the future.
    void load_lost_positions(std::uint64_t after, std::uint64_t until);
    // The listener is open: the grace of those who were not offline begins.
    void ready(instant now);

    // --- directory: applied facts, after their commit ---
    void user_added(user_key u, instant now);
    std::uint64_t joined(room_key r, user_key u, instant now);  // the P it took effect at
    void left(room_key r, user_key u, instant now);
    void room_public(room_key r, bool is_public, instant now);
    void profile_changed(user_key u, instant now);  // sends to observers even if state is the same

    // --- lists, visibility, blocks: applied facts, after their commit ---
    // The subject accepts the observer on a presence list, or no longer. Idempotent. Both return
    // the P that is to be stored with the fact.
    std::uint64_t accepted(user_key observer, user_key subject, instant now);
    std::uint64_t unaccepted(user_key observer, user_key subject, instant now);
    bool is_accepted(user_key observer, user_key subject) const;
    // Who may see `u` at all. Takes effect inside the call; telling so may take turns.
    std::uint64_t visibility_changed(user_key u, user_visibility v, instant now);
    user_visibility visibility(user_key u) const;
    // What a block made now would show from then on: to be committed, then given to blocked().
    frozen_view freeze(user_key subject, instant now) const;
    // Whatever reason the observer has to see the subject now or later, they see `v`. Of a pair
    // that is blocked already nothing changes.
    std::uint64_t blocked(user_key subject, user_key observer, frozen_view v, instant now);
    void unblocked(user_key subject, user_key observer, instant now);

    // --- users of other servers ---
    // `u`, of another server, is a subject here: it shows what remote_presence() said last.
    // Idempotent; before loading or at any time. An account made for that key (user_added) is one
    // of this server. Observers of other servers are not the engine's: federation asks for them.
    void remote_user(user_key u);
    // What the server of `u` says of it. An event if more than the activity changed, stored behind.
    // REQUIRES: remote_user(u).
    void remote_presence(user_key u, const presence::view& v, instant now);
    // What is known of a user of another server; of others nothing.
    std::optional<presence::view> remote_view(user_key u) const;
    // Does anybody here have a room with the user, or see the user by a presence list?
    bool has_observers(user_key u) const;
    std::vector<user_key> observers_of(user_key u) const;  // by presence lists, ascending
    bool has_stream(user_key u) const;
    // Whether outside::shown_changed() is to tell of this user.
    void set_exported(user_key u, bool on);
    // As whoever may see it does, and as whom the subject blocks does; none: it does not.
    presence::view shown(user_key u, instant now) const;
    std::optional<presence::view> shown_to_blocked(user_key observer, user_key subject) const;

    // --- presence inputs ---
    // Would this PUT change what must be durable? Then commit `status_after` before calling put.
    bool is_lasting(user_key u, device_key d, const presence::put_request& r, instant now) const;
    ports::status_row status_after(user_key u, device_key d, const presence::put_request& r,
                                   instant now) const;
    void put(user_key u, device_key d, const presence::put_request& r, instant now);
    void active(user_key u, device_key d, instant now);
    void device_removed(user_key u, device_key d, instant now);  // its polls are answered at once
    void deactivated(user_key u, instant now);
    // New settings take effect; switched off: one final offline each.
    void reconfigure(const settings& s, instant now);

    // --- streams ---
    void open(poll p, instant now);
    void gone(ports::http_handle h,
              instant now);  // the client vanished; unknown handles are ignored
    // Durable news for a user, already applied: wakes that user's streams now.
    // `position` becomes the D of tokens made from now on (it never goes back).
    void durable_applied(std::uint64_t position);
    void wake(user_key u, instant now);
    void wake_peekers(room_key r, instant now);

    // --- looking ---
    // None: no reason to see the subject (404). Oneself is always visible. A subject who blocks the
    // observer is seen frozen.
    std::optional<presence::view> look(user_key observer, user_key subject, instant now) const;
    // As a stream of the observer's that peeks into `r` sees it: none unless a member there, and
    // the room counts and the subject shows oneself in rooms.
    std::optional<presence::view> look_in(room_key r, user_key observer, user_key subject,
                                          instant now) const;
    bool may_see(user_key observer, user_key subject) const;
    bool shares_room(user_key a, user_key b) const;
    token current_token() const;
    std::vector<user_key> visible_to(user_key observer) const;  // with oneself, ascending
    // The same by pieces: from key `from` on, looking at `most` users or fewer.
    // Cost: O(most * log(rooms of the observer)).
    struct visible_part {
        std::vector<user_key> users;
        user_key next;  // where to go on; invalid: that was all
    };
    visible_part visible_to(user_key observer, user_key from, std::size_t most) const;
    std::vector<user_key> members(room_key r) const;  // joined, ascending
    // Why `u` is shown as it is, and to how many. Cost: at most limits::explained_members_max users
    // are looked at.
    explanation explain(user_key u, instant now) const;

    // --- time ---
    // Does what is due: timers, ready sessions, resumable jobs, for at most limits::turn_max of
    // work; emits batches. Call after inputs and at next_turn().
    void turn(instant now);
    // When turn() has something to do; nullopt: nothing until the next input.
    std::optional<mono_time> next_turn() const;
    // A batch that was sent comes back, so that the next one need not allocate, and so that a net
    // thread which comes late to its batches is noticed. Optional.
    void recycle(std::unique_ptr<batch> b);
    // Drain: answers every parked stream and saves everything not yet saved.
    void drain(instant now);

    struct counts {
        std::uint64_t updates, marks, deliveries, subjects_delivered, rebuilt, overflowed;
        std::size_t users_known, users_live, users_online, sessions, rooms;  // online: hidden too
        std::uint64_t windows_doubled;                                       // how often a W was
        milliseconds window;  // the longest W of a net thread
    };
    counts statistics() const;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::engine
