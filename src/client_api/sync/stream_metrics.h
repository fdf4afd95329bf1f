#pragma once

#include "base/metrics.h"
#include "engine/engine.h"

namespace porchlight::client_api::metrics {

inline base::metrics::counter deliveries{"porchlight_sync_deliveries_total",
                                         "Answers of /sync and /events."};
inline base::metrics::counter composed{
    "porchlight_sync_composed_total",
    "Answers of /sync and /events that were composed from the store."};
inline base::metrics::counter presence_events{"porchlight_presence_events_sent_total",
                                              "m.presence events in answers."};
inline base::metrics::histogram delivery_delay{
    "porchlight_delivery_seconds", "From a change to the answer of a stream that shows it."};

}  // namespace porchlight::client_api::metrics

namespace porchlight::client_api {

// REQUIRES: the delivery has a subject.
inline void observe_delay(const engine::batch::delivery& d, base::instant at) {
    if (d.marked.time_since_epoch().count() == 0) {
        return;  // nothing was marked: found by the token
    }
    metrics::delivery_delay.observe_seconds(
        std::chrono::duration<double>(at.mono - d.marked).count());
}

}  // namespace porchlight::client_api
