#pragma once

#include <memory>

#include "homeserver/accounts.h"

namespace porchlight::homeserver {

// PUT presence status: commits what must last, then tells the engine. Deciding thread only.
class statuses {
  public:
    statuses(services& s, accounts& a);
    ~statuses();
    // Puts of one user that must last wait for each other; others apply at once unless some wait.
    void put(caller who, presence::put_request r, completion<void> done);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::homeserver
