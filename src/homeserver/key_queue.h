#pragma once

#include <deque>
#include <unordered_map>
#include <utility>

#include "base/assert.h"
#include "ports/executor.h"

namespace porchlight::homeserver {

// What changes one thing (an account, a status) waits for the change before it. A key is held from
// the start of its task until leave(). One thread.
template <class Key>
class key_queue {
  public:
    // Runs `t` now if nobody holds the key, else when those before it have left.
    void enter(Key k, ports::task t) {
        const auto [found, free] = lines_.try_emplace(k);
        if (free) {
            run(k, std::move(t));
        } else {
            found->second.tasks.push_back(std::move(t));
        }
    }
    // REQUIRES: the key is held.
    void leave(Key k) {
        const auto found = lines_.find(k);
        ASSERT(found != lines_.end() && !found->second.left);
        if (found->second.running) {
            found->second.left = true;  // run() below goes on; a long line is no deep stack
        } else if (auto next = take_next(k)) {
            run(k, std::move(next));
        }
    }
    bool held(Key k) const { return lines_.contains(k); }

  private:
    struct line {
        std::deque<ports::task> tasks;
        bool running = false;  // inside the task of the holder
        bool left = false;     // which has called leave() already
    };

    void run(Key k, ports::task t) {
        while (t) {
            lines_.find(k)->second.running = true;
            t();
            line& l = lines_.find(k)->second;
            l.running = false;
            if (!l.left) {
                return;
            }
            l.left = false;
            t = take_next(k);
        }
    }
    // Empty when nobody waits: the key is free then.
    ports::task take_next(Key k) {
        const auto found = lines_.find(k);
        if (found->second.tasks.empty()) {
            lines_.erase(found);
            return nullptr;
        }
        auto next = std::move(found->second.tasks.front());
        found->second.tasks.pop_front();
        return next;
    }

    std::unordered_map<Key, line> lines_;
};

}  // namespace porchlight::homeserver
