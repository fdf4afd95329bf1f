#pragma once

#include <string>
#include <string_view>

namespace porchlight::admin {

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

// Every metric of base::metrics in the text format of Prometheus. Metrics of one name are one
// family, those with the same labels too are added up. Any thread. Cost: some microseconds a
// metric.
std::string metrics_text();

}  // namespace porchlight::admin
