#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "federation/outbox.h"
#include "federation/presence_peers.h"
#include "federation/profiles.h"
#include "federation/transactions.h"
#include "homeserver/name_keys.h"
#include "matrix/identifier.h"
#include "support/hand_directory.h"
#include "support/house_bench.h"

// Several homeservers in one process, each with a clock of its own, over a network that can lose,
// delay and repeat, and be cut. Nothing happens by itself: call settle() or advance().
namespace porchlight::test {

namespace json = boost::json;
using base::user_key;
using namespace std::chrono_literals;

class peer_world;

// One server.
class peer_house {
  public:
    peer_house(peer_world& world, std::string name, base::milliseconds skew,
               std::shared_ptr<storage::memory_store> kept, bool clean);

    // As a transaction of `origin` comes in.
    void receive(const std::string& origin, const federation::peer_request& r,
                 federation::peer_requests::answer done);

    user_key find(const std::string& user_id) {
        return house.accounts.names().find(user_id).value_or(user_key{});
    }
    // What somebody here sees of a user, here or elsewhere; none: no reason to see.
    std::optional<presence::view> look(const homeserver::caller& observer,
                                       const std::string& user_id) {
        const user_key u = find(user_id);
        return u.valid() ? house.engine.look(observer.user, u, house.clock.at) : std::nullopt;
    }
    void put(const homeserver::caller& who, presence::state s, std::string text = "-") {
        presence::put_request r;
        r.asked = s;
        if (text != "-") {
            r.text = std::move(text);
        }
        house.statuses.put(who, std::move(r), [](const matrix::outcome<void>&) {});
    }
    void invite(const homeserver::caller& who, const std::string& whom) {
        house.lists.change_list(who, {.invite = {whom}}, [](const matrix::outcome<void>&) {});
    }
    void drop(const homeserver::caller& who, const std::string& whom) {
        house.lists.change_list(who, {.drop = {whom}}, [](const matrix::outcome<void>&) {});
    }
    void answer(const homeserver::caller& who, homeserver::lists::answer a) {
        house.lists.answer_invites(who, std::move(a), [](const matrix::outcome<void>&) {});
    }
    void visibility(const homeserver::caller& who, presence::user_visibility v) {
        house.lists.set_policy(who, v, std::nullopt, [](const matrix::outcome<void>&) {});
    }
    bool accepted(const homeserver::caller& who, const std::string& subject) {
        const user_key u = find(subject);
        return u.valid() && house.engine.is_accepted(who.user, u);
    }

    // How requests leave.
    class way final : public federation::peer_requests {
      public:
        way(peer_world& w, peer_house& from) : world_(w), from_(from) {}
        void send(federation::peer_request r, answer done) override;

      private:
        peer_world& world_;
        peer_house& from_;
    };

    peer_world& world;
    const std::string name;
    house_bench house;
    federation::settings config;
    hand_directory rooms;
    way requests{world, *this};
    federation::outbox out{config, house.services, requests};
    federation::presence_peers peers{house.services, house.accounts, house.lists, out, rooms};
    federation::transactions in{house.services, house.lists, peers};
    federation::profiles profiles{config, requests, house.clock};

  private:
    static homeserver::settings named(const std::string& name) {
        homeserver::settings s = house_bench::cheap_settings();
        s.server_name = name;
        return s;
    }
    void tick() {
        peers.tick();
        house.decider.post_after(1s, [this] { tick(); });
    }
};

// What the network did with one transaction.
struct sent_transaction {
    std::string from, to;
    json::object body;
    base::mono_time at{};

