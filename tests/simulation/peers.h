#pragma once

#include <deque>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/peer_world.h"

// Four servers with three users each over a network that loses, delays, repeats and splits, with
// clocks that are hours apart; servers are killed and begin again. Seeded: the same seed plays the
// same. The checkers know nothing of the outbox: they read what left, and what people would see.
namespace porchlight::simulation {

namespace json = boost::json;
using base::user_key;

struct disagreement : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A fault on purpose, to see the checkers catch it.
enum class peers_mutation {
    none,
    deaf_to_denies,      // a server drops the denies it is sent
    tells_strangers,     // pushes leave for servers that nobody accepted
    forgets_the_outbox,  // a kill takes the messages that wait along
    keeps_stale_states,  // after an outage nobody is polled nor caught up with
};

class peers_play {
  public:
    peers_play(std::uint64_t seed, peers_mutation m);
    // Throws disagreement.
    void run(std::size_t steps);
    std::size_t pushes_checked() const { return pushes_checked_; }
    std::size_t pairs_checked() const { return pairs_checked_; }
    std::vector<std::string> recent(std::size_t most) const;

  private:
    struct person {
        std::string server, id;
        homeserver::caller who;
    };
    void happen();
    void note(std::string what);
    std::size_t dice(std::size_t sides) { return random_() % sides; }
    person& anyone() { return people_[dice(people_.size())]; }
    void act(person& p, const person& other);
    void put(const person& p);
    void split();
    void kill(const std::string& server);
    void heal();
    void check_transaction(const test::sent_transaction& t);
    void check_push(const test::sent_transaction& t, const json::value& push);
    void check_pair(const person& observer, const person& subject);
    void check_all();
    test::peer_house& house_of(const person& p) { return world_[p.server]; }

    std::mt19937_64 random_;
    const peers_mutation mutation_;
    test::peer_world world_;
    std::vector<person> people_;
    std::map<std::string, int>
        side_;  // of the split; servers of different sides don't reach each other
    unsigned loss_percent_ = 0;
    std::map<std::pair<std::string, std::string>, bool> under_way_;
    std::deque<std::string> log_;
    std::size_t pushes_checked_ = 0, pairs_checked_ = 0;
};

}  // namespace porchlight::simulation
