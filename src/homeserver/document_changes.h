#pragma once

#include <functional>
#include <memory>

#include "homeserver/key_queue.h"
#include "homeserver/services.h"
#include "matrix/json.h"

namespace porchlight::homeserver {

// Changes of what is kept as documents of users: read and decided on the cold pool, committed, and
// answered then. The changes of one user go one after another. Deciding thread only; outlives what
// it gave to the cold pool.
class document_changes {
  public:
    explicit document_changes(services& s) : s_(s) {}

    // What was decided. With `keep_nothing` nothing is committed.
    struct decision {
        ports::write_set set;  // positions of document_row that are `now` become that of the commit
        boost::json::object answer;
        // Runs on the deciding thread after the commit, before the answer.
        std::function<void(std::uint64_t position)> applied;
        bool keep_nothing = false;
    };
    static constexpr std::uint64_t now = ~std::uint64_t{0};
    // `decide` runs on the cold pool, once, while no other change of `u` is on its way; a
    // store_error of it is errc::unavailable.
    using decide = base::unique_function<outcome<decision>(ports::store_reader&)>;
    void change(user_key u, decide d, completion<boost::json::object> done);
    // The same without the queue, for what changes nothing.
    void read(decide d, completion<boost::json::object> done);

  private:
    void commit(decision d, completion<boost::json::object> done);

    services& s_;
    key_queue<user_key> users_;
};

}  // namespace porchlight::homeserver
