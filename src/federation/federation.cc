#include "federation/federation.h"

#include "base/metrics.h"

namespace porchlight::federation {

namespace {

base::metrics::gauge destinations{"porchlight_federation_destinations",
                                  "Other servers that something was to be told to."};
base::metrics::gauge failing{"porchlight_federation_destinations_failing",
                             "Other servers that can't be reached now."};
base::metrics::gauge waiting{"porchlight_federation_list_messages_waiting",
                             "Messages of presence lists that are not delivered yet."};
base::metrics::gauge pushes{"porchlight_federation_pushes_waiting",
                            "Presence states that are not sent to other servers yet."};
base::metrics::gauge under_way{"porchlight_federation_transactions_under_way",
                               "Transactions to other servers that are not answered yet."};
base::metrics::gauge observed{"porchlight_federation_observed",
                              "Users of other servers whom somebody here observes."};

constexpr auto tick_interval = std::chrono::seconds{1};

}  // namespace

federation::federation(const surroundings& s, const matrix::signing_key& key)
    : services_(s.services),
      key_(key),
      discovery_(s.where, s.resolver, s.client, s.services.clock, s.services.random),
      requester_(s.config, s.services.config.server_name, key_, discovery_, s.client,
                 s.services.decider),
      ring_(requester_, s.services.clock),
      outbox_(s.config, s.services, requester_),
      peers_(s.services, s.accounts, s.lists, outbox_, s.rooms),
      transactions_(s.services, s.lists, peers_),
      profiles_(s.config, requester_, s.services.clock),
      inbound_({s.config, s.services, s.accounts, key_, ring_, transactions_, outbox_, s.http,
                s.version}) {}

void federation::ready() {
    peers_.ready();
    tick();
}

void federation::tick() {
    peers_.tick();
    const outbox::counts c = outbox_.statistics();
    destinations.set(static_cast<std::int64_t>(c.destinations));
    failing.set(static_cast<std::int64_t>(c.failing));
    waiting.set(static_cast<std::int64_t>(c.messages));
    pushes.set(static_cast<std::int64_t>(c.pushes));
    under_way.set(static_cast<std::int64_t>(c.under_way));
    observed.set(static_cast<std::int64_t>(peers_.observed()));
    services_.decider.post_after(tick_interval, [this] { tick(); });
}

}  // namespace porchlight::federation
