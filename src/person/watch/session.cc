#include "person/watch/session.h"

#include <algorithm>

#include "base/assert.h"
#include "matrix/json.h"
#include "person/account.h"
#include "person/limits.h"

namespace porchlight::person {

namespace json = boost::json;

namespace {

// Asking again may help: overload, a proxy without a server behind it.
bool may_pass(const refused& r) {
    return r.status == 429 || r.status == 408 || r.status >= 500 || r.errcode.empty();
}

change change_of(change::kind what, const person_shown& who) {
    return {what, who, ""};
}

}  // namespace

session::session(session_options o, base::instant now)
    : options_(std::move(o)), idle_(options_.idle, now.mono), schedule_(now, options_.seed) {}

std::string session::marking(base::instant now) const {
    if (!options_.marks) {
        return "offline";
    }
    return idle_.is_idle(now.mono) ? "unavailable" : options_.state;
}

std::optional<session::question> session::next(base::instant now) {
    if (under_way_ || now.mono < schedule_.due()) {
        return std::nullopt;
    }
    question q = current(now);
    under_way_ = true;
    schedule_.began(now);
    overdue_ = now.mono + q.time_max + base::milliseconds{limits::overdue_slack};
    return q;
}

session::question session::current(base::instant now) {
    constexpr base::milliseconds usual{30'000};
    switch (stage_) {
        case stage::features:
            return question{"/_matrix/client/versions", usual};
        case stage::list:
            return question{list_path(options_.user_id), usual};
        case stage::invites:
            return question{consent_path("invites", options_.user_id), usual};
        case stage::sync:
            break;
    }
    // After a loss the first answer is to come at once: it says that the connection is back.
    const base::milliseconds timeout =
        since_.empty() || schedule_.lost_since() ? base::milliseconds{0} : limits::poll_timeout;
    asked_marking_ = marking(now);
    return question{sync_path(since_, asked_marking_, timeout), timeout + limits::poll_slack};
}

std::vector<change> session::answered(const web_answer& a, base::instant now) {
    ASSERT(under_way_);
    under_way_ = false;
    std::vector<change> out;
    const bool was_lost = schedule_.lost_since().has_value();
    try {
        take(read_answer(a, options_.server), now, out);
        if (was_lost) {
            out.insert(out.begin(), {change::kind::back, {}, ""});
        }
    } catch (const logged_out&) {
        throw;
    } catch (const refused& r) {
        if (may_pass(r)) {
            lose(r.message, r.retry_after, now, out);
        } else if (stage_ == stage::list || stage_ == stage::invites) {
            has_lists_ = false;  // it works without
            stage_ = stage::sync;
        } else if (stage_ == stage::sync && r.status == 400 && !since_.empty()) {
            since_.clear();  // a token the server no longer takes: begin anew
            lose(r.message, r.retry_after, now, out);
        } else {
            throw;
        }
    } catch (const failed& f) {
        lose(f.message, std::nullopt, now, out);
    }
    return out;
}

void session::take(json::value&& answer, base::instant now, std::vector<change>& out) {
    switch (stage_) {
        case stage::features:
            has_lists_ = has_feature(answer, lists_feature);
            stage_ = has_lists_ ? stage::list : stage::sync;
            schedule_.answered(now, true);
            return;
        case stage::list:
            // Those who are offline are in no first sync.
            if (const auto* const entries = answer.if_array()) {
                for (const json::value& e : *entries) {
                    const auto* const accepted = matrix::find(e, "accepted");
                    if (accepted != nullptr && *accepted == json::value(true)) {
                        take_presence(e, now, out);
                    }
                }
            }
            stage_ = stage::invites;
            schedule_.answered(now, true);
            return;
        case stage::invites:
            take_askers(read_askers(answer), out);
            stage_ = stage::sync;
            schedule_.answered(now, true);
            return;
        case stage::sync:
            take_sync(std::move(answer), now, out);
            return;
    }
}

void session::take_sync(json::value&& answer, base::instant now, std::vector<change>& out) {
    const sync_news news = read_sync(std::move(answer), options_.user_id);
    since_ = news.next_batch;
    for (const json::value& event : news.presence) {
        take_presence(event, now, out);
    }
    schedule_.answered(now, news.any());
    // Nothing tells us that somebody was answered elsewhere, so it is looked at while they wait.
    if (has_lists_ && (!news.askers.empty() || !askers_.empty())) {
        stage_ = stage::invites;
    }
}

void session::take_askers(const std::vector<std::string>& askers, std::vector<change>& out) {
    std::set<std::string> now(askers.begin(), askers.end());
    for (const std::string& id : now) {
        if (!askers_.contains(id)) {
            person_shown who;
            who.user_id = id;
            out.push_back(change_of(change::kind::asked, who));
        }
    }
    askers_ = std::move(now);
}

void session::take_presence(const json::value& event, base::instant now, std::vector<change>& out) {
    const person_shown* who = nullptr;
    switch (people_.apply(event, now.mono, who)) {
        case people::effect::none:
            return;
        case people::effect::activity:
            out.push_back(change_of(change::kind::activity, *who));
            return;
        case people::effect::visible:
            out.push_back(change_of(change::kind::presence, *who));
            return;
    }
}

void session::lose(const std::string& why, std::optional<base::milliseconds> retry_after,
                   base::instant now, std::vector<change>& out) {
    if (!schedule_.lost_since()) {
        out.push_back({change::kind::lost, {}, why});
    }
    schedule_.failed(now, why, retry_after);
}

bool session::keys(std::string_view bytes, base::instant now) {
    idle_.input(now.mono);
    return bytes == "q" || bytes == "Q";  // alone: what is pasted quits nothing
}

bool session::is_stale(base::instant now) const {
    if (!under_way_) {
        return false;
    }
    return now.mono > overdue_ ||
           (stage_ == stage::sync && !since_.empty() && asked_marking_ != marking(now));
}

void session::given_up(base::instant now) {
    under_way_ = false;
    schedule_.given_up(now);
}

std::optional<base::mono_time> session::wake_at(base::instant now) const {
    std::optional<base::mono_time> at;
    if (!under_way_) {
        at = schedule_.due();
    }
    if (options_.marks && !idle_.is_idle(now.mono)) {
        at = std::min(at.value_or(idle_.idle_at()), idle_.idle_at());
    }
    return at;
}

}  // namespace porchlight::person
