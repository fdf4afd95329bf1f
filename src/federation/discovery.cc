#include "federation/discovery.h"

#include <algorithm>
#include <stdexcept>

#include "base/limits.h"
#include "base/metrics.h"
#include "federation/backoff.h"
#include "federation/discovery_walk.h"

namespace porchlight::federation {

namespace limits = base::limits;

namespace {

constexpr auto limits_name = "porchlight_limits_reached_total";
constexpr auto limits_help = "Limits reached, by limit.";
base::metrics::counter names_limit{limits_name, limits_help, "limit=\"discovery_names\""};
base::metrics::counter walks_limit{limits_name, limits_help, "limit=\"discovery_walks\""};

}  // namespace

void throw_exception_from_error(const discovery_failure& f, const boost::source_location&) {
    throw std::runtime_error(f.sentence);
}

discovery::discovery(const discovery_settings& s, ports::resolver& resolver,
                     ports::http_client& client, ports::clock& clock, ports::random& random)
    : settings_(s), resolver_(resolver), client_(client), clock_(clock), random_(random) {}

discovery::~discovery() = default;

void discovery::find(std::string_view server_name, answer done) {
    const known* k = names_.find(server_name);
    if (k != nullptr && k->outcome && clock_.now().mono < k->until) {
        auto outcome = *k->outcome;  // `done` may change what is known
        done(std::move(outcome));
        return;
    }
    if (const auto w = walks_.find(server_name); w != walks_.end()) {
        w->second.waiting.push_back(std::move(done));
        return;
    }
    start(server_name, std::move(done));
}

void discovery::start(std::string_view server_name, answer done) {
    auto parts = split_server_name(server_name);
    if (!parts) {
        done(discovery_failure{"this is no valid server name", {}});
        return;
    }
    if (walks_.size() >= limits::discovery_walks_max) {
        walks_limit.add();
        done(discovery_failure{"busy: too many servers are being looked for", {}});
        return;
    }
    const known* k = names_.find(server_name);
    const discovery_walk::doors doors{settings_, resolver_, client_, clock_, random_};
    const auto walk = std::make_shared<discovery_walk>(
        doors, *parts, k != nullptr ? k->well_known : std::nullopt,
        [this, name = std::string{server_name}](discovery_walk::outcome o) {
            if (o.well_known) {
                names_.put(name).well_known = std::move(o.well_known);
            }
            if (o.remember) {
                remember(name, o.found);
            }
            while (names_.size() > limits::discovery_names_max) {
                names_limit.add();
                names_.drop_oldest();
            }
            auto node = walks_.extract(name);
            for (answer& waiting : node.mapped().waiting) {
                waiting(o.found);
            }
        });
    auto& w = walks_[std::string{server_name}];
    w.walk = walk;
    w.waiting.push_back(std::move(done));
    walk->start();
}

void discovery::remember(const std::string& name,
                         const base::result<server_route, discovery_failure>& r) {
    known& k = names_.put(name);
    k.outcome = r;
    const auto keep = r ? base::milliseconds{limits::route_keep}
                        : backoff(limits::discovery_failure_keep_min,
                                  limits::discovery_failure_keep_max, k.failures);
    k.failures = r ? 0 : k.failures + 1;
    k.until = clock_.now().mono + keep;
    if (r && k.well_known) {  // what follows from the file, or from its absence, holds no longer
        k.until = std::min(k.until, k.well_known->until);
    }
}

void discovery::forget(std::string_view server_name) {
    known* k = names_.find(server_name);
    if (k == nullptr || !k->outcome || !*k->outcome) {
        return;  // a failure keeps its time
    }
    k->outcome.reset();
    if (k->well_known && k->well_known->answer.delegated) {
        k->well_known->until =
            std::min(k->well_known->until, k->well_known->asked + limits::well_known_keep_min);
    }
}

}  // namespace porchlight::federation
