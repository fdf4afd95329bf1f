#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/unique_function.h"
#include "federation/look_up.h"
#include "federation/web_place.h"
#include "federation/well_known.h"
#include "ports/clock.h"
#include "ports/http_client.h"
#include "ports/resolver.h"

namespace porchlight::federation {

// Asks one host for its well-known file, wherever redirects lead. Each place on the way is looked
// up and checked like the first. Deciding thread; the owner holds it until `done` was called, once.
// What it was made with must outlive it.
class well_known_fetch : public std::enable_shared_from_this<well_known_fetch> {
  public:
    struct fetched {
        well_known answer;
        std::vector<std::string> steps;  // a sentence each
        bool overloaded = false;         // nobody was asked: this server has too much to do
    };
    well_known_fetch(bool allow_private, ports::resolver& resolver, ports::http_client& client,
                     const ports::clock& clock);
    void start(const server_name_parts& host, unsigned failures_before,
               base::unique_function<void(fetched)> done);

  private:
    void go_to(web_place place);
    void ask(looked_up found);
    void answered(base::result<ports::client_response, ports::client_failure> answer);
    void redirected(const ports::client_response& answer);
    void fail(std::string why);
    void finish(well_known answer);

    const bool allow_private_;
    ports::resolver& resolver_;
    ports::http_client& client_;
    const ports::clock& clock_;
    unsigned failures_before_ = 0;
    web_place place_;
    std::set<std::string> visited_;
    fetched result_;
    base::unique_function<void(fetched)> done_;
};

}  // namespace porchlight::federation
