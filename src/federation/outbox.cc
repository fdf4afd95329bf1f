#include "federation/outbox.h"

#include <algorithm>

#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "federation/presence_edu.h"
#include "federation/server_rules.h"
#include "homeserver/durable_log.h"
#include "presence/consent.h"

namespace porchlight::federation {

namespace limits = base::limits;
using base::mono_time;

namespace {

constexpr auto transactions_name = "porchlight_federation_transactions_total";
constexpr auto transactions_help = "Transactions to other servers, by what became of them.";
base::metrics::counter sent{transactions_name, transactions_help, "outcome=\"delivered\""};
base::metrics::counter not_sent{transactions_name, transactions_help, "outcome=\"failed\""};
base::metrics::counter pushes_sent{"porchlight_federation_pushes_total",
                                   "Presence states in transactions to other servers."};
base::metrics::counter edus_sent{"porchlight_federation_edus_total",
                                 "EDUs in transactions to other servers."};
base::metrics::counter pushes_dropped{
    "porchlight_federation_pushes_dropped_total",
    "Presence states for other servers that waited too long or were no longer permitted."};
base::metrics::counter messages_dropped{
    "porchlight_federation_list_messages_dropped_total",
    "Messages of presence lists whose server was gone for too long."};
base::metrics::counter destinations_reached{"porchlight_limits_reached_total",
                                            "Limits reached, by limit.", "limit=\"destinations\""};

std::uint32_t seconds(mono_time t) {
    return static_cast<std::uint32_t>(t.time_since_epoch().count() / 1000);
}

// Name and content of the EDU that a message of a list is.
json::object edu_of(const ports::list_message_row& m) {
    std::string_view type;
    if (m.from_observer) {
        const auto what = static_cast<presence::entry_message>(m.what);
        type = what == presence::entry_message::invite ? "m.presence_invite" : "m.presence_deny";
    } else {
        const auto what = static_cast<presence::consent_message>(m.what);
        type = what == presence::consent_message::accept ? "m.presence_accept" : "m.presence_deny";
    }
    return {{"edu_type", type},
            {"content", {{"observer_user", m.observer}, {"observed_user", m.subject}}}};
}

bool same_pair(const ports::list_message_row& a, const ports::list_message_row& b) {
    return a.from_observer == b.from_observer && a.observer == b.observer && a.subject == b.subject;
}

}  // namespace

// What is under way to one server, so that it can be taken back.
struct outbox::transaction {
    json::array edus;
    std::vector<ports::list_message_row> messages;
    std::vector<std::vector<user_key>> answers;
    std::vector<std::string> polls, unpolls;
    std::vector<std::pair<user_key, told>> pushes;
    std::size_t bytes = 0;  // of pushes, about
    bool recovers = false;  // it has what was missed
    bool full() const {
        return edus.size() >= limits::transaction_edus_max ||
               bytes >= limits::transaction_bytes_max;
    }
};

outbox::outbox(const settings& c, homeserver::services& s, peer_requests& requests)
    : config_(c),
      s_(s),
      requests_(requests),
      // Unlike those of other runs, which the other server may still know; whatever the clock says.
      transaction_prefix_(std::to_string(base::unix_ms(s.clock.now().wall)) +
                          ports::random_text(s.random, 6)) {}

outbox::~outbox() = default;

server_key outbox::key(std::string_view server) {
    if (const auto known = find(server)) {
        return *known;
    }
    if (destinations_.size() >= limits::destinations_max) {
        destinations_reached.add();
        return {};
    }
    const server_key k{static_cast<std::uint32_t>(destinations_.size())};
    destinations_.push_back(std::make_unique<destination>());
    at(k).name = server;
    by_name_.emplace(at(k).name, k);
    return k;
}

std::optional<server_key> outbox::find(std::string_view server) const {
    const auto found = by_name_.find(server);
    return found == by_name_.end() ? std::nullopt : std::optional{found->second};
}

std::string_view outbox::name(server_key k) const {
    return destinations_[k.index()]->name;
}

// --- what there is to say ---

void outbox::message(const ports::list_message_row& m) {
    const server_key k = key(m.destination);
    if (!k.valid()) {
        return;  // it is in the store, for the next start
    }
    auto& all = at(k).messages;
    std::erase_if(all, [&m](const auto& older) { return same_pair(older, m); });
    all.push_back(m);
    consider(k);
}

void outbox::push(server_key to, user_key subject) {
    if (!to.valid() || !config_.outbound) {
        return;
    }
    destination& d = at(to);
    told& t = d.knows[subject.value];
    if (!t.queued) {
        t.queued = true;
        d.waiting.push_back(subject);
        consider(to);
    }
}

void outbox::answer(server_key to, std::vector<user_key> who) {
    if (to.valid() && config_.outbound &&
        at(to).answers.size() < limits::poll_answers_waiting_max) {
        at(to).answers.push_back(std::move(who));
        consider(to);
    }
}

void outbox::poll(server_key to, std::string user_id) {
    if (to.valid() && config_.outbound) {
        destination& d = at(to);
        std::erase(d.unpolls, user_id);
        if (std::ranges::find(d.polls, user_id) == d.polls.end()) {
            d.polls.push_back(std::move(user_id));
        }
        consider(to);
    }
}

void outbox::unpoll(server_key to, std::string user_id) {
    if (to.valid() && config_.outbound) {
        destination& d = at(to);
        std::erase(d.polls, user_id);
        if (std::ranges::find(d.unpolls, user_id) == d.unpolls.end()) {
            d.unpolls.push_back(std::move(user_id));
        }
        consider(to);
    }
}

std::vector<user_key> outbox::shown_to(server_key k) const {
    std::vector<user_key> all;
    for (const auto& [subject, t] : destinations_[k.index()]->knows) {
        if (t.shows) {
            all.emplace_back(subject);
        }
    }
    return all;
}

void outbox::forget(server_key to, user_key subject) {
    if (to.valid()) {
        at(to).knows.erase(subject.value);
        std::erase(at(to).waiting, subject);
    }
}

// --- what comes from there ---

void outbox::heard_from(server_key from) {
    if (!from.valid() || at(from).failures == 0) {
        return;
    }
    destination& d = at(from);
    const mono_time soon = d.attempted + limits::backoff_min;
    if (soon < d.retry_at) {
        d.retry_at = soon;
        d.timer = {};
        consider(from);
    }
}

void outbox::is_porchlight(server_key from) {
    if (!from.valid() || std::exchange(at(from).porchlight, true)) {
        return;
    }
    // What it was told as online before is told as it is.
    for (auto& [subject, t] : at(from).knows) {
        if (t.lowered && !t.queued) {
            t.queued = true;
            at(from).waiting.push_back(user_key{subject});
        }
    }
    consider(from);
}

bool outbox::to_porchlight(server_key to) const {
    return to.valid() && destinations_[to.index()]->porchlight;
}

// --- when it goes ---

void outbox::consider(server_key k) {
    destination& d = at(k);
    if (d.in_flight || d.ready || !d.has_anything() || !config_.outbound ||
        !allows(config_, d.name)) {
        return;
    }
    const mono_time now = s_.clock.now().mono;
    mono_time when = d.failures == 0 ? now : d.retry_at;
    if (!d.has_urgent() && d.pushed != mono_time{}) {
        when = std::max(when, d.pushed + config_.push_window);
    }
    if (when > now) {
        wait_until(k, when);
        return;
    }
    d.ready = true;
    ready_.push_back(k);
    // Later, so that all of one change goes together.
    if (ready_.size() == 1) {
        s_.decider.post([this] { start_some(); });
    }
}

void outbox::wait_until(server_key k, mono_time when) {
    destination& d = at(k);
    if (d.timer != mono_time{} && d.timer <= when) {
        return;
    }
    d.timer = when;
    s_.decider.post_after(when - s_.clock.now().mono, [this, k, when] {
        if (at(k).timer == when) {
            at(k).timer = {};
            consider(k);
        }
    });
}

void outbox::start_some() {
    while (!ready_.empty() && under_way_ < limits::transactions_at_once) {
        const server_key k = ready_.front();
        ready_.pop_front();
        at(k).ready = false;
        if (!launch(k)) {
            consider(k);
        }
    }
}

void outbox::reconsider() {
    for (std::uint32_t k = 0; k < destinations_.size(); ++k) {
        consider(server_key{k});
    }
}

// --- a transaction ---

void outbox::take_messages(destination& d, transaction& t) {
    // They stay until they are delivered: newer ones of their pairs may replace them meanwhile.
    for (const ports::list_message_row& m : d.messages) {
        if (t.edus.size() >= limits::transaction_edus_max / 2) {
            return;
        }
        t.messages.push_back(m);
        t.edus.push_back(edu_of(m));
    }
}

void outbox::take_polls(destination& d, transaction& t) {
    const auto take = [&t](std::vector<std::string>& from, std::vector<std::string>& taken,
                           bool polls) {
        while (!from.empty() && !t.full()) {
            const std::size_t n = std::min(from.size(), limits::edu_pushes_max);
            json::array ids;
            for (std::size_t i = 0; i < n; ++i) {
                ids.emplace_back(from[i]);
                taken.push_back(std::move(from[i]));
            }
            from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(n));
            if (polls) {
                t.edus.push_back(presence_edu_json({}, std::move(ids), {}));
            } else {
                t.edus.push_back(presence_edu_json({}, {}, std::move(ids)));
            }
        }
    };
    take(d.polls, t.polls, true);
    take(d.unpolls, t.unpolls, false);
}

