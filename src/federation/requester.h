#pragma once

#include <memory>

#include "federation/discovery.h"
#include "federation/peer_requests.h"
#include "federation/settings.h"
#include "matrix/signing.h"
#include "ports/executor.h"
#include "ports/http_client.h"

namespace porchlight::federation {

// Finds the server, signs, and tries one place after another. What settings refuse is not asked.
class requester final : public peer_requests {
  public:
    // Everything outlives the requester.
    requester(const settings& s, std::string own_name, const matrix::signing_key& key,
              discovery& where, ports::http_client& http, ports::executor& decider);
    void send(peer_request r, answer done) override;

  private:
    struct attempt;
    void try_place(const std::shared_ptr<attempt>& a);
    void refuse(answer done, std::string sentence);
    ports::client_request request_to(const attempt& a) const;

    const settings& settings_;
    const std::string own_name_;
    const matrix::signing_key& key_;
    discovery& discovery_;
    ports::http_client& http_;
    ports::executor& decider_;
};

}  // namespace porchlight::federation
