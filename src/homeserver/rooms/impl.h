#pragma once

#include <set>

#include "base/limits.h"
#include "homeserver/durable_log.h"
#include "homeserver/rooms.h"
#include "homeserver/rooms/event_builder.h"
#include "homeserver/rooms/live_room.h"
#include "homeserver/rooms/room_table.h"
#include "homeserver/transactions.h"

namespace porchlight::homeserver {

using matrix::errc;
using matrix::fail;

// Written with a membership whose P is not known before it is applied; the exact one follows
// behind. Read at start it counts as the newest P of the last run: a repeat for somebody, a miss
// for nobody.
inline constexpr std::uint64_t presence_position_pending = std::uint64_t{1} << 62;

// In the member event of who joined a restricted room without an invite.
inline constexpr std::string_view authorised_by_key = "join_authorised_via_users_server";

// One event on its way into an existing room.
struct room_change {
    struct member_wish {
        user_key target;
        membership to = membership::none;
        bool refresh = false;  // a join of who is in already makes a new event
    };
    user_key sender;
    device_key device;  // not valid: the server's own doing, no activity
    event_draft draft;
    std::optional<member_wish> member;
    std::shared_ptr<const ports::event_row> redacted;
    std::string redacted_json;     // what is left of it, made by prepare
    std::string txn_kind, txn_id;  // txn_id empty: none
    completion<std::string> done;

    bool is_state() const {
        return draft.state_key.has_value() || (redacted && redacted->state_key);
    }
};

struct rooms::impl {
    impl(services& services_in, accounts& accounts_in);

    services& s;
    accounts& a;
    room_table table;
    transactions recent{s, a, base::limits::transactions_kept_max};
    std::set<std::string, std::less<>> reserved_aliases;  // being made
    std::set<user_key> renaming, renaming_again;          // profile_changed under way

    // --- live rooms (live_room.cc) ---
    live_room& touch(room_key r);  // loads what is needed; throws ports::store_error
    void know_member(live_room& live, room_key r, std::string_view user_id, user_key u);
    // Runs `start` when its turn comes. False: the room's queue is full.
    [[nodiscard]] bool enqueue(room_key r, live_room::step step);
    void pump(room_key r, live_room& live);
    void ended(room_key r, bool is_state);

    // --- changes (changes.cc) ---
    void submit(room_key r, room_change c);
    void start(room_key r, live_room& live, room_change c);
    // The event to store; an empty event id: nothing to do, `done` gets the id of what is there.
    outcome<built_event> prepare(room_key r, live_room& live, room_change& c);
    std::optional<failure> check(room_key r, live_room& live, room_change& c);
    std::optional<failure> check_member(room_key r, live_room& live, room_change& c);
    std::optional<failure> check_canonical_alias(room_key r, const json::object& content,
                                                 std::string_view being_made = {}) const;
    void fill_member_content(room_change& c) const;
    std::string chosen_event_id(matrix::room_version version) const;  // empty: it is a hash
    // Restricted rooms (restricted.cc): who of the room may vouch for a target that has no invite
    // but is in one of the allowed rooms; empty: nobody, or nobody is needed.
    std::string voucher_for(live_room& live, room_key r, user_key target);
    ports::write_set writes_of(room_key r, const live_room& live, const room_change& c,
                               const built_event& e) const;
    void commit(room_key r, live_room& live, room_change c, built_event e);
    void apply(room_key r, live_room& live, const room_change& c, const built_event& e);
    void apply_member(room_key r, user_key target, membership to, std::uint64_t position);
    void wake_room(room_key r);
    ports::membership_row row_of(room_key r, const member_entry& m, std::uint64_t p) const;

    // --- creation (create.cc) ---
    struct creation;
    outcome<std::shared_ptr<creation>> plan(caller who, const create_room& wish);
    std::optional<failure> add_first_event(creation& c, event_draft draft, user_key target);
    void create(caller who, create_room wish, completion<std::string> done);
    void created(creation& c);

    void load_members(std::span<const ports::membership_row> rows);
    void rename_some(user_key u, std::shared_ptr<std::vector<room_key>> rest);
    std::uint64_t last_position(room_key r);

    // Reads on a cold thread, then continues here.
    template <class T>
    void read(base::unique_function<T(ports::store_reader&)> work, completion<T> then);
};

template <class T>
void rooms::impl::read(base::unique_function<T(ports::store_reader&)> work, completion<T> then) {
    auto shared = std::make_shared<completion<T>>(std::move(then));
    auto job = [this, shared, w = std::move(work)]() mutable {
        outcome<T> result = fail(errc::unavailable);
        try {
            result = w(s.store);
        } catch (const ports::store_error&) {
            // Told to the client as what it is; the adapter has logged it.
        }
        s.decider.post([shared, r = std::move(result)]() mutable { (*shared)(std::move(r)); });
    };
    if (!s.cold.run(std::move(job))) {
        (*shared)(fail(errc::unavailable));
    }
}

}  // namespace porchlight::homeserver