// EDUs with the pushes of these subjects, as far as they are permitted now.
void outbox::add_pushes(server_key k, const std::vector<user_key>& who, bool answers,
                        transaction& t) {
    const std::uint32_t now_s = seconds(s_.clock.now().mono);
    json::array pushes;
    bool said = false;
    const auto end_edu = [&] {
        said = true;
        t.edus.push_back(presence_edu_json(std::move(pushes), {}, {}));
        pushes = {};
    };
    for (const user_key u : who) {
        told& known = at(k).knows[u.value];
        told after = known;
        after.sent_s = now_s;
        auto o = source_->push_of(k, u, after);
        if (!o) {
            pushes_dropped.add();
            if (!known.queued && !known.parted) {
                at(k).knows.erase(u.value);
            }
            continue;
        }
        t.bytes += limits::push_bytes_about +
                   (o->contains("status_msg") ? o->at("status_msg").get_string().size() : 0);
        pushes.push_back(std::move(*o));
        t.pushes.emplace_back(u, std::exchange(known, after));
        if (!after.shows && !after.parted && !after.queued) {
            at(k).knows.erase(u.value);  // nothing follows by itself for who is offline
        }
        if (pushes.size() == limits::edu_pushes_max) {
            end_edu();
        }
    }
    if (!pushes.empty() || (answers && !said)) {  // a poll of nobody visible has its answer too
        end_edu();
    }
}