    std::vector<json::object> edus(std::string_view type = {}) const {
        std::vector<json::object> all;
        for (const json::value& e : body.at("edus").get_array()) {
            if (type.empty() || e.at("edu_type").get_string() == type) {
                all.push_back(e.at("content").get_object());
            }
        }
        return all;
    }
    // All items of m.presence EDUs under `key`.
    json::array items(std::string_view key) const {
        json::array all;
        for (const json::object& content : edus("m.presence")) {
            if (const auto* list = content.if_contains(key)) {
                all.insert(all.end(), list->get_array().begin(), list->get_array().end());
            }
        }
        return all;
    }
};

class peer_world {
  public:
    peer_house& add(const std::string& name, base::milliseconds skew = {}) {
        auto& slot = houses_[name];
        slot = std::make_unique<peer_house>(*this, name, skew, nullptr, true);
        slot->house.clock.at.mono = now_;
        return *slot;
    }
    peer_house& operator[](const std::string& name) { return *houses_.at(name); }
    const auto& houses() const { return houses_; }

    // The server ends and begins again with what was on its disk. All that was on its way to it or
    // from it fails.
    peer_house& restart(const std::string& name) {
        auto kept = houses_.at(name)->house.store;
        if (on_kill) {
            on_kill(*kept);
        }
        const base::instant at = houses_.at(name)->house.clock.at;
        for (auto l = on_the_way_.begin(); l != on_the_way_.end();) {
            const bool to_it = l->second.request.server == name;
            if (to_it && l->second.done) {
                lost_.push_back(std::move(l->second));
            }
            l = to_it || l->second.from == name ? on_the_way_.erase(l) : std::next(l);
        }
        auto& slot = houses_[name];
        slot.reset();
        slot = std::make_unique<peer_house>(*this, name, at.wall - hand_clock{}.at.wall,
                                            std::move(kept), false);
        slot->house.clock.at = at;
        for (letter& l : std::exchange(lost_, {})) {
            fail(std::move(l), "the connection was reset");
        }
        return *slot;
    }

    // Everything that can happen without time passing.
    void settle() {
        for (bool busy = true; busy;) {
            for (auto& [name, h] : houses_) {
                h->house.settle();
            }
            busy = deliver_due();
        }
    }
    void advance(base::milliseconds d) {
        const base::mono_time end = now_ + d;
        settle();
        while (now_ < end) {
            base::mono_time stop = end;
            const auto at_most = [&](std::optional<base::mono_time> due) {
                if (due && *due > now_) {
                    stop = std::min(stop, *due);
                }
            };
            for (auto& [name, h] : houses_) {
                at_most(h->house.decider.next());
                at_most(h->house.engine.next_turn());
            }
            if (!on_the_way_.empty()) {
                at_most(on_the_way_.begin()->first);
            }
            for (auto& [name, h] : houses_) {
                h->house.clock.at.mono += stop - now_;
                h->house.clock.at.wall += stop - now_;
            }
            now_ = stop;
            settle();
        }
    }
    base::mono_time now() const { return now_; }

    // Does the network take a request, or an answer, from one to the other? By default it does.
    std::function<bool(const std::string& from, const std::string& to)> passes =
        [](const std::string&, const std::string&) { return true; };
    // How long it takes.
    std::function<base::milliseconds()> takes = [] { return 5ms; };
    // Does it come twice?
    std::function<bool()> repeats = [] { return false; };
    // Called with each request before it leaves: tests put faults in.
    std::function<void(federation::peer_request&)> spoil;
    // Called with each transaction as it leaves.
    std::function<void(const sent_transaction&)> watch;
    std::function<void(storage::memory_store&)> on_kill;
    std::vector<sent_transaction> sent;
    bool keeps_sent = true;
    std::size_t requests = 0;

