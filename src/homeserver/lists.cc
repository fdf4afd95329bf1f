#include "homeserver/lists.h"

#include <algorithm>

#include "base/metrics.h"
#include "homeserver/lists/impl.h"
#include "matrix/identifier.h"

namespace porchlight::homeserver {

using presence::consent_state;
using presence::entry_state;
using presence::user_visibility;

namespace {

base::metrics::counter names_reached{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                     "limit=\"names_per_server\""};
base::metrics::counter unheard{
    "porchlight_list_messages_dropped_total",
    "Messages of other servers about presence lists that concern nobody here."};

}  // namespace

lists::impl::impl(services& services_in, accounts& accounts_in, to_device& mail_in)
    : s(services_in), a(accounts_in), mail(mail_in) {
    a.on_added([this](user_key u) { registered(u); });
    a.on_new_device(
        [this](user_key u, device_key d, ports::write_set& set) { return greet(u, d, set); });
    a.on_deactivated([this](user_key u) { deactivated(u); });
}

lists::lists(services& s, accounts& a, to_device& mail)
    : impl_(std::make_unique<impl>(s, a, mail)) {}
lists::~lists() = default;

// --- changes ---

void lists::change_list(caller who, change c, completion<void> done) {
    const impl::verb verbs[] = {{deed::invite, c.invite}, {deed::drop, c.drop}};
    impl_->take(who, verbs, std::move(done));
}

void lists::answer_invites(caller who, answer a, completion<void> done) {
    const impl::verb verbs[] = {{deed::accept, a.accept},
                                {deed::deny, a.deny},
                                {deed::revoke, a.revoke},
                                {deed::block, a.block},
                                {deed::unblock, a.unblock}};
    impl_->take(who, verbs, std::move(done));
}

void lists::impl::take(caller who, std::span<const verb> verbs, completion<void> done) {
    auto steps = read(who.user, verbs);
    if (!steps) {
        done(steps.error());
        return;
    }
    auto c = std::make_shared<call>();
    c->owner = who.user;
    c->steps = std::move(*steps);
    c->done = std::move(done);
    submit(std::move(c), true);
}

void lists::set_policy(caller who, std::optional<user_visibility> visibility,
                       std::optional<presence::auto_accept> auto_accept, completion<void> done) {
    auto c = std::make_shared<impl::call>();
    c->owner = who.user;
    c->wish = impl::policy_wish{visibility, auto_accept};
    c->done = std::move(done);
    impl_->submit(std::move(c), true);
}

// --- looking ---

bool lists::impl::shown_accepted(list_pair p, entry_state state) const {
    return state == entry_state::accepted && !a.is_deactivated(p.subject) &&
           table.policy_of(p.subject).visibility != user_visibility::nobody;
}

template <class Row, class Key>
void lists::impl::sort_by_id(std::vector<Row>& rows, Key key) const {
    std::ranges::sort(rows, {}, [&](const Row& r) { return a.user_id(std::invoke(key, r)); });
}

std::vector<lists::entry> lists::list_of(user_key owner) const {
    const impl& m = *impl_;
    std::vector<entry> all;
    for (const auto& e : m.table.entries_of(owner)) {
        all.push_back({e.subject, m.shown_accepted({owner, e.subject}, e.state), e.half().invited});
    }
    m.sort_by_id(all, &entry::subject);
    return all;
}

lists::overview lists::overview_of(user_key u) const {
    const impl& m = *impl_;
    overview o;
    for (const entry& e : list_of(u)) {
        if (!e.accepted) {
            o.outgoing.push_back({e.subject, e.invited});
        }
    }
    for (const auto& c : m.table.consents_of(u)) {
        switch (c.state) {
            case consent_state::none:
                break;
            case consent_state::invited:
                o.incoming.push_back({c.observer, c.half().since});
                break;
            case consent_state::accepted:
                o.observers.push_back({c.observer, c.half().since});
                break;
            case consent_state::preapproved:
                o.preapproved.push_back(c.observer);
                break;
            case consent_state::denied:
            case consent_state::barred:
                o.denied.push_back(c.observer);
                break;
        }
    }
    const auto blocked = m.table.blocked_by(u);
    o.blocked.assign(blocked.begin(), blocked.end());
    for (auto* part : {&o.incoming, &o.observers}) {
        m.sort_by_id(*part, &dated::user);
    }
    for (auto* part : {&o.preapproved, &o.denied, &o.blocked}) {
        m.sort_by_id(*part, std::identity{});
    }
    return o;
}

lists::policy lists::policy_of(user_key u) const {
    const user_policy& p = impl_->table.policy_of(u);
    return {p.visibility, p.auto_accept.value_or(impl_->s.config.auto_accept)};
}

// --- other servers ---

void lists::on_message(base::unique_function<void(const ports::list_message_row&)> f) {
    impl_->message_made = std::move(f);
}

void lists::on_view(base::unique_function<void(user_key, user_key, bool)> f) {
    impl_->view_changed = std::move(f);
}

void lists::each_view(base::unique_function<void(user_key, user_key)> each) const {
    const impl& m = *impl_;
    for (const user_key u : m.table.users()) {
        for (const auto& e : m.table.entries_of(u)) {
            if (e.state == entry_state::accepted && m.is_elsewhere(e.subject)) {
                each(u, e.subject);
            }
        }
        for (const auto& c : m.table.consents_of(u)) {
            if (c.state == consent_state::accepted && m.is_elsewhere(c.observer)) {
                each(c.observer, u);
            }
        }
    }
}

std::vector<user_key> lists::observers_of(user_key subject) const {
    std::vector<user_key> all;
    for (const auto& c : impl_->table.consents_of(subject)) {
        if (c.state == consent_state::accepted) {
            all.push_back(c.observer);
        }
    }
    return all;
}

std::span<const user_key> lists::blocked_by(user_key subject) const {
    return impl_->table.blocked_by(subject);
}

void lists::hear(word what, std::string observer, std::string subject, completion<void> done) {
    impl& m = *impl_;
    const bool from_observer = what == word::invite || what == word::withdraw;
    const std::string& here = from_observer ? subject : observer;
    const std::string& there = from_observer ? observer : subject;
    const auto owner = m.a.find(here);
    // Nothing is kept for who is not there: a server could name as many as it likes.
    const bool known = owner && !m.a.is_deactivated(*owner);
    if (!known || (!m.a.names().find(there) && !m.may_name(what, there))) {
        unheard.add();
        done({});
        return;
    }
    constexpr deed deeds[] = {deed::hear_invite, deed::hear_withdraw, deed::hear_accept,
                              deed::hear_deny};
    const user_key other = m.a.names().hold(there);
    auto c = std::make_shared<impl::call>();
    c->owner = *owner;
    c->by_server = true;
    c->steps = {{deeds[static_cast<std::size_t>(what)],
                 from_observer ? list_pair{other, *owner} : list_pair{*owner, other}}};
    c->done = std::move(done);
    m.submit(std::move(c), true);
}

// Of who has no name here there can be nothing to withdraw or to deny. An accept that nobody asked
// for is answered; new names of one server have a limit.
bool lists::impl::may_name(word what, std::string_view id) const {
    if (what == word::withdraw || what == word::deny) {
        return false;
    }
    if (a.names().count_of(matrix::parse_user_id(id)->server) >=
        base::limits::names_per_server_max) {
        names_reached.add();
        return false;
    }
    return true;
}

// --- loading ---

void lists::load(ports::store_reader& store, bool clean) {
    impl_->load_entries(store, clean);
    impl_->load_the_rest(store);
    // Their keys may not become another name's while a loss speaks of them.
    store.losses([this](ports::loss_row&& r) { impl_->a.names().hold(r.subject); });
    impl_->a.names().drop_unheld();
    impl_->table.shrink();
    for (const user_key u : impl_->table.users()) {
        if (impl_->a.is_deactivated(u)) {
            impl_->s.decider.post([m = impl_.get(), u] { m->purge(u, {}); });
        }
    }
}

void lists::ready() {
    if (impl_->found.empty()) {
        return;
    }
    // The engine's losses are written by a task, too, which came before.
    impl_->s.decider.post(
        [m = impl_.get()] { m->s.log.write_behind(std::exchange(m->found, {}), [](bool) {}); });
}

// A row whose position is not known was committed, and the stop came before the engine's answer.
void lists::impl::load_entries(ports::store_reader& store, bool clean) {
    const auto newest = s.engine.current_token().presence;
    store.list_entries([&](ports::list_entry_row&& r) {
        const list_pair p{r.observer, r.subject};
        const entry_half e{static_cast<entry_state>(r.state), r.invited};
        const bool known = r.presence_position != 0;
        if (e.state == entry_state::accepted) {
            if (is_elsewhere(r.subject)) {
                s.engine.remote_user(r.subject);
            }
            s.engine.load_acceptance(r.observer, r.subject, r.presence_position);
        } else if (!known && !clean) {
            s.engine.load_acceptance_end(r.observer, r.subject);
        }
        if (e.state == entry_state::none) {
            found.push_back(ports::list_entry_removal{r.observer, r.subject});
            return;
        }
        if (!known) {
            found.push_back(row_of(p, e, newest));
        }
        a.names().hold(r.subject);
        table.set(p, e);
    });
}

void lists::impl::load_the_rest(ports::store_reader& store) {
    const auto newest = s.engine.current_token().presence;
    store.consents([&](ports::consent_row&& r) {
        const list_pair p{r.observer, r.subject};
        const consent_half c{static_cast<consent_state>(r.state), r.since, r.noticed};
        a.names().hold(r.observer);
        a.names().hold(r.subject);
        table.set(p, c);
        fade(p, c);
    });
    store.blocks([&](ports::block_row&& r) {
        a.names().hold(r.observer);
        table.set_block({r.observer, r.subject}, true);
        if (!a.names().is_account(r.observer) && !is_elsewhere(r.observer)) {
            return;
        }
        s.engine.load_block(r.subject, r.observer, {r.frozen_text, r.frozen_last_active},
                            r.presence_position);
        if (r.presence_position == 0) {
            r.presence_position = newest;
            found.push_back(std::move(r));
        }
    });
    store.policies([&](ports::policy_row&& r) {
        user_policy p{.visibility = static_cast<user_visibility>(r.visibility),
                      .before = static_cast<user_visibility>(r.visibility_before),
                      .presence_position = r.presence_position};
        if (r.auto_accept) {
            p.auto_accept = static_cast<presence::auto_accept>(*r.auto_accept);
        }
        s.engine.load_visibility(r.user, p.visibility, r.presence_position, p.before);
        if (r.presence_position == 0) {
            p.presence_position = newest;
            found.push_back(row_of(r.user, p));
        }
        table.set_policy(r.user, p);
    });
}

}  // namespace porchlight::homeserver
