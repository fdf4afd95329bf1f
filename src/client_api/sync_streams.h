#pragma once

#include "client_api/call.h"
#include "engine/engine.h"

namespace porchlight::client_api {

// /sync, /events and their kin from the poll to the bytes. The engine decides when and which
// subjects; this composes the rooms, to-device and account data parts from the store (cold pool)
// where durable news exist, and hands presence-only answers to the net threads as they are.
class sync_streams {
  public:
    explicit sync_streams(api& a);
    ~sync_streams();

    // Endpoints call these on the deciding thread.
    void sync(call_ptr c);
    void events(call_ptr c);
    void initial_sync(call_ptr c);
    void room_initial_sync(call_ptr c);
    void gone(ports::http_handle h);

    // From engine::outside::deliver.
    void deliver(std::unique_ptr<engine::batch> b);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::client_api
