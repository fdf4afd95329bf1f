#include <algorithm>

#include "base/metrics.h"
#include "homeserver/lists/impl.h"
#include "matrix/identifier.h"
#include "matrix/json.h"

// From what a user says to one transaction: read, wait for the pairs, decide, store, apply.
namespace porchlight::homeserver {

using presence::consent_input;
using presence::consent_state;
using presence::entry_input;
using presence::entry_state;

namespace {

constexpr auto metric_name = "porchlight_limits_reached_total";
constexpr auto metric_help = "Limits reached, by limit.";
base::metrics::counter ids_reached{metric_name, metric_help, "limit=\"list_ids_per_call\""};
base::metrics::counter entries_reached{metric_name, metric_help, "limit=\"list_entries\""};
base::metrics::counter consents_reached{metric_name, metric_help, "limit=\"consents_per_user\""};
base::metrics::counter blocks_reached{metric_name, metric_help, "limit=\"blocks_per_user\""};
base::metrics::counter incoming_reached{metric_name, metric_help, "limit=\"incoming_invites\""};
base::metrics::counter waiting_reached{metric_name, metric_help, "limit=\"list_calls_waiting\""};
base::metrics::counter invites{"porchlight_list_invites_total",
                               "Invites to presence lists that a subject was told of."};

bool by_observer(deed d) {
    return d == deed::invite || d == deed::drop;
}

std::optional<failure> over(std::size_t have, std::size_t more, std::size_t most,
                            base::metrics::counter& reached, const char* what) {
    if (more == 0 || have + more <= most) {
        return std::nullopt;
    }
    reached.add();
    return fail(errc::resource_limit,
                std::string{what} + " may name at most " + std::to_string(most) + " users.");
}

}  // namespace

// --- reading ---

outcome<std::vector<lists::impl::step>> lists::impl::read(user_key owner,
                                                          std::span<const verb> verbs) {
    std::map<std::string_view, deed> said;
    std::size_t ids = 0;
    for (const verb& v : verbs) {
        ids += v.ids.size();
        for (const std::string& id : v.ids) {
            if (!matrix::parse_user_id(id)) {
                return fail(errc::invalid_param, "\"" + id + "\" is no user id (@name:server).");
            }
            if (id == a.user_id(owner)) {
                return fail(errc::invalid_param, "One's own id, " + id + ", cannot stand here.");
            }
            if (said.emplace(id, v.what).first->second != v.what) {
                return fail(errc::invalid_param, "The id " + id + " stands under two verbs.");
            }
        }
    }
    if (ids > base::limits::list_ids_per_call_max) {
        ids_reached.add();
        return fail(errc::invalid_param, "A call may name at most " +
                                             std::to_string(base::limits::list_ids_per_call_max) +
                                             " users.");
    }
    std::vector<step> steps;
    for (const auto& [id, what] : said) {
        const user_key other = a.names().hold(id);
        steps.push_back(
            {what, by_observer(what) ? list_pair{owner, other} : list_pair{other, owner}});
    }
    return steps;
}

void lists::impl::submit(call_ptr c, bool may_be_refused) {
    std::vector<list_pair> pairs;
    for (const step& what : c->steps) {
        pairs.push_back(what.who);
    }
    if (c->wish) {
        pairs.push_back({c->owner, c->owner});
    }
    auto begin = [this, c](pair_queue::ticket* t) {
        c->ticket = t;
        start(c);
    };
    if (!may_be_refused) {
        queue.enter_anyway(std::move(pairs), std::move(begin));
    } else if (!queue.enter(std::move(pairs), std::move(begin))) {
        waiting_reached.add();
        finish(c, fail(errc::unavailable));
    }
}

// --- deciding: what everything before this call has left is known now ---

void lists::impl::start(call_ptr c) {
    if (const auto decided = decide(*c); !decided) {
        finish(c, decided.error());
        return;
    }
    ports::write_set set = rows_of(*c);
    if (set.empty()) {
        finish(c, outcome<void>{});
        return;
    }
    s.log.commit(s.log.next_position(), std::move(set), [this, c](bool ok) {
        if (ok) {
            apply(*c);
        }
        finish(c, ok ? outcome<void>{} : fail(errc::unavailable));
    });
}

outcome<void> lists::impl::decide(call& c) {
    if (a.is_deactivated(c.owner) && !c.by_server) {
        return fail(errc::user_deactivated);
    }
    for (const step& what : c.steps) {
        c.changes.push_back(outcome_of(what));
    }
    if (c.wish) {
        const user_policy& before = table.policy_of(c.owner);
        user_policy after = before;
        after.auto_accept = c.wish->auto_accept ? c.wish->auto_accept : before.auto_accept;
        if (c.wish->visibility && *c.wish->visibility != before.visibility) {
            after.before = before.visibility;
            after.visibility = *c.wish->visibility;
            after.presence_position = 0;
        }
        if (after != before) {
            c.policy = after;
        }
    }
    return c.by_server ? outcome<void>{} : keep_to_limits(c);
}

// One of the two was deactivated: nothing is left here, and the other half's server is told.
void lists::impl::purge_pair(pair_change& r) const {
    r.entry = {};
    r.consent = {};
    r.unblocks = table.blocks(r.who) && a.is_deactivated(r.who.subject);
    if (r.entry_before.state != entry_state::none && is_elsewhere(r.who.subject)) {
        r.to_subject = presence::entry_message::withdraw;
    }
    if (r.consent_before.state != consent_state::none && is_elsewhere(r.who.observer)) {
        r.to_observer = presence::consent_message::deny;
    }
}

lists::impl::pair_change lists::impl::outcome_of(const step& what) const {
    const list_pair p = what.who;
    pair_change r;
    r.who = p;
    r.entry = r.entry_before = table.entry_of(p);
    r.consent = r.consent_before = table.consent_of(p);
    exchange x(r.entry, r.consent, facts_of(what, r.consent), s.clock.now().wall);
    switch (what.what) {
        case deed::invite:
            x.observer_says(entry_input::invite);
            break;
        case deed::drop:
            x.observer_says(entry_input::drop);
            break;
        case deed::accept:
            x.subject_says(consent_input::accept);
            break;
        case deed::deny:
            x.subject_says(consent_input::deny);
            break;
        case deed::revoke:
            x.subject_says(consent_input::revoke);
            break;
        case deed::block:
            if (!table.blocks(p)) {
                // Of who is no account there is nothing to see yet, nor will there have been.
                r.blocks = a.names().is_account(p.observer) || is_elsewhere(p.observer)
                               ? s.engine.freeze(p.subject, s.clock.now())
                               : engine::frozen_view{};
            }
            return r;
        case deed::unblock:
            r.unblocks = table.blocks(p);
            return r;
        case deed::purge:
            purge_pair(r);
            return r;
        case deed::hear_invite:
            x.observers_server_says(presence::entry_message::invite);
            break;
        case deed::hear_withdraw:
            x.observers_server_says(presence::entry_message::withdraw);
            break;
        case deed::hear_accept:
            x.subjects_server_says(presence::consent_message::accept);
            break;
        case deed::hear_deny:
            x.subjects_server_says(presence::consent_message::deny);
            break;
    }
    r.entry = x.entry();
    r.consent = x.consent();
    r.notice = x.notice();
    r.accepted = x.accepted();
    r.to_subject = x.to_subjects_server();
    r.to_observer = x.to_observers_server();
    if (r.consent.state == consent_state::invited && a.names().is_account(p.subject)) {
        for (const device_info& d : a.devices(p.subject)) {
            r.known.push_back(d.device);
        }
    }
    return r;
}

std::string_view lists::impl::server_of(user_key u) const {
    return matrix::parse_user_id(a.user_id(u))->server;
}

place lists::impl::place_of(user_key u) const {
    if (a.names().is_account(u)) {
        return a.is_deactivated(u) ? place::nowhere : place::here;
    }
    return server_of(u) == std::string_view{s.config.server_name} ? place::here : place::elsewhere;
}

pair_facts lists::impl::facts_of(const step& what, const consent_half& c) const {
    const list_pair p = what.who;
    pair_facts f;
    f.observer = place_of(p.observer);
    f.subject = place_of(p.subject);
    const bool asks = what.what == deed::invite || what.what == deed::hear_invite;
    if (!asks || f.subject != place::here) {
        return f;
    }
    if (a.names().is_account(p.subject)) {
        const auto policy = table.policy_of(p.subject).auto_accept.value_or(s.config.auto_accept);
        const bool contact = table.entry_of({p.subject, p.observer}).state != entry_state::none;
        f.accepts = presence::accepts_by_itself(policy, {contact, f.observer == place::here});
    }
    f.swallows = table.blocks(p) || (c.state == consent_state::none && takes_no_more(p, f.accepts));
    return f;
}

// The inviter is not told, and depends on nobody but the subject's other inviters here.
bool lists::impl::takes_no_more(list_pair p, bool accepts) const {
    const auto all = table.consents_of(p.subject);
    if (all.size() >= base::limits::consents_per_user_max) {
        consents_reached.add();
        return true;
    }
    const auto is_invited = [](const auto& c) { return c.state == consent_state::invited; };
    const auto most = static_cast<std::ptrdiff_t>(s.config.incoming_invites_max);
    if (accepts || std::ranges::count_if(all, is_invited) < most) {
        return false;
    }
    const std::string_view server = server_of(p.observer);
    const auto from_there = std::ranges::count_if(
        all, [&](const auto& c) { return is_invited(c) && server_of(c.observer) == server; });
    if (from_there >= most) {
        incoming_reached.add();
    }
    return from_there >= most;
}

outcome<void> lists::impl::keep_to_limits(const call& c) const {
    std::size_t entries = 0;
    std::size_t consents = 0;
    std::size_t blocks = 0;
    for (const pair_change& p : c.changes) {
        const bool own_list = p.who.observer == c.owner;
        entries += own_list && p.entry_before.state == entry_state::none &&
                   p.entry.state != entry_state::none;
        consents += !own_list && !p.consent_before.there() && p.consent.there();
        blocks += p.blocks.has_value();
    }
    using namespace base::limits;
    auto refused = over(table.entries_of(c.owner).size(), entries, list_entries_max,
                        entries_reached, "A presence list");
    if (!refused) {
        refused = over(table.consents_of(c.owner).size(), consents, consents_per_user_max,
                       consents_reached, "What one said of invites");
    }
    if (!refused) {
        refused = over(table.blocked_by(c.owner).size(), blocks, blocks_per_user_max,
                       blocks_reached, "One's blocks");
    }
    return refused ? outcome<void>{std::move(*refused)} : outcome<void>{};
}

// --- storing ---

ports::list_entry_row lists::impl::row_of(list_pair p, const entry_half& e,
                                          std::uint64_t position) {
    return {p.observer, p.subject, static_cast<std::uint8_t>(e.state), e.invited, position};
}

ports::consent_row lists::impl::row_of(list_pair p, const consent_half& c) {
    return {p.subject, p.observer, static_cast<std::uint8_t>(c.state), c.since, c.noticed};
}

ports::policy_row lists::impl::row_of(user_key u, const user_policy& p) {
    ports::policy_row r{.user = u,
                        .visibility = static_cast<std::uint8_t>(p.visibility),
                        .visibility_before = static_cast<std::uint8_t>(p.before),
                        .presence_position = p.presence_position};
    if (p.auto_accept) {
        r.auto_accept = static_cast<std::uint8_t>(*p.auto_accept);
    }
    return r;
}

void lists::impl::add_rows(ports::write_set& set, const pair_change& p) {
    const auto [observer, subject] = p.who;
    if (p.entry != p.entry_before) {
        const bool began = p.entry.state == entry_state::accepted;
        const bool ended = !began && p.entry_before.state == entry_state::accepted;
        const bool unknown = began || ended || unsettled.contains(p.who);
        if (p.entry.state == entry_state::none && !unknown) {
            set.push_back(ports::list_entry_removal{observer, subject});
        } else {
            a.names().add_row(set, subject);
            set.push_back(row_of(p.who, p.entry, unknown ? 0 : 1));
        }
    }
    if (p.consent != p.consent_before) {
        if (p.consent.there()) {
            a.names().add_row(set, observer);  // that of a subject came with the entry
            set.push_back(row_of(p.who, p.consent));
        } else {
            set.push_back(ports::consent_removal{subject, observer});
        }
    }
    if (p.blocks) {
        a.names().add_row(set, observer);
        set.push_back(
            ports::block_row{subject, observer, p.blocks->text, p.blocks->last_active, 0});
    }
    if (p.unblocks) {
        set.push_back(ports::block_removal{subject, observer});
    }
}

void lists::impl::add_message(ports::write_set& set, std::string_view type, list_pair p,
                              bool to_subject, std::optional<device_key> only,
                              to_device::letters& letters) {
    std::string content = R"({"observer_user":)";
    matrix::append_json_string(content, a.user_id(p.observer));
    content += R"(,"observed_user":)";
    matrix::append_json_string(content, a.user_id(p.subject));
    content += '}';
    const user_key to = to_subject ? p.subject : p.observer;
    const user_key from = to_subject ? p.observer : p.subject;
    mail.add(set, {to, only, std::string{type}, std::string{a.user_id(from)}, std::move(content)},
             letters);
}

void lists::impl::add_list_message(call& c, const pair_change& p) const {
    const bool from_observer = p.to_subject != presence::entry_message::none;
    if (!from_observer && p.to_observer == presence::consent_message::none) {
        return;
    }
    c.messages.push_back(
        {.observer = std::string{a.user_id(p.who.observer)},
         .subject = std::string{a.user_id(p.who.subject)},
         .from_observer = from_observer,
         .destination = std::string{server_of(from_observer ? p.who.subject : p.who.observer)},
         .what = from_observer ? static_cast<std::uint8_t>(p.to_subject)
                               : static_cast<std::uint8_t>(p.to_observer),
         .position = s.log.next_position(),
         .since = s.clock.now().wall});
}

ports::write_set lists::impl::rows_of(call& c) {
    ports::write_set set;
    for (const pair_change& p : c.changes) {
        add_rows(set, p);
        add_list_message(c, p);
        if (p.notice && a.names().is_account(p.who.subject)) {
            add_message(set, "m.presence_invite", p.who, true, std::nullopt, c.letters);
        }
        if (p.accepted) {
            add_message(set, "m.presence_accept", p.who, false, std::nullopt, c.letters);
        }
    }
    if (c.policy) {
        set.push_back(row_of(c.owner, *c.policy));
    }
    set.insert(set.end(), c.messages.begin(), c.messages.end());
    return set;
}

// --- applying ---

void lists::impl::apply(call& c) {
    for (const pair_change& p : c.changes) {
        apply_halves(p);
        apply_view(p);
        apply_block(p);
        invites.add(p.notice ? 1 : 0);
    }
    if (c.policy) {
        apply_policy(c.owner, *c.policy);
    }
    mail.delivered(c.letters);
    for (const ports::list_message_row& m : c.messages) {
        if (message_made) {
            message_made(m);
        }
    }
    // Devices that came while the invite was on its way to the disk.
    for (const pair_change& p : c.changes) {
        if (p.consent.state != consent_state::invited || p.consent == p.consent_before) {
            continue;
        }
        for (const device_info& d : a.devices(p.who.subject)) {
            if (!std::ranges::binary_search(p.known, d.device)) {
                tell_late(d.device, {p.who});
            }
        }
    }
}

void lists::impl::finish(const call_ptr& c, outcome<void> result) {
    c->done(std::move(result));
    for (const step& what : c->steps) {
        a.names().let_go(what.who.observer == c->owner ? what.who.subject : what.who.observer);
    }
    if (c->ticket != nullptr) {
        queue.leave(c->ticket);
    }
}

}  // namespace porchlight::homeserver
