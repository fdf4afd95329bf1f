#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "homeserver/lists/pair.h"
#include "ports/executor.h"

namespace porchlight::homeserver {

// Calls that concern the same pair wait for each other, in the order they came; others don't. A
// call holds all its pairs from the start of its task until leave(). One thread.
class pair_queue {
  public:
    struct ticket;

    explicit pair_queue(std::size_t waiting_max);
    ~pair_queue();
    pair_queue(const pair_queue&) = delete;
    pair_queue& operator=(const pair_queue&) = delete;

    // Runs `t` with its ticket, now or when all calls before it on any of the pairs have left.
    // False and nothing done when it would have to wait and `waiting_max` calls wait already.
    // REQUIRES: the pairs are distinct.
    using task = base::unique_function<void(ticket*)>;
    [[nodiscard]] bool enter(std::vector<list_pair> pairs, task t);
    // As enter, for what may not be refused.
    void enter_anyway(std::vector<list_pair> pairs, task t);
    // REQUIRES: the ticket's task was started.
    void leave(ticket* t);

    bool held(list_pair p) const { return lines_.contains(p); }
    // The pairs under way in which `u` is the observer or the subject.
    std::vector<list_pair> pairs_of(base::user_key u) const;

  private:
    void run_ready();

    const std::size_t waiting_max_;
    std::size_t waiting_ = 0;
    std::unordered_map<list_pair, std::deque<ticket*>> lines_;
    std::unordered_map<ticket*, std::unique_ptr<ticket>> tickets_;
    std::deque<ticket*> ready_;
    bool running_ = false;
};

}  // namespace porchlight::homeserver