    std::vector<const sent_transaction*> sent_to(const std::string& to) const {
        std::vector<const sent_transaction*> all;
        for (const sent_transaction& t : sent) {
            if (t.to == to) {
                all.push_back(&t);
            }
        }
        return all;
    }
    // All pushes, polls or unpolls that left for that server.
    json::array items_to(const std::string& to, std::string_view key) const {
        json::array all;
        for (const sent_transaction* t : sent_to(to)) {
            const json::array some = t->items(key);
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }

    void send(peer_house& from, federation::peer_request r,
              federation::peer_requests::answer done) {
        ++requests;
        if (spoil) {
            spoil(r);
        }
        if (r.target.starts_with("/_matrix/federation/v1/send/")) {
            sent.push_back({from.name, r.server, r.body->get_object(), now_});
            if (watch) {
                watch(sent.back());
            }
            if (!keeps_sent) {
                sent.clear();
            }
        }
        letter l{from.name, std::move(r), std::move(done), {}};
        const std::string to = l.request.server;
        if (!houses_.contains(to) || !passes(from.name, to)) {
            fail(std::move(l), "nothing answers there");
            return;
        }
        if (repeats()) {
            on_the_way_.emplace(now_ + takes(), letter{l.from, l.request, {}, {}});
        }
        on_the_way_.emplace(now_ + takes(), std::move(l));
    }

  private:
    struct letter {
        std::string from;
        federation::peer_request request;
        federation::peer_requests::answer done;  // empty: nobody waits for the answer
        std::optional<base::result<federation::peer_answer, federation::peer_failure>> back;
    };

    void fail(letter l, std::string why) {
        l.back.emplace(federation::peer_failure{std::move(why)});
        on_the_way_.emplace(now_ + takes(), std::move(l));
    }
    bool deliver_due() {
        bool any = false;
        while (!on_the_way_.empty() && on_the_way_.begin()->first <= now_) {
            letter l = std::move(on_the_way_.begin()->second);
            on_the_way_.erase(on_the_way_.begin());
            any = true;
            if (l.back) {
                if (l.done) {
                    l.done(std::move(*l.back));
                }
                continue;
            }
            arrive(std::move(l));
        }
        return any;
    }
    void arrive(letter l) {
        const auto to = houses_.find(l.request.server);
        auto shared = std::make_shared<letter>(std::move(l));
        to->second->receive(
            shared->from, shared->request,
            [this, shared](base::result<federation::peer_answer, federation::peer_failure> got) {
                if (!passes(shared->request.server, shared->from)) {
                    fail(std::move(*shared), "no answer came");
                    return;
                }
                shared->back.emplace(std::move(got));
                on_the_way_.emplace(now_ + takes(), std::move(*shared));
            });
    }

    std::map<std::string, std::unique_ptr<peer_house>> houses_;
    std::multimap<base::mono_time, letter> on_the_way_;
    std::vector<letter> lost_;
    base::mono_time now_ = base::mono_time{1h};
};

inline peer_house::peer_house(peer_world& w, std::string server_name, base::milliseconds skew,
                              std::shared_ptr<storage::memory_store> kept, bool clean)
    : world(w), name(std::move(server_name)), house(std::move(kept), named(name), clean, skew) {
    house.on_shown_changed = [this](user_key u) { peers.shown_changed(u); };
    peers.load(*house.store);
    peers.ready();
    tick();
}

inline void peer_house::way::send(federation::peer_request r, answer done) {
    world_.send(from_, std::move(r), std::move(done));
}

inline void peer_house::receive(const std::string& origin, const federation::peer_request& r,
                                federation::peer_requests::answer done) {
    if (const auto k = out.find(origin)) {
        out.heard_from(*k);
    }
    if (!r.body) {  // of a profile, the only other thing that is asked
        federation::peer_answer a;
        a.status = 404;
        a.body = R"({"errcode":"M_NOT_FOUND","error":"none"})";
        done(std::move(a));
        return;
    }
    const std::string txn_id = r.target.substr(r.target.rfind('/') + 1);
    auto shared = std::make_shared<federation::peer_requests::answer>(std::move(done));
    in.take(origin, txn_id, *r.body, [shared](matrix::outcome<std::string> body) {
        federation::peer_answer a;
        a.status = body ? 200 : matrix::describe(body.error().code).status;
        a.body = body ? *body : matrix::to_json(body.error());
        (*shared)(std::move(a));
    });
}

}  // namespace porchlight::test
