#include "homeserver/rooms/transactions.h"

#include "base/assert.h"

namespace porchlight::homeserver {

std::string transactions::name(device_key d, std::string_view kind, std::string_view txn_id) {
    std::string text = std::to_string(d.value);
    text.append(1, '\0').append(kind).append(1, '\0').append(txn_id);
    return text;
}

bool transactions::joins(const std::string& name, answer& done) {
    const auto it = entries_.find(name);
    if (it == entries_.end()) {
        return false;
    }
    if (it->second.result) {
        done(*it->second.result);
    } else {
        it->second.waiting.push_back(std::move(done));
    }
    return true;
}

void transactions::begin(const std::string& name, answer done) {
    auto [it, fresh] = entries_.try_emplace(name);
    ASSERT(fresh);
    it->second.waiting.push_back(std::move(done));
}

void transactions::finish(const std::string& name, const outcome<std::string>& result) {
    const auto it = entries_.find(name);
    ASSERT(it != entries_.end());
    std::vector<answer> waiting = std::move(it->second.waiting);
    if (result) {
        it->second.waiting.clear();
        it->second.result = *result;
        finished_.push_back(name);
        if (finished_.size() > kept_max_) {
            forgot_some_ = true;
            entries_.erase(finished_.front());
            finished_.pop_front();
        }
    } else {
        entries_.erase(it);
    }
    for (answer& done : waiting) {
        done(result);
    }
}

}  // namespace porchlight::homeserver
