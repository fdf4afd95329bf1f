#include "homeserver/lists/impl.h"

// What a committed change does to live state, and the rows that follow behind.
namespace porchlight::homeserver {

using presence::consent_state;
using presence::entry_state;

namespace {

constexpr auto sweep_interval = std::chrono::hours{1};

void unheard(bool) {}

}  // namespace

void lists::impl::apply_halves(const pair_change& p) {
    name_keys& names = a.names();
    const auto hold = [&names](user_key u, bool before, bool after) {
        if (after && !before) {
            names.hold(u);
        } else if (before && !after) {
            names.let_go(u);
        }
    };
    table.set(p.who, p.entry);
    hold(p.who.subject, p.entry_before.state != entry_state::none,
         p.entry.state != entry_state::none);
    table.set(p.who, p.consent);
    for (const user_key u : {p.who.observer, p.who.subject}) {  // either may be no account
        hold(u, p.consent_before.there(), p.consent.there());
    }
    if (p.consent != p.consent_before) {
        fade(p.who, p.consent);
    }
}

void lists::impl::apply_view(const pair_change& p) {
    const auto [observer, subject] = p.who;
    apply_view_of_remote(p);
    const bool before = p.entry_before.state == entry_state::accepted;
    const bool after = p.entry.state == entry_state::accepted;
    if (after && !before) {
        if (is_elsewhere(subject)) {
            s.engine.remote_user(subject);
        }
        const auto position = s.engine.accepted(observer, subject, s.clock.now());
        unsettled.erase(p.who);
        s.log.write_behind({row_of(p.who, p.entry, position)}, unheard);
    } else if (before && !after) {
        unsettled[p.who] = s.engine.unaccepted(observer, subject, s.clock.now());
    }
    if (before != after && is_elsewhere(subject)) {
        // A loss may speak of the subject for long: the name keeps its key until a start finds
        // that none does.
        a.names().hold(subject);
        if (view_changed) {
            view_changed(observer, subject, after);
        }
    }
    // The engine saves the loss in a task of its own, which this one comes after.
    if (unsettled.contains(p.who)) {
        s.decider.post([this, who = p.who] { settle(who); });
    }
}

// An observer of another server has no entry and no stream here, so the engine does not know of it:
// the consent is the view, and federation tells of it.
void lists::impl::apply_view_of_remote(const pair_change& p) {
    const auto [observer, subject] = p.who;
    const bool before = p.consent_before.state == consent_state::accepted;
    const bool after = p.consent.state == consent_state::accepted;
    if (before == after || !is_elsewhere(observer)) {
        return;
    }
    if (view_changed) {
        view_changed(observer, subject, after);
    }
}

void lists::impl::settle(list_pair p) {
    const auto ended = unsettled.find(p);
    if (ended == unsettled.end() || queue.held(p)) {
        return;  // whoever holds the pair will ask again
    }
    const entry_half e = table.entry_of(p);
    if (e.state == entry_state::none) {
        s.log.write_behind({ports::list_entry_removal{p.observer, p.subject}}, unheard);
    } else {
        s.log.write_behind({row_of(p, e, ended->second)}, unheard);
    }
    unsettled.erase(ended);
}

void lists::impl::apply_block(const pair_change& p) {
    const auto [observer, subject] = p.who;
    const bool known = a.names().is_account(observer) || is_elsewhere(observer);
    if (p.blocks) {
        table.set_block(p.who, true);
        a.names().hold(observer);
        if (known) {
            const auto position = s.engine.blocked(subject, observer, *p.blocks, s.clock.now());
            s.log.write_behind({ports::block_row{subject, observer, p.blocks->text,
                                                 p.blocks->last_active, position}},
                               unheard);
        }
    }
    if (p.unblocks) {
        table.set_block(p.who, false);
        if (known) {
            s.engine.unblocked(subject, observer, s.clock.now());
        }
        a.names().let_go(observer);
    }
}

void lists::impl::apply_policy(user_key u, user_policy policy) {
    // Of who was deactivated nobody sees anything any more, and nobody is told.
    if (policy.visibility != table.policy_of(u).visibility && !a.is_deactivated(u)) {
        policy.presence_position = s.engine.visibility_changed(u, policy.visibility, s.clock.now());
        s.log.write_behind({row_of(u, policy)}, unheard);
    }
    table.set_policy(u, policy);
}

// --- halves that say nothing but when there was a notice ---

void lists::impl::fade(list_pair p, const consent_half& c) {
    if (c.state != consent_state::none || !c.noticed) {
        return;
    }
    fading.emplace(*c.noticed + base::limits::invite_notice_interval, p);
    if (!std::exchange(sweeping, true)) {
        s.decider.post_after(sweep_interval, [this] { sweep(); });
    }
}

void lists::impl::sweep() {
    sweeping = false;
    const wall_time now = s.clock.now().wall;
    ports::write_set gone;
    while (!fading.empty() && fading.begin()->first <= now) {
        const list_pair p = fading.begin()->second;
        fading.erase(fading.begin());
        const consent_half c = table.consent_of(p);
        const bool over = c.state == consent_state::none && c.noticed &&
                          *c.noticed + base::limits::invite_notice_interval <= now;
        if (over && queue.held(p)) {
            fading.emplace(now + sweep_interval, p);
        } else if (over) {
            table.set(p, consent_half{});
            gone.push_back(ports::consent_removal{p.subject, p.observer});
            a.names().let_go(p.observer);
            a.names().let_go(p.subject);
        }
    }
    if (!gone.empty()) {
        s.log.write_behind(std::move(gone), unheard);
    }
    if (!fading.empty()) {
        sweeping = true;
        s.decider.post_after(sweep_interval, [this] { sweep(); });
    }
}

}  // namespace porchlight::homeserver
