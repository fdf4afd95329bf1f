#include <fmt/format.h>

#include <algorithm>

#include "scenarios/harness.h"

namespace porchlight::scenarios {

namespace {

std::string words(const std::optional<seen>& s) {
    if (!s) {
        return "no one (404)";
    }
    std::string out = s->state;
    out += s->text.empty() ? " with no text" : fmt::format(" \"{}\"", s->text);
    out += s->currently_active ? ", currently active" : ", not currently active";
    out += s->active_ago ? fmt::format(", active {} ms ago", s->active_ago->count())
                         : std::string{", never active"};
    return out;
}

bool agrees(const step::sees& expected, const std::optional<seen>& s, milliseconds slack) {
    if (!expected.state || !s) {
        return !expected.state && !s;
    }
    if (s->state != *expected.state || (expected.text && s->text != *expected.text) ||
        (expected.currently_active && s->currently_active != *expected.currently_active) ||
        (expected.never_active && s->active_ago)) {
        return false;
    }
    return !expected.active_ago ||
           (s->active_ago && std::chrono::abs(*s->active_ago - *expected.active_ago) <= slack);
}

// Plays one step; what it returns is a failure, or empty.
struct player {
    harness& h;

    std::string operator()(const step::syncs& s) { return done(&harness::sync, s); }
    std::string operator()(const step::polls& s) { return done(&harness::poll, s); }
    std::string operator()(const step::stops_syncing& s) { return done(&harness::stop_syncing, s); }
    std::string operator()(const step::puts& s) { return done(&harness::put, s); }
    std::string operator()(const step::does& s) { return done(&harness::deed, s); }
    std::string operator()(const step::logs_in& s) { return done(&harness::log_in, s); }
    std::string operator()(const step::logs_out& s) { return done(&harness::log_out, s); }
    std::string operator()(const step::is_deactivated& s) { return done(&harness::deactivate, s); }
    std::string operator()(const step::joins& s) { return done(&harness::join, s); }
    std::string operator()(const step::leaves& s) { return done(&harness::leave, s); }
    std::string operator()(const step::kicks& s) { return done(&harness::kick, s); }
    std::string operator()(const step::makes_room& s) { return done(&harness::make_room, s); }
    std::string operator()(const step::server_restarts& s) { return done(&harness::restart, s); }
    std::string operator()(const step::settings_change& s) {
        return done(&harness::change_settings, s);
    }
    std::string operator()(const step::changes_lists& s) { return done(&harness::change_lists, s); }
    std::string operator()(const step::sets_policy& s) { return done(&harness::set_policy, s); }

    std::string operator()(const step::sees& s) {
        const std::optional<seen> found = h.look(s.observer, s.subject);
        return agrees(s, found, h.slack()) ? std::string{} : "seen " + words(found);
    }
    std::string operator()(const step::heard& s) {
        const std::optional<seen> found = h.last_heard(s.observer, s.what.subject);
        if (agrees(s.what, found, h.slack())) {
            return {};
        }
        return found ? "last heard " + words(found) : "heard nothing";
    }
    std::string operator()(const step::gets_events& s) {
        const std::size_t count = h.take_events(s.observer, s.subject);
        return count == s.count ? std::string{}
                                : fmt::format("expected {} events, seen {}", s.count, count);
    }

    std::string operator()(const step::finds_listed& s) {
        const std::optional<listed> found = h.look_in_list(s.shown.observer, s.shown.subject);
        if (!found || !s.accepted) {
            return found.has_value() == s.accepted.has_value() ? std::string{}
                   : found                                     ? "found on the list"
                                                               : "not found on the list";
        }
        const bool as_said =
            found->accepted == *s.accepted &&
            (!found->accepted || !s.shown.state || agrees(s.shown, found->shown, h.slack()));
        return as_said ? std::string{}
                       : fmt::format("found {}, {}", found->accepted ? "accepted" : "pending",
                                     words(found->shown));
    }
    std::string operator()(const step::finds_answer& s) {
        return h.has_answer(s.who, s.whom, s.what) == s.there ? std::string{}
               : s.there                                      ? "not found there"
                                                              : "found there";
    }
    std::string operator()(const step::is_told& s) {
        const std::size_t count = h.take_notices(s.who, s.what, s.by);
        return count == s.count ? std::string{}
                                : fmt::format("expected {} notices, seen {}", s.count, count);
    }

    template <class Step>
    std::string done(void (harness::*verb)(const Step&), const Step& s) {
        (h.*verb)(s);
        return {};
    }
};

}  // namespace

outcome run_scenario(const scenario& s, harness& h) {
    outcome out;
    if (!s.only.empty() && std::find(s.only.begin(), s.only.end(), h.name()) == s.only.end()) {
        out.skipped = true;
        return out;
    }
    h.begin(s.given);
    for (const line& l : s.lines) {
        std::string failure;
        bool over = false;
        try {
            h.advance_to(l.at);
            failure = std::visit(player{h}, l.what);
        } catch (const played_too_late&) {
            throw;
        } catch (const std::exception& e) {
            failure = e.what();
            over = true;
        }
        if (!failure.empty()) {
            out.failures.push_back(
                fmt::format("{}:{}: {}\n    ({}) {}", s.file, l.number, l.text, h.name(), failure));
        }
        if (over) {
            break;  // what comes after an impossible world says nothing
        }
    }
    return out;
}

outcome run_scenario(const std::filesystem::path& file, harness& h) {
    return run_scenario(load(file), h);
}

}  // namespace porchlight::scenarios
