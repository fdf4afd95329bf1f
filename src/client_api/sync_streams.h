#pragma once

#include "client_api/call.h"
#include "engine/engine.h"

namespace porchlight::client_api {

// /sync, /events and their kin from the poll to the bytes. The engine decides when and which
// subjects; this composes the rooms and account data parts from the store (cold pool) where durable
// news exist, and hands presence-only answers to the net threads as they are. See
// docs/internals/sync.md. Deciding thread only; outlives every task it gave to the executor, the
// cold pool and the net threads.
class sync_streams {
  public:
    explicit sync_streams(api& a);
    ~sync_streams();

    // Endpoints call these.
    void sync(call_ptr c);
    void sliding_sync(const call_ptr& c);
    void events(call_ptr c);
    void initial_sync(call_ptr c);
    void room_initial_sync(call_ptr c);
    void gone(ports::http_handle h);

    // From engine::outside::deliver. Does not call the engine.
    void deliver(std::unique_ptr<engine::batch> b);

    // Polls that are parked or being composed.
    std::size_t waiting() const;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::client_api
