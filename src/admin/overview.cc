#include <algorithm>
#include <span>

#include "admin/request.h"
#include "base/metrics.h"

namespace porchlight::admin {

namespace {

using base::metrics::counter;
using base::metrics::gauge;
using base::metrics::histogram;
using base::metrics::metric;

// What the overview says of the metrics: its own word, and the family or families it sums up.
struct shown_metric {
    std::string_view key, family, labels = {};  // labels: part of theirs; empty: all
};

// These only grow while the server runs: rates are differences of two overviews.
constexpr shown_metric totals[] = {
    {"updates", "porchlight_presence_updates"},
    {"marks", "porchlight_presence_marks"},
    {"deliveries", "porchlight_sync_deliveries_total"},
    {"events", "porchlight_presence_events_sent_total"},
    {"requests", "porchlight_http_requests_total"},
    {"answers_refused", "porchlight_client_requests_total", "4xx"},
    {"answers_failed", "porchlight_client_requests_total", "5xx"},
    {"sent_bytes", "porchlight_http_sent_bytes_total"},
    {"rebuilt", "porchlight_sync_rebuilt"},
    {"logins_refused", "porchlight_logins_refused_total"},
    {"limits_reached", "porchlight_limits_reached_total"},
    {"federation_delivered", "porchlight_federation_transactions_total", "delivered"},
    {"federation_failed", "porchlight_federation_transactions_total", "failed"},
    {"federation_received", "porchlight_federation_received_total"},
    {"store_failures", "porchlight_store_failures_total"},
    {"admin_tokens_refused", "porchlight_admin_tokens_refused_total"},
};
constexpr shown_metric gauges[] = {
    {"waiters", "porchlight_waiters"},
    {"users_known", "porchlight_users_known"},
    {"users_live", "porchlight_users_live"},
    {"users_online", "porchlight_users_online"},
    {"rooms", "porchlight_rooms"},
    {"window_ms", "porchlight_presence_window_milliseconds"},
};
constexpr shown_metric federation[] = {
    {"destinations", "porchlight_federation_destinations"},
    {"failing", "porchlight_federation_destinations_failing"},
    {"list_messages_waiting", "porchlight_federation_list_messages_waiting"},
    {"pushes_waiting", "porchlight_federation_pushes_waiting"},
    {"transactions_under_way", "porchlight_federation_transactions_under_way"},
    {"observed", "porchlight_federation_observed"},
};
constexpr shown_metric latencies[] = {
    {"delivery", "porchlight_delivery_seconds"},
    {"commit", "porchlight_store_commit_seconds"},
};

template <class F>
void each_of(const shown_metric& wanted, F f) {
    for (const metric* m : base::metrics::all()) {
        if (m->name == wanted.family && m->labels.find(wanted.labels) != std::string::npos) {
            f(*m);
        }
    }
}

std::int64_t value_of(const metric& m) {
    if (m.type == metric::kind::counter) {
        return static_cast<std::int64_t>(dynamic_cast<const counter&>(m).value());
    }
    return dynamic_cast<const gauge&>(m).value();
}

std::int64_t sum_of(const shown_metric& wanted) {
    std::int64_t sum = 0;
    each_of(wanted, [&sum](const metric& m) { sum += value_of(m); });
    return sum;
}

json::object sums_of(std::span<const shown_metric> wanted) {
    json::object o;
    for (const shown_metric& one : wanted) {
        o[one.key] = sum_of(one);
    }
    return o;
}

// {"bounds": seconds, but for the last bucket's, "counts": one more, "sum": seconds}
json::object histogram_of(const shown_metric& wanted) {
    std::array<std::uint64_t, histogram::bucket_count> counts{};
    double sum = 0;
    each_of(wanted, [&](const metric& m) {
        const auto& h = dynamic_cast<const histogram&>(m);
        for (std::size_t i = 0; i < counts.size(); ++i) {
            counts[i] += h.bucket(i);
        }
        sum += h.sum_seconds();
    });
    json::array bounds;
    for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
        bounds.push_back(histogram::upper_bound(i));
    }
    return {{"bounds", std::move(bounds)},
            {"counts", json::array(counts.begin(), counts.end())},
            {"sum", sum}};
}

}  // namespace

void overview(request r) {
    const process_facts p = r.server.process();
    json::object o;
    o["now"] = base::unix_ms(r.now().wall);
    o["uptime_ms"] = (r.now().mono - r.server.started).count();
    o["version"] = r.server.version;
    o["server_name"] = r.server.services.config.server_name;
    o["accounts"] = r.server.accounts.count();
    o["totals"] = sums_of(totals);
    o["gauges"] = sums_of(gauges);
    o["queues"] = {{"deciding", p.deciding_tasks},
                   {"net", p.net_tasks},
                   {"cold", p.cold_tasks},
                   {"store", sum_of({"store", "porchlight_store_queue_depth"})},
                   {"unsaved", sum_of({"unsaved", "porchlight_presence_unsaved"})}};
    o["process"] = {{"resident_bytes", p.resident_bytes},
                    {"cpu_seconds", p.cpu_seconds},
                    {"connections", p.connections}};
    o["federation"] = sums_of(federation);
    json::object& latency = o["latency"].emplace_object();
    for (const shown_metric& one : latencies) {
        latency[one.key] = histogram_of(one);
    }
    r.answer(std::move(o));
}

}  // namespace porchlight::admin
