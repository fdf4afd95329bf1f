#include "scenarios/list_book.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace porchlight::scenarios {

namespace {

using presence::consent_input;
using presence::consent_message;
using presence::consent_state;
using presence::entry_input;
using presence::entry_message;
using presence::entry_state;
using presence::user_visibility;

// No subject is told of one observer's invites more often.
constexpr base::milliseconds notice_interval = std::chrono::hours{24};

constexpr std::array<std::string_view, 3> visibilities{"everyone", "lists_only", "nobody"};
constexpr std::array<std::string_view, 4> auto_accepts{"never", "contacts", "same_server",
                                                       "everyone"};

template <class Value, std::size_t Count>
Value value_of(const std::array<std::string_view, Count>& words, const std::string& word) {
    return static_cast<Value>(std::ranges::find(words, word) - words.begin());
}

}  // namespace

void list_book::change(const step::changes_lists& s, base::wall_time now) {
    using enum step::list_verb;
    const pair own{s.who.user, s.whom}, other{s.whom, s.who.user};
    switch (s.verb) {
        case invite:
            return hear(own, entry_input::invite, now);
        case drop:
            return hear(own, entry_input::drop, now);
        case accept:
            return hear(other, consent_input::accept, now);
        case deny:
            return hear(other, consent_input::deny, now);
        case revoke:
            return hear(other, consent_input::revoke, now);
        case block:
            blocks_.insert(other);
            return;
        case unblock:
            blocks_.erase(other);
            return;
    }
}

void list_book::set_policy(const step::sets_policy& s) {
    policy& said = policies_[s.who.user];
    if (s.visibility) {
        said.visibility = value_of<user_visibility>(visibilities, *s.visibility);
    }
    if (s.auto_accept) {
        said.auto_accept = value_of<presence::auto_accept>(auto_accepts, *s.auto_accept);
    }
}

void list_book::deactivated(const std::string& user) {
    std::erase_if(pairs_,
                  [&](const auto& p) { return p.first.first == user || p.first.second == user; });
    std::erase_if(blocks_, [&](const pair& p) { return p.second == user; });
    policies_.erase(user);
    mail_.erase(user);
}

void list_book::hear(const pair& p, entry_input i, base::wall_time now) {
    half_pair& h = pairs_[p];
    const presence::entry_step step = presence::next(h.entry, i);
    h.entry = step.to;
    if (step.tell) {
        tell(p.first, {step::notice::acceptance, p.second});
    }
    if (step.send == entry_message::invite && !blocks_.contains(p)) {
        hear(p, consent_input::invite, now);
    } else if (step.send == entry_message::withdraw) {
        hear(p, consent_input::withdraw, now);
    }
}

void list_book::hear(const pair& p, consent_input i, base::wall_time now) {
    half_pair& h = pairs_[p];
    if (i == consent_input::invite && takes_invite_in(p, h)) {
        h.consent = consent_state::preapproved;
    }
    const presence::consent_step step = presence::next(h.consent, i);
    h.consent = step.to;
    if (step.tell && (!h.noticed || now - *h.noticed >= notice_interval)) {
        h.noticed = now;
        tell(p.second, {step::notice::invite, p.first});
    }
    if (step.send != consent_message::none) {
        hear(p, step.send == consent_message::accept ? entry_input::accept : entry_input::deny,
             now);
    }
}

// By the subject's policy, where the subject never said anything.
bool list_book::takes_invite_in(const pair& p, const half_pair& h) const {
    const auto said = policies_.find(p.second);
    const bool contact = state_of({p.second, p.first}).entry != entry_state::none;
    return h.consent == consent_state::none && said != policies_.end() &&
           presence::accepts_by_itself(said->second.auto_accept,
                                       {.contact = contact, .same_server = true});
}

list_book::half_pair list_book::state_of(const pair& p) const {
    const auto at = pairs_.find(p);
    return at == pairs_.end() ? half_pair{} : at->second;
}

std::set<list_book::pair> list_book::accepted() const {
    std::set<pair> all;
    for (const auto& [p, h] : pairs_) {
        if (h.entry == entry_state::accepted) {
            all.insert(p);
        }
    }
    return all;
}

bool list_book::is_accepted(const std::string& observer, const std::string& subject) const {
    return state_of({observer, subject}).entry == entry_state::accepted;
}

user_visibility list_book::visibility(const std::string& user) const {
    const auto at = policies_.find(user);
    return at == policies_.end() ? user_visibility::everyone : at->second.visibility;
}

std::optional<bool> list_book::entry(const std::string& owner, const std::string& subject) const {
    const entry_state s = state_of({owner, subject}).entry;
    if (s == entry_state::none) {
        return std::nullopt;
    }
    return s == entry_state::accepted && visibility(subject) != user_visibility::nobody;
}

bool list_book::has_answer(const std::string& who, const std::string& whom,
                           step::answer what) const {
    const consent_state s = state_of({whom, who}).consent;
    switch (what) {
        case step::answer::invited:
            return s == consent_state::invited;
        case step::answer::observer:
            return s == consent_state::accepted;
        case step::answer::preapproved:
            return s == consent_state::preapproved;
        case step::answer::denied:
            return s == consent_state::denied || s == consent_state::barred;
        case step::answer::blocked:
            return blocks_.contains({whom, who});
    }
    return false;
}

void list_book::tell(const std::string& user, const notice& n) {
    ++sent_[user][n];
    for (auto& [device, m] : mail_[user]) {
        ++m.waiting[n];
    }
}

list_book::mail& list_book::mail_of(const actor& a) {
    auto& devices = mail_[a.user];
    return devices.try_emplace(a.device, mail{.waiting = sent_[a.user], .arrived = {}})
        .first->second;
}

void list_book::logged_in(const actor& a) {
    mail& m = mail_[a.user][a.device] = {};
    for (const auto& [p, h] : pairs_) {
        if (p.second == a.user && h.consent == consent_state::invited) {
            m.waiting[{step::notice::invite, p.first}] = 1;
        }
    }
}

void list_book::synced(const actor& a) {
    mail& m = mail_of(a);
    for (const auto& [n, count] : std::exchange(m.waiting, {})) {
        m.arrived[n] += count;
    }
}

std::size_t list_book::take_notices(const actor& a, step::notice what, const std::string& by) {
    return std::exchange(mail_of(a).arrived[{what, by}], 0);
}

}  // namespace porchlight::scenarios
