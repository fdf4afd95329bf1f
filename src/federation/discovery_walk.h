#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "federation/discovery.h"
#include "federation/look_up.h"
#include "federation/well_known_fetch.h"

namespace porchlight::federation {

// The steps of "Resolving server names" (server-server API) for one name, once. Deciding thread;
// the owner holds it until `finished` was called, once. What it was made with must outlive it.
class discovery_walk : public std::enable_shared_from_this<discovery_walk> {
  public:
    struct doors {
        const discovery_settings& settings;
        ports::resolver& resolver;
        ports::http_client& client;
        const ports::clock& clock;
        ports::random& random;
    };
    struct outcome {
        base::result<server_route, discovery_failure> found;
        std::optional<kept_well_known> well_known;  // asked on the way
        bool remember = true;                       // false: it says nothing about that server
    };
    using finished = base::unique_function<void(outcome)>;

    // `known`: what was heard of the well-known file earlier, good still or not.
    discovery_walk(const doors& d, server_name_parts name, std::optional<kept_well_known> known,
                   finished done);
    void start();  // may call `finished` within the call

  private:
    struct endpoint {
        server_name_parts host;
        std::uint16_t port;
    };
    void ask_well_known(unsigned failures_before);
    void well_known_came(well_known_fetch::fetched f);
    void follow(const well_known& answer);
    void lead_to(server_name_parts target, bool delegated);
    void ask_services(bool deprecated);
    void services_came(bool deprecated, std::vector<ports::service_record> records);
    void no_services(bool deprecated, const std::string& sentence);
    void look_up_all(std::vector<endpoint> endpoints);
    void all_looked_up();
    // A step's number at this target: plain, or that of a delegated name.
    std::string step(const char* plain, const char* delegated) const;
    void note(std::string sentence) { steps_.push_back(std::move(sentence)); }
    void fail(std::string sentence, bool remember = true);
    void finish(base::result<server_route, discovery_failure> found, bool remember);

    doors doors_;
    server_name_parts name_;
    std::optional<kept_well_known> known_;
    finished done_;

    std::shared_ptr<well_known_fetch> fetch_;
    std::optional<kept_well_known> heard_;
    server_name_parts target_;  // the name, or the delegated one
    bool delegated_ = false;
    std::vector<endpoint> endpoints_;
    std::vector<looked_up> looked_up_;  // of the endpoint with the same index
    std::size_t awaited_ = 0;           // of them
    std::vector<std::string> steps_;
};

}  // namespace porchlight::federation
