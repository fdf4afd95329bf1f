#pragma once

#include <memory>
#include <string>

#include "server/config.h"
#include "server/house.h"

namespace porchlight::server {

// The whole server, wired: store, engine, homeserver, client API, net. Made, run and ended by main.
class application {
  public:
    // Opens the data folder (locked against a second process) and loads what must be in memory.
    // Throws start_error.
    explicit application(config c);
    ~application();

    // Opens the listeners and serves. Throws start_error. Afterwards `base_url` says where.
    void start();
    std::string base_url() const;

    // SIGHUP: takes over the keys that reload and the TLS files. Returns false, with the reason
    // logged and nothing changed, when the new configuration is wrong.
    void reload(const config& c);

    // SIGTERM: no new connections, parked polls answered, presence saved, everything closed. Within
    // limits::drain_deadline plus what the last commit takes.
    void drain();

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::server
