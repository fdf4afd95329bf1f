#include "homeserver/lists/pair_queue.h"

#include "base/assert.h"

namespace porchlight::homeserver {

struct pair_queue::ticket {
    std::vector<list_pair> pairs;
    pair_queue::task start;
    std::size_t behind = 0;  // in how many lines somebody stands before it
};

pair_queue::pair_queue(std::size_t waiting_max) : waiting_max_(waiting_max) {}
pair_queue::~pair_queue() = default;

bool pair_queue::enter(std::vector<list_pair> pairs, task t) {
    if (waiting_ >= waiting_max_) {
        for (const list_pair p : pairs) {
            if (held(p)) {
                return false;
            }
        }
    }
    enter_anyway(std::move(pairs), std::move(t));
    return true;
}

void pair_queue::enter_anyway(std::vector<list_pair> pairs, task t) {
    auto made = std::make_unique<ticket>();
    ticket* mine = made.get();
    mine->pairs = std::move(pairs);
    mine->start = std::move(t);
    tickets_.emplace(mine, std::move(made));
    for (const list_pair p : mine->pairs) {
        auto& line = lines_[p];
        ASSERT(line.empty() || line.back() != mine);
        mine->behind += line.empty() ? 0 : 1;
        line.push_back(mine);
    }
    if (mine->behind == 0) {
        ready_.push_back(mine);
        run_ready();
    } else {
        ++waiting_;
    }
}

void pair_queue::leave(ticket* t) {
    const auto found = tickets_.find(t);
    ASSERT(found != tickets_.end() && t->behind == 0);
    const auto gone = std::move(found->second);
    tickets_.erase(found);
    for (const list_pair p : gone->pairs) {
        const auto at = lines_.find(p);
        ASSERT(at != lines_.end() && at->second.front() == t);
        at->second.pop_front();
        if (at->second.empty()) {
            lines_.erase(at);
        } else if (--at->second.front()->behind == 0) {
            --waiting_;
            ready_.push_back(at->second.front());
        }
    }
    run_ready();
}

// A task may leave within itself: the loop goes on with whoever is next, and no stack gets deep.
void pair_queue::run_ready() {
    if (running_) {
        return;
    }
    running_ = true;
    while (!ready_.empty()) {
        ticket* next = ready_.front();
        ready_.pop_front();
        auto start = std::move(next->start);
        start(next);
    }
    running_ = false;
}

std::vector<list_pair> pair_queue::pairs_of(base::user_key u) const {
    std::vector<list_pair> all;
    for (const auto& [p, line] : lines_) {
        if (p.observer == u || p.subject == u) {
            all.push_back(p);
        }
    }
    return all;
}

}  // namespace porchlight::homeserver