void outbox::take_pushes(server_key k, destination& d, transaction& t) {
    while (!d.answers.empty() && !t.full()) {
        std::vector<user_key> who = std::move(d.answers.front());
        d.answers.erase(d.answers.begin());
        add_pushes(k, who, true, t);
        t.answers.push_back(std::move(who));
    }
    while (!d.waiting.empty() && !t.full()) {
        const std::size_t n = std::min(d.waiting.size(), limits::edu_pushes_max);
        const std::vector<user_key> who(d.waiting.begin(),
                                        d.waiting.begin() + static_cast<std::ptrdiff_t>(n));
        d.waiting.erase(d.waiting.begin(), d.waiting.begin() + static_cast<std::ptrdiff_t>(n));
        for (const user_key u : who) {
            d.knows[u.value].queued = false;
        }
        add_pushes(k, who, false, t);
    }
}

// False: there was nothing to send after all.
bool outbox::launch(server_key k) {
    destination& d = at(k);
    auto t = std::make_shared<transaction>();
    if (std::exchange(d.missed, false)) {
        t->recovers = true;
        source_->recovered(k);
    }
    take_messages(d, *t);
    take_polls(d, *t);
    take_pushes(k, d, *t);
    if (t->edus.empty()) {
        return false;
    }
    const base::instant now = s_.clock.now();
    edus_sent.add(t->edus.size());
    pushes_sent.add(t->pushes.size());
    d.in_flight = true;
    d.attempted = now.mono;
    d.pushed = now.mono;
    ++under_way_;
    peer_request r;
    r.server = d.name;
    r.method = "PUT";
    r.target =
        "/_matrix/federation/v1/send/" + transaction_prefix_ + std::to_string(next_transaction_++);
    r.keep_alive = true;
    r.body = json::object{{"origin", s_.config.server_name},
                          {"origin_server_ts", base::unix_ms(now.wall)},
                          {"pdus", json::array{}},
                          {"edus", std::move(t->edus)}};
    requests_.send(std::move(r),
                   [this, k, t](base::result<peer_answer, peer_failure> got) { done(k, t, got); });
    return true;
}

