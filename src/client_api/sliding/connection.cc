#include "client_api/sliding/connection.h"

#include "client_api/sliding/metrics.h"

namespace porchlight::client_api::sliding {

bool connection::present(const position& pos) {
    if (pos.serial == base_.pos.serial && pos.token == base_.pos.token) {
        return base_.pos.serial != 0;
    }
    if (issued_.pos.serial == 0 || pos.serial != issued_.pos.serial ||
        pos.token != issued_.pos.token) {
        return false;
    }
    if (!changes_.empty() && rooms_.use_count() > 1) {
        rooms_ = std::make_shared<sent_rooms>(*rooms_);  // a composition reads the old one
    }
    for (auto& [room, sent] : changes_) {
        rooms_->insert_or_assign(room, std::move(sent));
    }
    changes_.clear();
    base_ = std::move(issued_);
    issued_ = checkpoint{};
    return true;
}

void connection::begin_anew() {
    base_ = issued_ = checkpoint{};
    changes_.clear();
    rooms_ = std::make_shared<sent_rooms>();
}

void connection::issue(checkpoint c, std::vector<std::pair<base::room_key, sent_room>> changes) {
    issued_ = std::move(c);
    changes_ = std::move(changes);
}

connection_ptr connection_table::find(base::device_key d, const std::string& conn_id) {
    const auto found = by_name_.find({d, conn_id});
    if (found == by_name_.end()) {
        return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->c;
}

connection_ptr connection_table::create(base::device_key d, const std::string& conn_id) {
    std::size_t of_device = 0;
    place oldest = entries_.end();
    // The keys are sorted by device: its connections are neighbours.
    for (auto i = by_name_.lower_bound({d, {}}); i != by_name_.end() && i->first.first == d; ++i) {
        ++of_device;
    }
    if (of_device >= limits_.per_device) {
        connections_limit_reached.add();
        for (place p = entries_.begin(); p != entries_.end(); ++p) {
            oldest = p->name.first == d ? p : oldest;
        }
        forget(oldest);
    }
    entries_.push_front({{d, conn_id}, std::make_shared<connection>(), 0});
    by_name_[entries_.front().name] = entries_.begin();
    if (entries_.size() > limits_.all) {
        connections_limit_reached.add();
        forget(std::prev(entries_.end()));
    }
    return entries_.front().c;
}

void connection_table::keep_limits(const connection_ptr& changed) {
    // It was used a moment ago: it stands near the front, unless it is forgotten already.
    for (entry& e : entries_) {
        if (e.c == changed) {
            rooms_ += changed->size() - e.counted;
            e.counted = changed->size();
            break;
        }
    }
    while (rooms_ > limits_.rooms && entries_.size() > 1) {
        connections_limit_reached.add();
        forget(std::prev(entries_.end()));
    }
}

void connection_table::forget(place p) {
    rooms_ -= p->counted;
    by_name_.erase(p->name);
    entries_.erase(p);
}

}  // namespace porchlight::client_api::sliding
