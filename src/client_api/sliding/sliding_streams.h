#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>

#include "client_api/sliding/compose.h"
#include "client_api/sync/presence_answers.h"

namespace porchlight::client_api::sliding {

// Sliding sync from the request to the bytes. A request is a poll of the engine as one of /sync is,
// with the token inside its pos; what it shows of rooms is composed from what the connection was
// told before. See docs/internals/sliding_sync.md. Deciding thread only; outlives every task it
// gave to the executor and the cold pool.
class sliding_streams {
  public:
    // `unread`: the counts that /sync keeps, too. Outlives this.
    sliding_streams(api& a, unread_cache& unread);

    void sync(const call_ptr& c);
    // The client went away. The engine is told by the caller.
    void gone(ports::http_handle h);
    // A delivery of this kind; inside an engine call: does not call the engine.
    void deliver(const std::shared_ptr<shared_batch>& b, const engine::batch::delivery& d);

    std::size_t waiting() const { return waiting_.size(); }
    const connection_table& connections() const { return connections_; }

  private:
    struct handle_hash {
        std::size_t operator()(const ports::http_handle& h) const noexcept;
        using is_avalanching = void;
    };
    struct waiter {
        std::shared_ptr<const request> asked;
        connection_ptr conn;
        base::mono_time deadline;
        std::uint64_t checked = 0;  // nothing asked for is new up to this D
        bool changed = false;       // other rules or extensions than the last answer's
        bool look = false;          // compose, whatever the positions say
    };
    struct finished {
        engine::batch::delivery delivery;
        plan planned;  // comes back, so that the connection's rooms are let go on this thread
        composed made;
        bool failed = false;
        base::instant at;
    };

    void supersede(const connection_ptr& conn);
    void open(ports::http_handle h, caller who, std::optional<engine::token> since, const waiter& w,
              bool resumed);
    bool may_wait(const engine::batch::delivery& d, const waiter& w) const;
    plan plan_for(const engine::batch::delivery& d, const waiter& w, bool look, base::instant at);
    void reopen(const engine::batch::delivery& d);
    void finish(finished f);
    void respond(ports::http_handle h, const failure& f);

    api& server_;
    unread_cache& unread_;
    connection_table connections_;
    facts_cache facts_;
    std::shared_ptr<const engine::subject_filter> nobody_;
    std::uint64_t last_serial_;  // begins anywhere: positions of an earlier run are not known
    boost::unordered_flat_map<ports::http_handle, waiter, handle_hash> waiting_;
};

}  // namespace porchlight::client_api::sliding
