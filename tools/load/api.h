#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "load/connection.h"

namespace porchlight::load {

struct api_call {
    std::string method, target;  // below /_matrix/client
    std::string token;           // empty: not authorized
    std::string body = {};       // empty: none
};

struct api_reply {
    int status = 0;
    std::string body;
};

// What is asked before and after the load: many calls over a number of connections, in no order.
// Waits where the server says so (429, 503), and repeats what a broken connection took.
class api {
  public:
    // `progress` is told how many calls of a batch are done.
    using progress = std::function<void(std::size_t done)>;
    using stop = std::function<bool()>;

    // `stopped` ends a batch early: with failure.
    api(event_loop& loop, const endpoint& where, std::size_t connections, stop stopped);
    ~api();

    // Replies in the order of the calls, whatever their status. Throws failure when the server
    // cannot be reached, or goes on refusing to be asked so much.
    std::vector<api_reply> ask(const std::vector<api_call>& calls, const progress& told = {});
    api_reply ask(const api_call& call) { return ask(std::vector{call}).front(); }
    std::uint64_t rate_limited() const { return rate_limited_; }

  private:
    class asker;
    friend class asker;

    event_loop& loop_;
    const stop stopped_;
    std::vector<std::unique_ptr<asker>> askers_;
    const std::vector<api_call>* calls_ = nullptr;
    std::vector<api_reply> replies_;
    std::size_t begun_ = 0, done_ = 0;
    std::uint64_t rate_limited_ = 0;
    std::string failed_;
};

}  // namespace porchlight::load
