#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "ports/clock.h"
#include "ports/http.h"

namespace porchlight::client_api {

enum class stream_kind : std::uint32_t { sync, events, sliding };

// A batch while several may read it. Whoever finds itself the last one may take it back.
struct shared_batch {
    std::unique_ptr<engine::batch> content;
    // By delivery: what /sync says of the device's own keys; null: it has none. Empty: nobody has.
    std::vector<std::shared_ptr<const std::string>> own_keys;
};

// Answers that hold nothing but presence, from a batch to the socket. send() on the deciding
// thread; the rest runs on the batch's net thread in tasks given to http_sender::post.
// Outlives every task it posted.
//
// Each subject is rendered once per batch; an answer joins fragments between constant texts.
// Cost: no allocation per delivery once the buffers have grown; one system call each.
class presence_answers {
  public:
    // `sent` gets batches that nobody else holds, on their net thread, to be used again.
    using sink = std::function<void(std::unique_ptr<engine::batch>)>;
    presence_answers(ports::http_sender& http, const ports::clock& clock, sink sent);
    ~presence_answers();

    // Answers the deliveries of `b` that have no durable_news; the others are someone else's, who
    // may hold the batch as well. Hands back to the loop after every 500 deliveries.
    void send(std::shared_ptr<shared_batch> b);

  private:
    struct job;  // a batch on its way, with its rendered fragments
    std::unique_ptr<job> idle_job();
    void keep(std::unique_ptr<job> j);
    void proceed(std::unique_ptr<job> j);

    ports::http_sender& http_;
    const ports::clock& clock_;
    sink sent_;
    std::mutex mutex_;  // of idle_
    std::vector<std::unique_ptr<job>> idle_;
};

}  // namespace porchlight::client_api
