#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "client_api/sliding/plan.h"
#include "client_api/sliding/room_facts.h"

// Which rooms the rules of a request match. Cold pool; throws ports::store_error.
namespace porchlight::client_api::sliding {

// The user's account data, read when somebody looks.
class user_data {
  public:
    user_data(base::user_key u, std::uint64_t up_to, ports::store_reader& store)
        : user_(u), up_to_(up_to), store_(store) {}
    const std::vector<ports::account_data_row>& rows();
    bool is_dm(const std::string& room_id);
    bool has_tag(base::room_key room, const std::vector<std::string>& any_of);

  private:
    base::user_key user_;
    std::uint64_t up_to_;
    ports::store_reader& store_;
    std::optional<std::vector<ports::account_data_row>> rows_;
    std::optional<std::unordered_set<std::string>> direct_;
};

struct matched_room {
    const planned_room* room = nullptr;
    const sent_room* sent = nullptr;  // null: the client was told nothing of it
    std::vector<std::size_t> lists;   // of rules::lists
    bool subscribed = false;
    config_ptr config;  // of all rules that match, together
};

struct matching {
    std::vector<matched_room> rooms;  // newest first
    std::vector<std::size_t> counts;  // rooms that pass the filters, of each list
};

matching match(const plan& p, user_data& data, facts_cache& facts, ports::store_reader& store);
// Is the extension asked for this room?
bool in_scope(const extension& e, const matched_room& m, const rules& wanted);

}  // namespace porchlight::client_api::sliding
