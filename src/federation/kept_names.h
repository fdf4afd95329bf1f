#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace porchlight::federation {

// What is known of names, of so many at most: what was put longest ago goes first. A value keeps
// its address until it goes. Cost: a hash a call.
template <class Value>
class kept_names {
  public:
    Value* find(std::string_view name) {
        const auto found = index_.find(name);
        return found == index_.end() ? nullptr : &found->second->second;
    }
    // The value of the name, made anew when there is none; now the one put last.
    Value& put(std::string_view name) {
        if (const auto found = index_.find(name); found != index_.end()) {
            order_.splice(order_.end(), order_, found->second);
            return found->second->second;
        }
        order_.emplace_back(std::string{name}, Value{});
        index_.emplace(order_.back().first, std::prev(order_.end()));
        return order_.back().second;
    }
    // REQUIRES: not empty.
    void drop_oldest() {
        index_.erase(order_.front().first);
        order_.pop_front();
    }
    std::size_t size() const { return order_.size(); }

  private:
    std::list<std::pair<std::string, Value>> order_;  // the oldest first
    std::unordered_map<std::string_view, typename decltype(order_)::iterator> index_;
};

}  // namespace porchlight::federation
