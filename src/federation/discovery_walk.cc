#include "federation/discovery_walk.h"

#include <algorithm>

#include "base/assert.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "federation/service_order.h"

namespace porchlight::federation {

namespace limits = base::limits;

namespace {

constexpr std::uint16_t usual_port = 8448;
base::metrics::counter targets_limit{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                     "limit=\"discovery_targets\""};

std::string minutes(base::milliseconds d) {
    return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(d).count()) + " min";
}

const char* service_of(bool deprecated) {
    return deprecated ? "_matrix._tcp." : "_matrix-fed._tcp.";
}

}  // namespace

discovery_walk::discovery_walk(const doors& d, server_name_parts name,
                               std::optional<kept_well_known> known, finished done)
    : doors_(d), name_(std::move(name)), known_(std::move(known)), done_(std::move(done)) {}

void discovery_walk::start() {
    const auto self = shared_from_this();  // it may be let go within this call
    if (name_.is_address || name_.port) {
        lead_to(name_, false);
        return;
    }
    const auto now = doors_.clock.now().mono;
    if (known_ && now < known_->until) {
        const well_known& answer = known_->answer;
        note("Step 3: asked " + minutes(now - known_->asked) + " ago, " + name_.host +
             (answer.delegated ? " delegates to " + *answer.delegated + "."
                               : " had no well-known file: " + answer.why_not + "."));
        follow(answer);
        return;
    }
    ask_well_known(known_ ? known_->failures : 0);
}

void discovery_walk::ask_well_known(unsigned failures_before) {
    fetch_ = std::make_shared<well_known_fetch>(doors_.settings.allow_private_addresses,
                                                doors_.resolver, doors_.client, doors_.clock);
    fetch_->start(name_, failures_before, [weak = weak_from_this()](well_known_fetch::fetched f) {
        if (const auto self = weak.lock()) {
            self->well_known_came(std::move(f));
        }
    });
}

void discovery_walk::well_known_came(well_known_fetch::fetched f) {
    for (const std::string& s : f.steps) {
        note("Step 3: " + s);
    }
    if (f.overloaded) {
        fail("this server is busy with other requests", false);
        return;
    }
    const auto now = doors_.clock.now().mono;
    const unsigned failures = f.answer.delegated ? 0 : (known_ ? known_->failures : 0) + 1;
    heard_ = kept_well_known{std::move(f.answer), now, now, failures};
    heard_->until += heard_->answer.keep;
    follow(heard_->answer);
}

void discovery_walk::follow(const well_known& answer) {
    auto target = answer.delegated ? split_server_name(*answer.delegated) : name_;
    ASSERT(target);  // read_well_known lets no other through
    lead_to(std::move(*target), answer.delegated.has_value());
}

void discovery_walk::lead_to(server_name_parts target, bool delegated) {
    target_ = std::move(target);
    delegated_ = delegated;
    if (target_.is_address) {
        note(step("1", "3.1") + target_.text + " is an IP address.");
        look_up_all({{target_, target_.port.value_or(usual_port)}});
    } else if (target_.port) {
        note(step("2", "3.2") + target_.text + " names its port.");
        look_up_all({{target_, *target_.port}});
    } else {
        ask_services(false);
    }
}

void discovery_walk::ask_services(bool deprecated) {
    doors_.resolver.services(
        service_of(deprecated) + target_.host, [weak = weak_from_this(), deprecated](auto found) {
            const auto self = weak.lock();
            if (!self) {
                return;
            }
            if (found) {
                self->services_came(deprecated, std::move(*found));
            } else {  // some name servers refuse what they don't know: not the end of the road
                self->no_services(deprecated, "cannot be found out: " + found.error().sentence);
            }
        });
}

void discovery_walk::services_came(bool deprecated, std::vector<ports::service_record> records) {
    if (records.empty()) {
        no_services(deprecated, "has no SRV record");
        return;
    }
    const std::string service = service_of(deprecated) + target_.host;
    const std::string number = deprecated ? step("5", "3.4") : step("4", "3.3");
    if (std::ranges::all_of(records, [](const auto& r) { return r.target.empty(); })) {
        note(number + service + " says that the service is not offered.");
        fail(service + " says that " + target_.host + " does not offer the service");
        return;
    }
    std::erase_if(records, [](const ports::service_record& r) {
        const auto host = split_server_name(r.target);
        return r.port == 0 || !host || host->port;
    });
    if (records.size() > limits::discovery_targets_max) {
        targets_limit.add();
    }
    std::vector<endpoint> endpoints;
    std::vector<std::string> names;
    for (const auto& r :
         order_services(std::move(records), limits::discovery_targets_max, doors_.random)) {
        endpoints.push_back({*split_server_name(r.target), r.port});
        names.push_back(r.target + ":" + std::to_string(r.port));
    }
    if (endpoints.empty()) {
        note(number + service + " has no SRV record that leads anywhere.");
        fail(service + " has no SRV record that leads anywhere");
        return;
    }
    note(number + service + " leads to " + listed(names) + ".");
    look_up_all(std::move(endpoints));
}

void discovery_walk::no_services(bool deprecated, const std::string& sentence) {
    note((deprecated ? step("5", "3.4") : step("4", "3.3")) + service_of(deprecated) +
         target_.host + " " + sentence + ".");
    if (!deprecated) {
        ask_services(true);
        return;
    }
    note(step("6", "3.5") + target_.host + " itself, at port " + std::to_string(usual_port) + ".");
    look_up_all({{target_, usual_port}});
}

void discovery_walk::look_up_all(std::vector<endpoint> endpoints) {
    endpoints_ = std::move(endpoints);
    looked_up_.resize(endpoints_.size());
    awaited_ = endpoints_.size();
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        look_up(endpoints_[i].host, doors_.settings.allow_private_addresses, doors_.resolver,
                [weak = weak_from_this(), i](looked_up found) {
                    if (const auto self = weak.lock()) {
                        self->looked_up_[i] = std::move(found);
                        if (--self->awaited_ == 0) {
                            self->all_looked_up();
                        }
                    }
                });
    }
}

void discovery_walk::all_looked_up() {
    server_route route;
    std::string why;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        looked_up& found = looked_up_[i];
        const std::string& host = endpoints_[i].host.host;
        if (found.addresses.empty()) {
            note(found.why_none + ".");
            why += (why.empty() ? "" : "; ") + found.why_none;
            continue;
        }
        if (!endpoints_[i].host.is_address) {
            note(host + " has the addresses " + listed(found.addresses) + ".");
        }
        if (!found.refused.empty()) {
            note("Left out, not public: " + listed(found.refused) + " of " + host + ".");
        }
        route.places.push_back({std::move(found.addresses), endpoints_[i].port});
    }
    if (route.places.empty()) {
        fail(std::move(why));
        return;
    }
    route.tls_name = target_.host;
    route.host = target_.text;
    route.steps = std::move(steps_);
    finish(std::move(route), true);
}

std::string discovery_walk::step(const char* plain, const char* delegated) const {
    return std::string{"Step "} + (delegated_ ? delegated : plain) + ": ";
}

void discovery_walk::fail(std::string sentence, bool remember) {
    finish(discovery_failure{std::move(sentence), std::move(steps_)}, remember);
}

void discovery_walk::finish(base::result<server_route, discovery_failure> found, bool remember) {
    auto done = std::move(done_);
    done({std::move(found), std::move(heard_), remember});
}

}  // namespace porchlight::federation