void outbox::done(server_key k, const std::shared_ptr<transaction>& t,
                  const base::result<peer_answer, peer_failure>& got) {
    destination& d = at(k);
    d.in_flight = false;
    --under_way_;
    if (got && got->status == 200) {
        if (got->body.find(porchlight_marker) != std::string::npos) {
            is_porchlight(k);
        }
        succeeded(k, *t);
    } else {
        failed(k, *t, got ? "it answered " + std::to_string(got->status) : got.error().sentence);
    }
    consider(k);
    start_some();
}

void outbox::succeeded(server_key k, const transaction& t) {
    sent.add();
    destination& d = at(k);
    d.succeeded = s_.clock.now().wall;
    for (const ports::list_message_row& m : t.messages) {
        remove_row(m);
        std::erase_if(d.messages,
                      [&m](const auto& x) { return x.position == m.position && same_pair(x, m); });
    }
    if (d.failures != 0) {
        base::log::info("federation", "a server is reached again", {{"server", d.name}});
        d.failures = 0;
        if (!t.recovers) {
            source_->recovered(k);
        }
    }
}

void outbox::failed(server_key k, transaction& t, const std::string& why) {
    not_sent.add();
    destination& d = at(k);
    const base::instant now = s_.clock.now();
    if (d.failures++ == 0) {
        d.failing_since = now.mono;
        base::log::info("federation", "a server can't be reached, it is tried again",
                        {{"server", d.name}, {"reason", why}});
    }
    d.why = why;
    d.retry_at = now.mono + backoff(d.failures);
    d.answers.insert(d.answers.begin(), std::make_move_iterator(t.answers.begin()),
                     std::make_move_iterator(t.answers.end()));
    const auto put_back = [](std::vector<std::string>& into, std::vector<std::string>& taken,
                             const std::vector<std::string>& opposite) {
        for (std::string& id : taken) {
            const bool over = std::ranges::find(opposite, id) != opposite.end() ||
                              std::ranges::find(into, id) != into.end();
            if (!over) {
                into.push_back(std::move(id));
            }
        }
    };
    put_back(d.polls, t.polls, d.unpolls);
    put_back(d.unpolls, t.unpolls, d.polls);
    for (const auto& [u, before] : t.pushes) {
        told& known = d.knows[u.value];
        // It may have heard of it or not: what was told before, or now, may be what it shows.
        known.shows = known.shows || before.shows;
        known.parted = false;
        known.last_active_s = before.last_active_s;
        if (!known.queued) {
            known.queued = true;
            d.waiting.push_back(u);
        }
    }
    drop_old(d, now);
}

