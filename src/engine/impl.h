#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/timing_wheel.h"
#include "engine/engine.h"
#include "engine/losses.h"
#include "engine/positions.h"
#include "engine/rooms.h"
#include "engine/saved_presence.h"
#include "engine/sessions.h"
#include "engine/users.h"
#include "engine/views.h"
#include "engine/window.h"

// The inside of the engine; its parts are in the .cc files named after them. Nothing outside of
// this folder includes it.
namespace porchlight::engine {

namespace limits = base::limits;

// A place in the stream of presence positions, as a token names it: everything up to it is told.
// Among equal positions subjects go by key; cut 0 stands for behind all of them.
struct place {
    std::uint64_t position = 0;
    std::uint32_t cut = 0;

    static place of(const token& t) { return {t.presence, t.cut}; }
    // Is something at `p` about `subject` still to be told?
    bool is_before(std::uint64_t p, user_key subject) const {
        return p > position || (p == position && cut != 0 && subject.value >= cut);
    }
    bool may_be_before(std::uint64_t p) const {
        return p > position || (p == position && cut != 0);
    }
};

// One event of a response, before it is copied into a batch.
struct row {
    enum class kind : std::uint8_t { others, self, lost, frozen };
    user_key subject;
    kind what = kind::others;
    std::uint64_t position = 0;                 // effective: last change or start of the reason
    std::optional<wall_time> last_active = {};  // lost only: as at that moment
};

// Somebody who sees somebody.
struct sighting {
    user_key observer, subject;
};

// Work that may take longer than one turn. Until it is done no token passes its position, so that
// whoever is not marked yet finds the change from the token.
struct job {
    enum class kind : std::uint8_t { fan_out, join, leave, flip, visibility, switched };
    kind what = kind::fan_out;
    std::uint64_t position = 0;
    user_key user = {};
    room_key room = {};
    std::uint64_t epoch = 0;
    // Key of the room to go on with; observers: behind them. Switched: the session.
    std::uint32_t room_cursor = 0;
    std::size_t member_cursor = 0;      // index or key value of the member to go on with
    std::vector<sighting> parted = {};  // leave: those who saw each other there ...
    std::optional<wall_time> until = wall_time::max();   // ... last then; none: nobody knows
    user_visibility before = user_visibility::everyone;  // visibility: what it was
};

// What work takes of the units of a call or a turn; one is about 50 ns, and a mark takes one. The
// rest was measured with `./dev bench turns`.
namespace cost {
inline constexpr std::size_t answer = 4;      // to find, copy and park what one stream gets ...
inline constexpr std::size_t row = 2;         // ... and each subject in it
inline constexpr std::size_t pair = 12;       // two who meet or part: their reasons, both ways
inline constexpr std::size_t comparison = 6;  // an observer of a user whose visibility changed
inline constexpr std::size_t change = 4;      // a user whose state is looked at anew
inline constexpr std::size_t scanned = 64;    // so many members for one unit
inline constexpr std::size_t candidate = 4;   // its reason, its place
}  // namespace cost

// The last room of a fan-out, so to say: those whom the subject accepted.
inline constexpr std::uint32_t observers_cursor = no_index;

struct engine::impl {
    impl(const settings& s, outside& o, std::uint64_t ceiling, bool clean_stop, instant now);

    // --- switching.cc ---
    void end_streams(user_key u, device_key d, instant now);
    void switch_presence(instant now);
    bool run_switched(job& j, instant now);
    bool switch_user(user_key u, std::uint64_t position, instant now);
    void run_settling(instant now);
    presence::user copy_of(user_key u) const;
    void turn(instant now);
    void drain(instant now);

    // --- users.cc ---
    user_record& ensure(user_key u);
    bool knows(user_key u) const {
        return u.index() < records_.size() && records_[u.index()].known;
    }
    live_user* live(user_key u) const;
    live_user& wake_up(user_key u);
    void rest_if_idle(user_key u);
    void arm(live_user& l);
    void count_online(live_user& l);
    void settle_if_due(user_key u, instant now);
    void notice_clock(instant now);
    void on_user_deadline(user_key u, instant now);
    void apply(live_user& l, const presence::changes& c, instant now, bool stored);
    presence::view shown_to_others(user_key u, instant now) const;
    presence::view shown_to_self(user_key u, instant now) const;
    std::optional<wall_time> shown_activity(user_key u) const;
    std::optional<wall_time> seen_activity(user_key observer, user_key subject) const;
    const resting_user* resting(user_key u) const;
    std::uint64_t self_position(user_key u) const;
    bool is_interesting(user_key u) const;
    bool finds_interesting(user_key u) const;
    void refresh_interesting(user_key u);
    void set_interesting(user_key u, bool on);
    void set_live_bits(user_key u, bool on);
    void soil(user_key u, instant now);  // to be saved
    void save_some(instant now, std::size_t most);
    ports::status_row status_row_of(user_key u, const presence::saved_state& s) const;

