#include <algorithm>

#include "base/log.h"
#include "homeserver/lists/impl.h"

// Users and devices that come and go.
namespace porchlight::homeserver {

using presence::consent_state;

namespace {

constexpr auto purge_again = std::chrono::minutes{1};

}  // namespace

// The id was blocked before it was anybody's: its blockers have shown nothing yet.
void lists::impl::registered(user_key u) {
    for (const user_key subject : table.blockers_of(u)) {
        const auto position = s.engine.blocked(subject, u, {}, s.clock.now());
        s.log.write_behind({ports::block_row{subject, u, {}, std::nullopt, position}}, [](bool) {});
    }
}

// --- a new device is told of the invites that wait ---

accounts::arrival lists::impl::greet(user_key u, device_key d, ports::write_set& set) {
    auto given = std::make_shared<std::vector<list_pair>>();
    auto letters = std::make_shared<to_device::letters>();
    for (const auto& c : table.consents_of(u)) {
        if (c.state == consent_state::invited) {
            given->push_back({c.observer, u});
            add_message(set, "m.presence_invite", given->back(), true, d, *letters);
        }
    }
    return [this, u, d, given, letters] {
        mail.delivered(*letters);
        greeted(u, d, *given);
    };
}

void lists::impl::greeted(user_key u, device_key d, const std::vector<list_pair>& given) {
    std::vector<list_pair> late;
    for (const auto& c : table.consents_of(u)) {
        const list_pair p{c.observer, u};
        if (c.state == consent_state::invited && !std::ranges::binary_search(given, p)) {
            late.push_back(p);
        }
    }
    if (!late.empty()) {
        tell_late(d, late);
    }
    for (const list_pair p : given) {
        was_noticed(p);
    }
}

void lists::impl::tell_late(device_key d, const std::vector<list_pair>& invites) {
    ports::write_set set;
    auto letters = std::make_shared<to_device::letters>();
    for (const list_pair p : invites) {
        add_message(set, "m.presence_invite", p, true, d, *letters);
    }
    s.log.commit(s.log.next_position(), std::move(set), [this, letters](bool ok) {
        if (ok) {
            mail.delivered(*letters);
        } else {
            base::log::warn("homeserver", "a new device was not told of an invite");
        }
    });
}

void lists::impl::was_noticed(list_pair p) {
    queue.enter_anyway({p}, [this, p](pair_queue::ticket* t) {
        consent_half c = table.consent_of(p);
        if (c.state == consent_state::invited) {
            c.noticed = wall_time{
                std::chrono::ceil<std::chrono::seconds>(s.clock.now().wall.time_since_epoch())};
            table.set(p, c);
            s.log.write_behind({row_of(p, c)}, [](bool) {});
        }
        queue.leave(t);
    });
}

// --- deactivation: what the user had and said goes, and what others had of it ---

void lists::impl::deactivated(user_key u) {
    std::vector<list_pair> under_way = queue.pairs_of(u);
    std::erase(under_way, list_pair{u, u});
    purge(u, under_way);
}

void lists::impl::purge(user_key u, const std::vector<list_pair>& also) {
    std::vector<list_pair> pairs;
    for (const auto& e : table.entries_of(u)) {
        pairs.push_back({u, e.subject});
    }
    for (const auto& c : table.consents_of(u)) {
        pairs.push_back({c.observer, u});
    }
    for (const user_key observer : table.blocked_by(u)) {
        pairs.push_back({observer, u});
    }
    if (pairs.size() > base::limits::list_purge_pairs) {
        pairs.resize(base::limits::list_purge_pairs);
    }
    pairs.insert(pairs.end(), also.begin(), also.end());
    if (pairs.empty() && table.policy_of(u).says_nothing()) {
        return;
    }
    std::ranges::sort(pairs);
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    auto c = std::make_shared<call>();
    c->owner = u;
    c->by_server = true;
    for (const list_pair p : pairs) {
        a.names().hold(p.observer == u ? p.subject : p.observer);
        c->steps.push_back({deed::purge, p});
    }
    if (!table.policy_of(u).says_nothing()) {
        c->policy = user_policy{};
    }
    c->done = [this, u](outcome<void> done) {
        if (done) {
            s.decider.post([this, u] { purge(u, {}); });
        } else {
            s.decider.post_after(purge_again, [this, u] { purge(u, {}); });
        }
    };
    submit(std::move(c), false);
}

}  // namespace porchlight::homeserver
