#pragma once

#include <memory>
#include <string>

#include "federation/discovery.h"
#include "federation/inbound.h"
#include "federation/key_ring.h"
#include "federation/outbox.h"
#include "federation/presence_peers.h"
#include "federation/profiles.h"
#include "federation/requester.h"
#include "federation/settings.h"
#include "federation/transactions.h"

namespace porchlight::federation {

// All of federation, put together. Deciding thread only, but for the handler.
class federation {
  public:
    // What it works with; everything outlives it.
    struct surroundings {
        const settings& config;
        discovery_settings where;
        homeserver::services& services;
        homeserver::accounts& accounts;
        homeserver::lists& lists;
        ports::directory& rooms;
        ports::resolver& resolver;
        ports::http_client& client;
        ports::http_sender& http;
        std::string version;  // of this software
    };
    federation(const surroundings& s, const matrix::signing_key& key);

    // After the house was loaded, before anything else.
    void load(ports::store_reader& store) { peers_.load(store); }
    // Once the engine is ready.
    void ready();
    // The settings have changed.
    void reconfigure() { peers_.reconsider(); }
    void shown_changed(base::user_key u) { peers_.shown_changed(u); }

    // For whoever looks after the server.
    std::vector<destination_report> report(std::size_t from, std::size_t most) const {
        return outbox_.report(from, most);
    }
    std::size_t observers_of(base::user_key u) const { return peers_.observers_of(u); }

    ports::http_handler& handler() { return inbound_; }
    homeserver::remote_profiles& remote_profiles() { return profiles_; }
    peer_requests& requests() { return requester_; }

  private:
    void tick();

    homeserver::services& services_;
    const matrix::signing_key key_;
    discovery discovery_;
    requester requester_;
    key_ring ring_;
    outbox outbox_;
    presence_peers peers_;
    transactions transactions_;
    profiles profiles_;
    inbound inbound_;
};

}  // namespace porchlight::federation