    // --- remote.cc ---
    void hold_remote(user_key u, const saved_presence& saved, instant now);
    presence::view remote_view(user_key u) const;
    void tell_outside(user_key u) {
        if (records_[u.index()].exported) {
            out_.shown_changed(u);
        }
    }

    // --- explain.cc ---
    void explain_state(user_key u, instant now, explanation& x) const;
    void explain_audience(user_key u, explanation& x) const;

    // --- loading.cc ---
    void begin(instant now);
    void hold(user_key u, const saved_presence& saved, instant now);
    void part(user_key observer, user_key subject, std::uint64_t position);
    void part_all();
    struct visibility_change {
        user_key user;
        user_visibility before;
        std::uint64_t position;  // 0: not known
        bool is_open;            // not all may have been told of it
    };
    const visibility_change* change_of(user_key u) const;
    bool showed_at(user_key u, std::uint64_t position) const;
    void doubt_all();
    void grow_records(std::size_t size);

    // --- membership.cc ---
    room& ensure_room(room_key r);
    bool room_known(room_key r) const {
        return r.index() < rooms_.size() && rooms_[r.index()].known;
    }
    bool shares(user_key a, user_key b, bool counting_only) const;
    void recount(room_key r, instant now, user_key newcomer = {});
    void recount_all(instant now);
    bool judge(room_key key, room& r) const;
    void joined(room_key r, user_key u, std::uint64_t position, instant now);
    void left(room_key r, user_key u, instant now);
    std::vector<sighting> sightings_in(const room& r, user_key u) const;
    void part_from_peekers(const room& r, user_key leaver, std::uint64_t position, instant now);
    void add_loss(user_key observer, user_key subject, std::uint64_t position) {
        add_loss(observer, subject, position, seen_activity(observer, subject));
    }
    void add_loss(user_key observer, user_key subject, std::uint64_t position,
                  std::optional<wall_time> active);
    void forget_loss(user_key observer, user_key subject);

    // --- sight.cc ---
    presence::sight sight(user_key observer, user_key subject) const;
    // ... if the subject's visibility were `v`.
    presence::sight sight_under(user_visibility v, user_key observer, user_key subject) const;
    presence::sight sight_in(const room& r, user_key observer, user_key subject) const;
    presence::sight sight_of(const session& s, user_key subject) const;
    bool may_see(user_key observer, user_key subject) const {
        return sight(observer, subject) != presence::sight::none;
    }
    user_visibility visibility_of(user_key u) const {
        return knows(u) ? records_[u.index()].visibility : user_visibility::everyone;
    }
    bool shows_in_rooms(user_key subject) const {
        return visibility_of(subject) == user_visibility::everyone;
    }
    // The start of the observer's reason to see the subject. By membership and acceptance alone,
    // and with the flips of rooms; the highest number: none.
    struct reason {
        std::uint64_t joined = ~std::uint64_t{0};
        std::uint64_t counted = ~std::uint64_t{0};
    };
    reason reason_under(user_visibility v, user_key observer, user_key subject) const;
    reason reason_to_see(user_key observer, user_key subject) const {
        return reason_under(visibility_of(subject), observer, subject);
    }
    const blocks::block* block_of(user_key observer, user_key subject) const;
    presence::view frozen(const blocks::block& b) const;
    // P from which a block shows what it shows.
    std::uint64_t frozen_since(const blocks::block& b) const;
    bool set_accepted(user_key observer, user_key subject, std::uint64_t position);
    void compare_sight(const job& j, user_key observer, instant now);
    void compare_in(const room& r, const job& j, user_key observer, instant now);
    void tell_before_leaving(const room& r, user_key leaver, instant now);
    user_visibility shown_of_late(user_key u) const;
    void compare_peeks(const job& j, const room& r, instant now);
    bool was_lost_with(const room& r, const job& j, user_key observer) const;
    bool run_visibility(job& j, instant now);
    std::vector<user_key> audience_of(user_key u) const;

