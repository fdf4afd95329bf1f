#include <algorithm>

#include "simulation/client.h"
#include "simulation/world.h"

// What must be true of everything that clients hear. Nothing here asks the engine.
namespace porchlight::simulation {

using namespace std::chrono_literals;

namespace {

std::string words(const presence::view& v) {
    return "state " + std::to_string(static_cast<int>(v.shown)) + (v.hidden ? " hidden" : "") +
           (v.currently_active ? " active" : "") + " \"" + v.text + "\" last active " +
           (v.last_active ? std::to_string(base::unix_ms(*v.last_active)) : "never");
}

bool bare(const presence::view& v) {
    return v.shown == presence::state::offline && !v.hidden && !v.currently_active &&
           v.text.empty();
}

bool goes_back(const engine::token& before, const engine::token& after) {
    const auto cut = [](std::uint32_t k) { return k == 0 ? ~std::uint64_t{0} : k; };
    return after.durable < before.durable ||
           std::pair{after.presence, cut(after.cut)} < std::pair{before.presence, cut(before.cut)};
}

}  // namespace

bool world::sees(const client& c, std::uint32_t subject) {
    if (!c.peek) {
        return model_.may_see(c.user, subject);
    }
    const model::hall& h = model_.rooms()[*c.peek];
    return model_.counts(h) && h.members.contains(subject) &&
           (subject == c.user || model_.shows_in_rooms(subject));
}

// A room of which nothing else is known, as after a power loss, is taken to have counted.
void world::take_all_rooms_as_seen() {
    for (const auto& [r, h] : model_.rooms()) {
        for (const std::uint32_t o : h.members) {
            for (const std::uint32_t s : h.members) {
                if (model_.shows_in_rooms(s)) {
                    ever_saw_.insert({o, s});
                }
            }
        }
    }
}

// Called after everything that may give somebody a reason to see somebody.
void world::note_sights() {
    for (std::uint32_t o = 0; o < users_; ++o) {
        for (std::uint32_t s = 0; s < users_; ++s) {
            if (model_.may_see(o, s)) {
                ever_saw_.insert({o, s});
            }
        }
    }
    // Near the limit of members a restart may forget that a room does not count.
    if (policy_.members_max != 0) {
        take_all_rooms_as_seen();
    }
    // Of a room one looks into, one may hear who was there, though it does not count.
    for (const auto& c : clients_) {
        for (std::uint32_t s = 0; c->peek && s < users_; ++s) {
            if (model_.rooms()[*c->peek].members.contains(s) && model_.shows_in_rooms(s)) {
                ever_saw_.insert({c->user, s});
            }
        }
    }
}

void world::check_response(const engine::batch& b, const engine::batch::delivery& d, client& c) {
    note("slot " + std::to_string(c.slot) + " is answered with " + std::to_string(d.count) +
         " up to " + engine::to_string(d.next));
    const bool news = !d.since || c.full || c.woken || c.may_end || draining_;
    if (d.count == 0 && !d.timed_out && !news) {
        failure_ = "an empty response before its time";
    }
    if (d.timed_out && now_.mono < c.opened + c.timeout) {
        failure_ = "a poll ended before its time";
    }
    if (d.durable_news && d.since && !c.full && !c.woken) {
        failure_ = "durable news that nobody announced";
    }
    if (d.since && c.since && !c.full && goes_back(*c.since, d.next)) {
        failure_ = "a token went back";
    }
    if (c.filter && d.count > c.filter->limit()) {
        failure_ = "more events than the filter's limit";
    }
    c.answers_now = c.last_answer == now_.mono ? c.answers_now + 1 : 0;
    c.last_answer = now_.mono;
    if (c.answers_now > 200) {
        failure_ = "a client polls in a tight loop";
    }
    std::set<std::uint32_t> once;
    for (std::uint32_t i = d.first; i < d.first + d.count; ++i) {
        const engine::batch::subject& s = b.subjects[b.indices[i]];
        presence::view v{.shown = s.shown,
                         .hidden = s.hidden,
                         .currently_active = s.currently_active,
                         .last_active = s.last_active,
                         .text = std::string(b.text_of(s.text, s.text_size))};
        if (mutation_ == mutation::drops_an_event && chance(10)) {
            continue;
        }
        if (mutation_ == mutation::shows_another_time && v.last_active && chance(5)) {
            *v.last_active += 1ms;
        }
        bool first = once.insert(s.user.value).second;
        if (mutation_ == mutation::repeats_a_subject && chance(5)) {
            first = once.insert(s.user.value).second;
        }
        if (!first) {
            failure_ = "two events about one subject in a response";
        }
        if (c.filter && !c.filter->accepts(s.user)) {
            failure_ = "an event that the filter leaves out";
        }
        check_event(c, s.user.value, v);
    }
    if (mutation_ == mutation::tells_a_stranger) {
        check_event(c, static_cast<std::uint32_t>(draw(users_)), {.last_active = now_.wall});
    }
}

void world::check_event(client& c, std::uint32_t subject, const presence::view& v) {
    const std::string about = "slot " + std::to_string(c.slot) + " (user " +
                              std::to_string(c.user) + ") hears of " + std::to_string(subject) +
                              ": " + words(v);
    note(about);
    if (!sees(c, subject)) {
        if (!bare(v)) {
            failure_ = "policy forbids what " + about;
        }
        if (v.last_active && !ever_saw_.contains({c.user, subject})) {
            failure_ = "a stranger " + about;
        }
    } else if (const presence::view is = model_.expected(c.user, subject, now_); is != v) {
        failure_ = about + "; but it is " + words(is);
    }
    c.heard[subject] = v;
}

// A deadline of somebody may have passed in the last window; then it takes one more, which is
// longer where a net thread was late.
void world::check_quiet() {
    const milliseconds window = settings_.window > 0ms ? base::limits::window_max : 0ms;
    for (int attempt = 0;; ++attempt) {
        try {
            for (const auto& c : clients_) {
                if (!c->gone && c->since && !c->peek) {
                    check_client_quiet(*c);
                }
            }
            return;
        } catch (const broken&) {
            if (attempt == 2) {
                throw;
            }
        }
        advance(window + 50ms);
    }
}

void world::check_client_quiet(const client& c) {
    for (std::uint32_t u = 0; u < users_; ++u) {
        if (c.filter && !c.filter->accepts(base::user_key{u})) {
            continue;
        }
        const auto last = c.heard.find(u);
        presence::view heard = last == c.heard.end() ? presence::view{} : last->second;
        presence::view is;
        if (sees(c, u)) {
            is = model_.expected(c.user, u, now_);
        }
        heard.last_active = is.last_active;  // it moves without an event
        if (heard != is) {
            fail("slot " + std::to_string(c.slot) + " (user " + std::to_string(c.user) +
                 ") last heard of " + std::to_string(u) + ": " + words(heard) + "; but it is " +
                 words(is));
        }
    }
}

}  // namespace porchlight::simulation
