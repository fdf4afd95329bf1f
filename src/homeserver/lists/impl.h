#pragma once

#include <map>
#include <span>
#include <unordered_map>

#include "base/limits.h"
#include "homeserver/durable_log.h"
#include "homeserver/lists.h"
#include "homeserver/lists/exchange.h"
#include "homeserver/lists/list_table.h"
#include "homeserver/lists/pair_queue.h"
#include "homeserver/name_keys.h"

namespace porchlight::homeserver {

using matrix::errc;
using matrix::fail;

// What a call does to a pair. The observer's deeds, the subject's, and the server's own when one of
// the two was deactivated.
enum class deed : std::uint8_t {
    invite,
    drop,
    accept,
    deny,
    revoke,
    block,
    unblock,
    purge,
    // of another server
    hear_invite,
    hear_withdraw,
    hear_accept,
    hear_deny,
};

struct lists::impl {
    impl(services& services_in, accounts& accounts_in, to_device& mail_in);

    services& s;
    accounts& a;
    to_device& mail;
    list_table table;
    pair_queue queue{base::limits::list_calls_waiting_max};
    // Views that ended, whose rows still say that their position is not known: it is written once
    // the engine's loss is on its way.
    std::unordered_map<list_pair, std::uint64_t> unsettled;
    ports::write_set found;  // loaded rows whose position was not known, until ready()
    // Halves without a state, kept since a notice may not be given again before then.
    std::multimap<wall_time, list_pair> fading;
    bool sweeping = false;
    base::unique_function<void(const ports::list_message_row&)> message_made;
    base::unique_function<void(user_key, user_key, bool)> view_changed;

    // --- one transaction (changes.cc) ---
    struct step {
        deed what;
        list_pair who;
    };
    // A pair as it was and as it will be.
    struct pair_change {
        list_pair who;
        entry_half entry_before, entry;
        consent_half consent_before, consent;
        std::optional<engine::frozen_view> blocks;  // the subject blocks the observer from now on
        bool unblocks = false;
        bool notice = false;                   // the subject's devices are told of the invite,
        bool accepted = false;                 // the observer's of the acceptance
        presence::entry_message to_subject{};  // to the other server
        presence::consent_message to_observer{};
        std::vector<device_key> known;  // the subject's devices when that was decided
    };
    struct policy_wish {
        std::optional<presence::user_visibility> visibility;
        std::optional<presence::auto_accept> auto_accept;
    };
    struct call {
        user_key owner;
        std::vector<step> steps;
        std::optional<policy_wish> wish;
        bool by_server = false;  // not by the owner, who may be gone
        completion<void> done;
        std::vector<pair_change> changes;
        std::optional<user_policy> policy;  // the owner's from now on
        to_device::letters letters;
        std::vector<ports::list_message_row> messages;
        pair_queue::ticket* ticket = nullptr;
    };
    using call_ptr = std::shared_ptr<call>;
    struct verb {
        deed what;
        std::span<const std::string> ids;
    };
    // The steps of a call, its names held.
    outcome<std::vector<step>> read(user_key owner, std::span<const verb> verbs);
    void take(caller who, std::span<const verb> verbs, completion<void> done);
    void submit(call_ptr c, bool may_be_refused);
    void start(call_ptr c);
    outcome<void> decide(call& c);
    outcome<void> keep_to_limits(const call& c) const;
    pair_change outcome_of(const step& what) const;
    void purge_pair(pair_change& r) const;
    pair_facts facts_of(const step& what, const consent_half& c) const;
    bool takes_no_more(list_pair p, bool accepts) const;
    place place_of(user_key u) const;
    bool is_elsewhere(user_key u) const { return place_of(u) == place::elsewhere; }
    std::string_view server_of(user_key u) const;
    ports::write_set rows_of(call& c);
    void add_rows(ports::write_set& set, const pair_change& p);
    void add_list_message(call& c, const pair_change& p) const;
    void add_message(ports::write_set& set, std::string_view type, list_pair p, bool to_subject,
                     std::optional<device_key> only, to_device::letters& letters);
    void apply(call& c);
    void finish(const call_ptr& c, outcome<void> result);

    // --- what a change does (applying.cc) ---
    void apply_halves(const pair_change& p);
    void apply_view(const pair_change& p);
    void apply_view_of_remote(const pair_change& p);
    void apply_block(const pair_change& p);
    void apply_policy(user_key u, user_policy policy);
    static ports::list_entry_row row_of(list_pair p, const entry_half& e, std::uint64_t position);
    static ports::consent_row row_of(list_pair p, const consent_half& c);
    static ports::policy_row row_of(user_key u, const user_policy& p);
    void settle(list_pair p);
    void fade(list_pair p, const consent_half& c);
    void sweep();

    // --- comings and goings (people.cc) ---
    void registered(user_key u);
    accounts::arrival greet(user_key u, device_key d, ports::write_set& set);
    void greeted(user_key u, device_key d, const std::vector<list_pair>& given);
    void tell_late(device_key d, const std::vector<list_pair>& invites);
    void was_noticed(list_pair p);
    void deactivated(user_key u);
    void purge(user_key u, const std::vector<list_pair>& also);

    // --- loading and looking (lists.cc) ---
    bool may_name(word what, std::string_view id) const;
    void load_entries(ports::store_reader& store, bool clean);
    void load_the_rest(ports::store_reader& store);
    bool shown_accepted(list_pair p, presence::entry_state s) const;
    template <class Row, class Key>
    void sort_by_id(std::vector<Row>& rows, Key key) const;
};

}  // namespace porchlight::homeserver
