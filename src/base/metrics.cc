#include "base/metrics.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"

namespace porchlight::base::metrics {
namespace {

std::vector<metric*>& registry() {
    static std::vector<metric*> metrics;  // made by the first metric, whichever file it is in
    return metrics;
}

bool is_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

}  // namespace

metric::metric(kind k, std::string_view n, std::string_view h, std::string_view l)
    : type(k), name(n), help(h), labels(l) {
    ASSERT(is_name(name));
    for (const metric* other : registry()) {
        ASSERT(other->name != name || other->type == type);  // one name is one family of one kind
    }
    registry().push_back(this);
}

metric::~metric() {
    std::erase(registry(), this);
}

const std::vector<metric*>& all() {
    return registry();
}

void histogram::observe_seconds(double s) {
    if (!(s > 0)) {
        s = 0;  // a clock's rounding, or not a number: counts as no time at all
    }
    std::size_t i = 0;
    while (i + 1 < bucket_count && s > upper_bound(i)) {
        ++i;
    }
    buckets_[i].fetch_add(1, std::memory_order_relaxed);
    constexpr double longest = 1e9;  // 31 years of seconds; keeps the sum within 64 bits
    nanoseconds_.fetch_add(static_cast<std::uint64_t>(std::min(s, longest) * 1e9),
                           std::memory_order_relaxed);
}

double histogram::upper_bound(std::size_t i) {
    ASSERT(i < bucket_count);
    return i + 1 == bucket_count ? INFINITY : std::ldexp(0.0001, static_cast<int>(i));
}

}  // namespace porchlight::base::metrics
