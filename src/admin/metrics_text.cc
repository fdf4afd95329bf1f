#include "admin/metrics_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <vector>

#include "base/metrics.h"

namespace porchlight::admin {
namespace {

using base::metrics::counter;
using base::metrics::gauge;
using base::metrics::histogram;
using base::metrics::metric;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricType type_of(metric::kind k) {
    switch (k) {
        case metric::kind::counter:
            return MetricType::Counter;
        case metric::kind::gauge:
            return MetricType::Gauge;
        case metric::kind::histogram:
            return MetricType::Histogram;
    }
    return MetricType::Untyped;
}

// name="value" or nothing; the code's own texts, so there is nothing to unescape.
std::vector<ClientMetric::Label> labels_of(std::string_view text) {
    const std::size_t sign = text.find("=\"");
    if (sign == std::string_view::npos || !text.ends_with('"')) {
        return {};
    }
    ClientMetric::Label label;
    label.name = text.substr(0, sign);
    label.value = text.substr(sign + 2, text.size() - sign - 3);
    return {label};
}

ClientMetric::Histogram read(const histogram& h) {
    ClientMetric::Histogram out;
    out.sample_sum = h.sum_seconds();
    for (std::size_t i = 0; i < histogram::bucket_count; ++i) {
        out.sample_count += h.bucket(i);
        out.bucket.push_back({out.sample_count, histogram::upper_bound(i)});
    }
    return out;
}

void add(ClientMetric& to, const metric& m) {
    switch (m.type) {
        case metric::kind::counter:
            to.counter.value += static_cast<double>(dynamic_cast<const counter&>(m).value());
            return;
        case metric::kind::gauge:
            to.gauge.value += static_cast<double>(dynamic_cast<const gauge&>(m).value());
            return;
        case metric::kind::histogram: {
            auto read_now = read(dynamic_cast<const histogram&>(m));
            if (to.histogram.bucket.empty()) {
                to.histogram = std::move(read_now);
                return;
            }
            to.histogram.sample_count += read_now.sample_count;
            to.histogram.sample_sum += read_now.sample_sum;
            for (std::size_t i = 0; i < histogram::bucket_count; ++i) {
                to.histogram.bucket[i].cumulative_count += read_now.bucket[i].cumulative_count;
            }
            return;
        }
    }
}

}  // namespace

std::string metrics_text() {
    std::vector<MetricFamily> families;
    for (const metric* m : base::metrics::all()) {
        auto family = std::ranges::find(families, m->name, &MetricFamily::name);
        if (family == families.end()) {
            families.push_back({m->name, m->help, type_of(m->type), {}});
            family = families.end() - 1;
        }
        auto labels = labels_of(m->labels);
        auto line = std::ranges::find(family->metric, labels, &ClientMetric::label);
        if (line == family->metric.end()) {
            family->metric.emplace_back().label = std::move(labels);
            line = family->metric.end() - 1;
        }
        add(*line, *m);
    }
    return prometheus::TextSerializer{}.Serialize(families);
}

}  // namespace porchlight::admin
