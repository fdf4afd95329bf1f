#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "federation/presence_peers.h"
#include "homeserver/lists.h"
#include "matrix/json.h"

namespace porchlight::federation {

// PUT /_matrix/federation/v1/send/{txnId}: what other servers tell. Deciding thread only.
//
// Invariants: (1) a transaction of an origin takes effect once, however often it is sent, as long
// as it is among the last limits::transactions_remembered of that origin (what it does would do no
// harm twice); (2) what it says of presence lists is durable before it is answered, and comes
// before its presence; (3) an EDU that is wrong is dropped by itself and counted.
class transactions {
  public:
    transactions(homeserver::services& s, homeserver::lists& l, presence_peers& peers);
    ~transactions();

    // `origin` has signed it. The answer's body; or bad_json, invalid_param, unavailable: nothing
    // of it counts as received.
    using answer = base::unique_function<void(matrix::outcome<std::string>)>;
    void take(std::string_view origin, std::string_view txn_id, const json::value& body,
              answer done);

  private:
    struct run;
    struct remembered {
        std::string txn_id;
        std::string body;  // of the answer; empty: it is under way
        std::shared_ptr<run> under_way;
    };
    void take_edu(const std::shared_ptr<run>& r, const json::value& edu);
    bool take_list_message(const std::shared_ptr<run>& r, std::string_view type,
                           const json::object& content);
    void settled(const std::shared_ptr<run>& r, const matrix::outcome<void>& o);
    void finish(const std::shared_ptr<run>& r);
    remembered* find(const std::string& origin, std::string_view txn_id);
    void remember(const std::string& origin, remembered m);

    homeserver::services& s_;
    homeserver::lists& l_;
    presence_peers& peers_;
    std::unordered_map<std::string, std::vector<remembered>> origins_;
    std::deque<std::string> order_;  // of origins, as they came
};

}  // namespace porchlight::federation
