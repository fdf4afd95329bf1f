#include "simulation/peers.h"

namespace porchlight::simulation {

using namespace std::chrono_literals;
using presence::state;
using presence::user_visibility;

namespace {

constexpr const char* servers[] = {"east", "north", "south", "west"};
constexpr const char* people_of_each[] = {"ann", "ben", "cat"};

std::string text_of(const presence::view& v) {
    return "state " + std::to_string(static_cast<int>(v.shown)) +
           (v.currently_active ? " active" : "") + " \"" + v.text + '"';
}

bool same(const presence::view& a, const presence::view& b) {
    return a.shown == b.shown && a.text == b.text && a.currently_active == b.currently_active;
}

// Takes EDUs out of a transaction.
template <class Unwanted>
void take_out(federation::peer_request& r, Unwanted unwanted) {
    if (!r.body) {
        return;
    }
    json::array kept;
    for (json::value& edu : r.body->get_object().at("edus").get_array()) {
        if (!unwanted(edu.get_object())) {
            kept.push_back(std::move(edu));
        }
    }
    r.body->get_object()["edus"] = std::move(kept);
}

}  // namespace

peers_play::peers_play(std::uint64_t seed, peers_mutation m) : random_(seed), mutation_(m) {
    for (std::size_t i = 0; i < std::size(servers); ++i) {
        world_.add(servers[i], std::chrono::hours{static_cast<int>(dice(9)) - 4});
        side_[servers[i]] = 0;
    }
    world_.settle();
    for (const char* server : servers) {
        for (const char* name : people_of_each) {
            const auto who = world_[server].house.sign_up(name).who;
            people_.push_back({server, std::string{"@"} + name + ':' + server, who});
        }
    }
    world_.keeps_sent = false;
    world_.passes = [this](const std::string& from, const std::string& to) {
        return side_[from] == side_[to] && dice(100) >= loss_percent_;
    };
    world_.takes = [this] {
        return base::milliseconds{static_cast<int>(1 + dice(dice(20) == 0 ? 15'000 : 300))};
    };
    world_.repeats = [this] { return loss_percent_ != 0 && dice(10) == 0; };
    world_.watch = [this](const test::sent_transaction& t) { check_transaction(t); };
    if (mutation_ == peers_mutation::deaf_to_denies) {
        world_.spoil = [](federation::peer_request& r) {
            take_out(r, [](const json::object& edu) {
                return edu.at("edu_type").get_string() == "m.presence_deny";
            });
        };
    } else if (mutation_ == peers_mutation::tells_strangers) {
        world_.spoil = [this](federation::peer_request& r) {
            if (r.body && dice(20) == 0) {
                const std::string from{r.body->at("origin").get_string()};
                r.body->get_object()["edus"].get_array().push_back(
                    federation::presence_edu_json({json::object{{"user_id", "@cat:" + from},
                                                                {"presence", "online"},
                                                                {"currently_active", true},
                                                                {"status_msg", "whatever it is"}}},
                                                  {}, {}));
            }
        };
    } else if (mutation_ == peers_mutation::forgets_the_outbox) {
        world_.on_kill = [](storage::memory_store& s) {
            ports::write_set gone;
            s.list_messages([&gone](ports::list_message_row&& r) {
                gone.push_back(ports::list_message_removal{r.observer, r.subject, r.from_observer,
                                                           r.position});
            });
            s.commit({&gone, 1}, true);
        };
    } else if (mutation_ == peers_mutation::keeps_stale_states) {
        world_.spoil = [this](federation::peer_request& r) {
            take_out(r, [this](const json::object& edu) {
                return edu.at("edu_type").get_string() == "m.presence" && dice(2) == 0;
            });
        };
    }
}

std::vector<std::string> peers_play::recent(std::size_t most) const {
    const auto count = static_cast<std::ptrdiff_t>(std::min(most, log_.size()));
    return {log_.end() - count, log_.end()};
}

void peers_play::note(std::string what) {
    constexpr std::size_t kept = 20'000;
    log_.push_back(std::to_string((world_.now() - base::mono_time{1h}).count()) +
                   " ms: " + std::move(what));
    if (log_.size() > kept) {
        log_.pop_front();
    }
}

void peers_play::run(std::size_t steps) {
    for (std::size_t i = 0; i < steps; ++i) {
        happen();
        const std::size_t d = dice(100);
        world_.advance(d == 0   ? base::milliseconds{90min}
                       : d < 10 ? base::milliseconds{2min}
                                : base::milliseconds{static_cast<int>(dice(20'000))});
        if (i % 100 == 99) {
            heal();
            check_all();
        }
    }
    heal();
    check_all();
}

// --- what happens ---

void peers_play::happen() {
    const std::size_t d = dice(100);
    if (d < 70) {
        person& p = anyone();
        act(p, anyone());
    } else if (d < 90) {
        put(anyone());
    } else if (d < 94) {
        split();
    } else if (d < 97) {
        kill(servers[dice(std::size(servers))]);
    } else {
        loss_percent_ = static_cast<unsigned>(dice(2) * 30);
        note("the network loses " + std::to_string(loss_percent_) + " %");
    }
}

void peers_play::act(person& p, const person& other) {
    if (p.id == other.id) {
        return;
    }
    test::peer_house& h = house_of(p);
    using verbs = homeserver::lists::answer;
    const auto says = [&](const char* what) { note(p.id + ' ' + what + ' ' + other.id); };
    switch (dice(12)) {
        case 0:
        case 1:
        case 2:
            says("invites");
            h.invite(p.who, other.id);
            break;
        case 3:
            says("drops");
            h.drop(p.who, other.id);
            break;
        case 4:
        case 5:
        case 6:
        case 7:
            says("accepts");
            h.answer(p.who, verbs{.accept = {other.id}});
            break;
        case 8:
            says("denies");
            h.answer(p.who, verbs{.deny = {other.id}});
            break;
        case 9:
            says("revokes");
            h.answer(p.who, verbs{.revoke = {other.id}});
            break;
        case 10:
            says("blocks or unblocks");
            h.answer(p.who,
                     dice(2) == 0 ? verbs{.block = {other.id}} : verbs{.unblock = {other.id}});
            break;
        default:
            note(p.id + " changes who may see them");
            h.visibility(p.who, static_cast<user_visibility>(dice(3)));
    }
}

void peers_play::put(const person& p) {
    presence::put_request r;
    if (dice(8) == 0) {
        r.hide = true;
    } else {
        r.asked = static_cast<state>(dice(5));
        r.unhide = dice(2) == 0;
    }
    if (dice(3) == 0) {
        r.text = dice(4) == 0 ? "" : "text " + std::to_string(dice(1000));
    }
    note(p.id + (r.hide ? " hides" : " puts " + std::to_string(static_cast<int>(*r.asked))) +
         (r.text ? " \"" + *r.text + '"' : ""));
    house_of(p).house.statuses.put(p.who, std::move(r), [](const matrix::outcome<void>&) {});
}

void peers_play::split() {
    std::string sides = "the network splits:";
    for (auto& [server, side] : side_) {
        side = static_cast<int>(dice(2));
        sides += ' ' + server + '=' + std::to_string(side);
    }
    note(sides);
}

void peers_play::kill(const std::string& server) {
    note(server + " is killed");
    for (auto& [pair, busy] : under_way_) {
        busy = pair.first == server ? false : busy;
    }
    world_.restart(server);
}

void peers_play::heal() {
    note("the network heals");
    for (auto& [server, side] : side_) {
        side = 0;
    }
    loss_percent_ = 0;
    world_.advance(70min);
    for (const person& p : people_) {
        put(p);
    }
    world_.advance(40s);
}

// --- the checkers ---

// A server says no more than may be said at the moment it does.
void peers_play::check_transaction(const test::sent_transaction& t) {
    const auto edus = t.edus();
    if (edus.empty() || edus.size() > base::limits::transaction_edus_max) {
        throw disagreement(t.from + " sent " + std::to_string(edus.size()) + " EDUs at once");
    }
    for (const json::object& content : t.edus("m.presence")) {
        const auto& pushes = content.at("push").get_array();
        if (pushes.size() > base::limits::edu_pushes_max) {
            throw disagreement(t.from + " sent " + std::to_string(pushes.size()) +
                               " pushes in one EDU");
        }
        for (const json::value& push : pushes) {
            check_push(t, push);
        }
    }
}

void peers_play::check_push(const test::sent_transaction& t, const json::value& push) {
    ++pushes_checked_;
    test::peer_house& from = world_[t.from];
    const std::string id{push.at("user_id").get_string()};
    const user_key subject = from.find(id);
    const auto complain = [&](const std::string& why) {
        throw disagreement(t.from + " told " + t.to + " of " + id + ", " + why + ": " +
                           json::serialize(push));
    };
    note(t.from + " tells " + t.to + ": " + json::serialize(push));
    bool full = false;
    bool frozen = false;
    const auto allowed = from.house.lists.policy_of(subject).visibility;
    const auto blocked = from.house.lists.blocked_by(subject);
    for (const user_key o : from.house.lists.observers_of(subject)) {
        if (matrix::parse_user_id(from.house.accounts.user_id(o))->server == t.to) {
            (std::ranges::binary_search(blocked, o) ? frozen : full) = true;
        }
    }
    if (!full && !frozen) {
        complain("whom nobody there may see");
    }
    full = full && allowed != user_visibility::nobody;
    if (!full && push.at("presence").get_string() != "offline") {
        complain("who shows nothing there");
    }
    if (allowed == user_visibility::nobody && push.get_object().contains("status_msg")) {
        complain("who shows no text there");
    }
}

void peers_play::check_all() {
    for (const person& observer : people_) {
        for (const person& subject : people_) {
            if (observer.server != subject.server) {
                check_pair(observer, subject);
            }
        }
    }
}

// Once everything was delivered both servers agree about the pair, and the observer sees what the
// subject shows.
void peers_play::check_pair(const person& observer, const person& subject) {
    ++pairs_checked_;
    test::peer_house& near = house_of(observer);
    test::peer_house& far = house_of(subject);
    const auto complain = [&](const std::string& why) {
        throw disagreement(observer.id + " of " + subject.id + ": " + why);
    };
    const user_key there = far.find(observer.id);
    const auto accepted_there = far.house.lists.observers_of(subject.who.user);
    const bool consents =
        there.valid() && std::ranges::find(accepted_there, there) != accepted_there.end();
    if (near.accepted(observer.who, subject.id) != consents) {
        complain(consents ? "the subject's server has an observer, the observer's no entry"
                          : "the observer's server has an entry, the subject's no consent");
    }
    const auto seen = near.look(observer.who, subject.id);
    if (!consents) {
        if (seen) {
            complain("sees " + text_of(*seen) + " without consent");
        }
        return;
    }
    // The one of the observers there who sees most decides what is told to that server.
    presence::view shown;
    bool full = false;
    for (const user_key o : accepted_there) {
        if (matrix::parse_user_id(far.house.accounts.user_id(o))->server != observer.server) {
            continue;
        }
        const auto blocked = far.house.engine.shown_to_blocked(o, subject.who.user);
        full = full || !blocked;
        shown = blocked && !full ? *blocked : shown;
    }
    if (full) {
        shown = far.house.engine.shown(subject.who.user, far.house.clock.at);
    }
    if (far.house.lists.policy_of(subject.who.user).visibility == user_visibility::nobody) {
        shown = {};
    }
    if (!seen || !same(*seen, shown)) {
        complain("sees " + (seen ? text_of(*seen) : std::string{"nothing"}) + ", shown is " +
                 text_of(shown));
    }
}

}  // namespace porchlight::simulation