    // --- fan_out.cc ---
    void mark(std::uint32_t i, user_key subject, instant now);
    // But for the streams whose tokens are past `position`.
    void mark_user(live_user& l, user_key subject, instant now,
                   std::uint64_t position = ~std::uint64_t{0});
    void mark_self(live_user& l, instant now);
    void mark_peekers(const room& r, user_key subject, instant now);
    void mark_rebuild(std::uint32_t i, instant now);
    void start(job j, instant now);
    void run_jobs(instant now);
    // True: done. Uses up `units_`.
    bool run(job& j, instant now);
    bool run_fan_out(job& j, instant now);
    bool fan_out_in(job& j, const member_list& list, instant now);
    bool run_join(job& j, instant now);
    bool run_leave(job& j, instant now);
    bool run_flip(job& j, instant now);
    bool mark_observers(job& j, instant now);
    void hear_of(user_key observer, user_key subject, std::uint64_t since, instant now);

    // --- streams.cc ---
    void open(poll p, instant now);
    std::uint32_t session_for(const poll& p, live_user& l, instant now);
    bool continues(const session& s, const poll& p) const;
    bool is_lost(std::uint64_t durable) const {
        return durable > lost_after_ && durable < lost_until_;
    }
    void make_room_for_stream(const poll& p, live_user& l, instant now);
    void open_stream(session& s, live_user& l, const poll& p, instant now);
    void close_stream(session& s, instant now);
    void leave_parked(std::uint32_t i, instant now, bool answered);
    void drop_session(std::uint32_t i, instant now);
    void schedule_answer(std::uint32_t i, instant now);
    // `since`: from when on it could have been answered.
    void make_ready(std::uint32_t i, mono_time since);
    void must_answer(std::uint32_t i, mono_time since);
    thread_window& window_of(std::uint32_t thread);
    void note_wait(std::uint32_t thread, milliseconds waited, mono_time now);
    void arm_session(std::uint32_t i);
    void on_session_deadline(std::uint32_t i, instant now);
    token token_for(const session& s) const;
    std::uint64_t told_up_to() const;

    // --- rebuild.cc ---
    void rebuild(const session& s);
    struct span_of_members {
        std::size_t begin, end;  // indices
    };
    void rebuild_room(const session& s, const room& r, std::uint64_t observer_since,
                      span_of_members part);
    void rebuild_list(const session& s);
    void rebuild_ended(const session& s, const room& r, std::uint64_t observer_since,
                       const place& since);
    bool tells_of_end(const session& s, const room& r, std::uint64_t observer_since,
                      const place& since) const;
    void add_ended_blocks(const session& s, const room& r, const place& since);
    void rebuild_ended_members(const session& s, const room& r, std::uint64_t observer_since,
                               const place& since, span_of_members part);
    void add_ended(const session& s, const room& r, user_key u, std::uint64_t position,
                   const place& since);
    void rebuild_losses(const session& s, const place& since);
    void add_candidates(const session& s, const place& since);
    std::optional<row> row_of(const session& s, user_key u, const place& since) const;
    struct ended_view {
        user_key subject;
        std::uint64_t position;
        std::optional<wall_time> last_active;
    };
    bool is_news(const session& s, const ended_view& e, const place& since) const;
    static row row_of(const ended_view& e);
    std::uint64_t effective(const session& s, user_key subject, bool& worth_telling,
                            const place& since) const;

    // --- large_rebuild.cc ---
    bool is_large(const session& s) const;
    void queue_rebuild(std::uint32_t i);
    void give_up_rebuild(std::uint32_t i);
    void run_rebuilds(instant now);
    void begin_rebuild(std::uint32_t i);
    bool see_first_time(user_key u);
    bool go_over_rooms(const session& s);
    bool go_over(const session& s, room_key key, std::uint64_t observer_since);
    void keep_candidates(const session& s);
    void keep_ended(const session& s);
    void keep(const row& r);
    void look_again(const session& s);
    void finish_rebuild(instant now);
    void stop_before(session& s, const row& r);
    void tell_rebuilt(std::uint32_t i, const std::optional<row>& last, instant now);

