#include "homeserver/transactions.h"

#include "base/assert.h"

namespace porchlight::homeserver {

using matrix::errc;
using matrix::fail;

namespace {

std::string name_of(device_key d, std::string_view kind, std::string_view txn_id) {
    std::string text = std::to_string(d.value);
    text.append(1, '\0').append(kind).append(1, '\0').append(txn_id);
    return text;
}

}  // namespace

void transactions::once(caller who, std::string kind, std::string txn_id, answer done,
                        base::unique_function<void(answer)> first) {
    if (txn_id.empty()) {
        first(std::move(done));
        return;
    }
    const std::string name = name_of(who.device, kind, txn_id);
    if (joins(name, done)) {
        return;
    }
    entries_[name].waiting.push_back(std::move(done));
    auto end = [this, name](outcome<std::string> r) { finish(name, r); };
    // A device made in this run has all its transactions here, unless some were dropped.
    if (!forgot_some_ && accounts_.device(who.device).created > started_) {
        first(std::move(end));
        return;
    }
    look_up(who, std::move(kind), std::move(txn_id), std::move(end), std::move(first));
}

// True: `done` waits for, or got, the answer of the first of that name; nothing more to do.
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

void transactions::look_up(caller who, std::string kind, std::string txn_id, answer finish,
                           base::unique_function<void(answer)> first) {
    struct search {
        answer finish;
        base::unique_function<void(answer)> first;
        outcome<std::optional<std::string>> known = fail(errc::unavailable);
    };
    auto shared = std::make_shared<search>(search{std::move(finish), std::move(first)});
    auto job = [this, shared, who, kind = std::move(kind), txn_id = std::move(txn_id)] {
        try {
            shared->known = s_.store.transaction(who.device, kind, txn_id);
        } catch (const ports::store_error&) {
            // Told to the client as what it is; the adapter has logged it.
        }
        s_.decider.post([shared] {
            if (!shared->known) {
                shared->finish(shared->known.error());
            } else if (*shared->known) {
                shared->finish(std::move(**shared->known));
            } else {
                shared->first(std::move(shared->finish));
            }
        });
    };
    if (!s_.cold.run(std::move(job))) {
        shared->finish(fail(errc::unavailable));
    }
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
