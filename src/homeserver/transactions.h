#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "homeserver/accounts.h"

namespace porchlight::homeserver {

// The transaction ids answered lately or being answered: one id, one answer. Older ones are in the
// store, where the change itself puts its transaction_row. Deciding thread only.
class transactions {
  public:
    using answer = completion<std::string>;
    transactions(services& s, accounts& a, std::size_t kept_max)
        : s_(s), accounts_(a), kept_max_(kept_max), started_(s.clock.now().wall) {}

    // Calls `first` unless (device, kind, txn_id) is known, and answers `done` as it was or is
    // answered; a failure may be tried again. `txn_id` empty: always calls `first`.
    // REQUIRES: the device exists.
    void once(caller who, std::string kind, std::string txn_id, answer done,
              base::unique_function<void(answer)> first);

  private:
    struct entry {
        std::optional<std::string> result;
        std::vector<answer> waiting;
    };
    bool joins(const std::string& name, answer& done);
    void finish(const std::string& name, const outcome<std::string>& result);
    void look_up(caller who, std::string kind, std::string txn_id, answer finish,
                 base::unique_function<void(answer)> first);

    services& s_;
    accounts& accounts_;
    std::size_t kept_max_;
    wall_time started_;
    bool forgot_some_ = false;  // what is unknown here may be in the store
    std::unordered_map<std::string, entry> entries_;
    std::deque<std::string> finished_;  // oldest first
};

}  // namespace porchlight::homeserver