// What a server that is gone for long need not hear any more.
void outbox::drop_old(destination& d, base::instant now) {
    if (now.mono - d.failing_since >= limits::presence_wait_max) {
        d.missed = true;
        pushes_dropped.add(d.waiting.size());
        for (const user_key u : std::exchange(d.waiting, {})) {
            if (auto known = d.knows.find(u.value); known != d.knows.end()) {
                known->second.queued = false;
                if (!known->second.shows && !known->second.parted) {
                    d.knows.erase(known);
                }
            }
        }
        d.answers.clear();
    }
    std::erase_if(d.messages, [&](const ports::list_message_row& m) {
        const bool gone = now.mono - d.failing_since >= limits::peer_gone_after &&
                          now.wall - m.since >= limits::peer_gone_after;
        if (gone) {
            messages_dropped.add();
            base::log::warn("federation", "a message of a presence list is given up",
                            {{"server", d.name}, {"observer", m.observer}, {"subject", m.subject}});
            remove_row(m);
        }
        return gone;
    });
}

void outbox::remove_row(const ports::list_message_row& m) {
    // A row that stays is told again after the next start, which does no harm.
    s_.log.write_behind(
        {ports::list_message_removal{m.observer, m.subject, m.from_observer, m.position}},
        [](bool) {});
}

base::milliseconds outbox::backoff(unsigned failures) {
    const unsigned doublings = std::min(failures - 1, 20U);
    const auto whole = std::min<base::milliseconds>(
        limits::backoff_min * (std::int64_t{1} << doublings), limits::backoff_max);
    // Up to a quarter less, so that servers which failed together are not asked together.
    std::uint8_t dice = 0;
    s_.random.fill({&dice, 1});
    return failures == 1 ? whole : whole - whole * dice / 1024;
}

// --- time ---

void outbox::keep_alive(mono_time now) {
    constexpr std::uint32_t minutes =
        std::chrono::duration_cast<std::chrono::minutes>(limits::keep_alive_interval).count();
    const std::uint32_t now_s = seconds(now);
    for (std::uint32_t i = now_s % 60; i < destinations_.size(); i += 60) {
        destination& d = *destinations_[i];
        bool any = false;
        for (auto& [subject, known] : d.knows) {
            const bool its_minute =
                (subject * 0x9e37'79b9U >> 16) % minutes == now_s / 60 % minutes;
            const bool fresh = now_s - known.sent_s < 180;  // the next minute of its own will do
            if (known.shows && !known.queued && its_minute && !fresh && !d.missed) {
                known.queued = true;
                d.waiting.push_back(user_key{subject});
                any = true;
            }
        }
        if (any) {
            consider(server_key{i});
        }
    }
}

outbox::counts outbox::statistics() const {
    counts c;
    c.destinations = destinations_.size();
    c.under_way = under_way_;
    for (const auto& d : destinations_) {
        c.failing += d->failures != 0 ? 1 : 0;
        c.messages += d->messages.size();
        c.pushes += d->waiting.size();
    }
    return c;
}

std::vector<destination_report> outbox::report(std::size_t from, std::size_t most) const {
    const base::instant now = s_.clock.now();
    const auto wall = [&now](mono_time t) { return now.wall + (t - now.mono); };
    std::vector<destination_report> all;
    for (std::size_t i = from; i < destinations_.size() && all.size() < most; ++i) {
        const destination& d = *destinations_[i];
        const bool fails = d.failures != 0;
        all.push_back({.name = d.name,
                       .porchlight = d.porchlight,
                       .in_flight = d.in_flight,
                       .failures = d.failures,
                       .failing_since = fails ? std::optional{wall(d.failing_since)} : std::nullopt,
                       .retry_at = fails ? std::optional{wall(d.retry_at)} : std::nullopt,
                       .last_success = d.succeeded,
                       .last_failure = d.why,
                       .list_messages = d.messages.size(),
                       .pushes = d.waiting.size(),
                       .answers = d.answers.size(),
                       .polls = d.polls.size(),
                       .unpolls = d.unpolls.size()});
    }
    return all;
}

}  // namespace porchlight::federation