    // --- answer.cc ---
    void serve_ready(instant now, bool all);
    void serve(std::uint32_t i, instant now);
    // False: that takes turns.
    bool collect(std::uint32_t i, instant now);
    bool collect_pending(const session& s);
    bool collect_pending(const session& s, user_key subject);
    std::size_t cut_rows(std::uint32_t i, instant now);
    void order_rows(session& s);
    void put_self_in(const session& s, std::size_t count);
    std::size_t fitting(instant now, std::size_t most) const;
    // `held_back`: by jobs, so that the token does not say all that is told.
    void deliver(std::uint32_t i, std::size_t count, instant now, bool held_back);
    bool wants_places(const session& s) const;
    static bool wants_none(const session& s) { return s.filter && s.filter->limit() == 0; }
    batch& batch_for(std::uint32_t thread, instant now);
    std::uint32_t subject_in(const session& s, const row& r, instant now);
    presence::view view_in(const session& s, const row& r, instant now) const;
    void send_batches();

    settings settings_;
    outside& out_;
    positions positions_;
    const bool clean_;
    bool begun_ = false;
    bool at_start_ = false;  // inside begin()
    std::uint64_t durable_ = 0;
    mono_time last_now_;
    milliseconds clocks_apart_{0};  // from the monotonic clock to that of the wall

    std::vector<user_record> records_;
    std::vector<std::uint64_t> changed_;  // P of each user's last change others could see
    std::vector<std::unique_ptr<live_user>> live_;
    std::vector<std::uint32_t> live_free_;
    boost::unordered_flat_map<std::uint32_t, resting_user> resting_;
    std::vector<std::pair<user_key, saved_presence>> held_;  // loaded, until begin()
    // Who left just before a crash, perhaps before somebody came who is there now.
    struct departure {
        room_key room;
        user_key user;
        std::uint64_t position = 0;  // of what was lost; 0: nothing
    };
    std::vector<departure> departures_;  // loaded, until begin()
    std::vector<std::pair<user_key, user_key>> ended_acceptances_;
    std::vector<visibility_change> visibility_changes_;  // loaded, until begin(); by user
    std::uint64_t power_loss_ = 0;  // loaded: tokens from before know of what is lost
    std::uint64_t lost_after_ = 0, lost_until_ = 0;  // loaded: durable positions no store has
    std::size_t known_ = 0;
    std::vector<room> rooms_;
    std::size_t rooms_known_ = 0;
    losses losses_;
    acceptances acceptances_;
    blocks blocks_;
    std::uint64_t switched_ = 0;  // P of the last time presence was switched, or of the start
    session_table sessions_;

    struct timer {
        mono_time at;
        std::uint32_t id;
    };
    base::timing_wheel<timer> user_deadlines_, session_deadlines_;
    std::deque<job> jobs_;                    // by position
    std::size_t settling_ = ~std::size_t{0};  // the live_user to go on with after new settings
    std::size_t units_ = 0;                   // what this turn or call may still do
    void spend(std::size_t units) { units_ -= std::min(units_, units); }
    bool in_turn_ = false;
    std::uint64_t epoch_ = 0;
    struct ready_session {
        std::uint32_t session;
        mono_time since;
    };
    std::vector<ready_session> ready_;
    std::vector<thread_window> windows_;  // of each net thread
    std::vector<std::uint32_t> unsaved_;
    std::optional<mono_time> save_at_;

    // Of the streams whose rebuild takes turns. See large_rebuild.cc.
    struct rebuild_cursor {
        enum class stages : std::uint8_t { visible, ended_interesting, ended_members };
        std::uint32_t session = no_index;  // none is being rebuilt
        std::size_t most = 0;              // rows of one answer
        token told;                        // token_for() the session when it set out
        bool held_back = false;            // by jobs that were not done then
        mono_time marked{};
        std::uint32_t room = 0, member = 0;  // keys: where to go on
        stages stage = stages::visible;
        bool left_out = false;           // there are more rows than one answer takes
        std::optional<row> untold = {};  // the first that went out of sight meanwhile
    };
    std::deque<std::uint32_t> rebuilds_;  // sessions that wait for theirs
    rebuild_cursor cursor_;
    std::vector<row> found_;           // a heap by place
    std::vector<std::uint64_t> seen_;  // a bit for each user: the cursor was there

    // Scratch of the session being served.
    std::vector<row> rows_;
    token next_;
    std::vector<user_key> candidates_;
    std::vector<ended_view> ended_;

    struct outgoing {
        std::unique_ptr<batch> b;
        boost::unordered_flat_map<std::uint64_t, std::uint32_t>
            index;  // (subject, kind) -> subject
    };
    std::vector<outgoing> outgoing_;  // of each net thread
    std::vector<std::unique_ptr<batch>> spare_;
    counts counts_{};
};

}  // namespace porchlight::engine
