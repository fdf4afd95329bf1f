#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "homeserver/account_table.h"
#include "homeserver/services.h"

namespace porchlight::homeserver {

// Keys for user ids. A name is an id that is no account here, of another server or not (yet)
// registered: it has a key of the same kind as long as something holds it, and an account made for
// it takes that key. Deciding thread only.
//
// Invariants: (1) an id has one key, a key one id; (2) a key is used again only after the row of
// its last name is gone from the store; (3) of accounts nothing is counted.
class name_keys {
  public:
    name_keys(account_table& t, services& s) : table_(t), s_(s) {}
    void load(ports::store_reader& store);  // after the accounts; on any thread, alone
    void drop_unheld();                     // once all that holds names was loaded

    std::optional<user_key> find(std::string_view user_id) const;  // accounts and names
    std::size_t count_of(std::string_view server) const;           // names of that server
    bool is_account(user_key u) const;                             // deactivated ones too
    // The key of any valid user id. To be let go as often as it was held.
    user_key hold(std::string_view user_id);
    void hold(user_key u);
    void let_go(user_key u);
    // For a set with rows that refer to `u`, which is held: nothing if it is an account.
    void add_row(ports::write_set& set, user_key u);
    // For the set that makes `u` an account.
    void add_removal(ports::write_set& set, user_key u) const;

  private:
    user_key new_key();
    void forget(user_key u);
    void count(user_key u, int change);
    void row_removed(user_key u, bool ok);

    account_table& table_;
    services& s_;
    std::vector<user_key> free_;
    std::unordered_map<std::string, std::size_t> by_server_;
    ports::write_set stale_;  // rows of names that became accounts, until drop_unheld()
    std::uint32_t next_ = 0;
};

}  // namespace porchlight::homeserver
