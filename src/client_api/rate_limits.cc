#include "client_api/rate_limits.h"

#include <algorithm>
#include <cmath>

#include "base/limits.h"
#include "base/metrics.h"

namespace porchlight::client_api {

namespace {

constexpr auto metric_name = "porchlight_limits_reached_total";
constexpr auto metric_help = "Limits reached, by limit.";
std::array<base::metrics::counter, 7> reached{
    base::metrics::counter{metric_name, metric_help, "limit=\"presence_rate\""},
    base::metrics::counter{metric_name, metric_help, "limit=\"login_rate\""},
    base::metrics::counter{metric_name, metric_help, "limit=\"registration_rate\""},
    base::metrics::counter{metric_name, metric_help, "limit=\"invite_rate\""},
    base::metrics::counter{metric_name, metric_help, "limit=\"account_rate\""},
    base::metrics::counter{metric_name, metric_help, "limit=\"upload_rate\""},
    base::metrics::counter{metric_name, metric_help, "limit=\"admin_rate\""}};

double seconds(base::milliseconds d) {
    return static_cast<double>(d.count()) / 1000.0;
}

}  // namespace

rate rate_limits::rate_of(limited kind) const {
    switch (kind) {
        case limited::presence:
            return settings_.presence_rate;
        case limited::login:
            return settings_.login_rate;
        case limited::registration:
            break;
        case limited::account:
            return settings_.account_rate;
        case limited::upload:
            return settings_.upload_rate;
        case limited::admin:
            return settings_.admin_rate;
        case limited::invite:
            return {static_cast<double>(settings_.invites_per_hour) / 3600,
                    static_cast<double>(settings_.invites_at_once)};
    }
    return settings_.registration_rate;
}

rate_limits::bucket& rate_limits::bucket_of(limited kind, const std::string& key,
                                            base::mono_time now) {
    const rate r = rate_of(kind);
    generations& g = kinds_[static_cast<std::size_t>(kind)];
    // After this long an untouched bucket is full: forgetting it changes nothing.
    const bool refilled = seconds(now - g.turned) * r.per_second >= r.burst;
    if (refilled || g.young.size() >= base::limits::rate_buckets_max / 2) {
        g.old = std::move(g.young);
        g.young.clear();
        g.turned = now;
    }
    const auto [found, fresh] = g.young.try_emplace(key, bucket{r.burst, now});
    if (fresh) {
        if (const auto before = g.old.find(key); before != g.old.end()) {
            found->second = before->second;
        }
    }
    return found->second;
}

std::optional<failure> rate_limits::take(limited kind, const std::string& key, base::mono_time now,
                                         std::size_t n) {
    const rate r = rate_of(kind);
    if (!settings_.rate_limits_enabled || n == 0) {
        return std::nullopt;
    }
    bucket& b = bucket_of(kind, key, now);
    b.left = std::min(r.burst, b.left + seconds(now - b.at) * r.per_second);
    b.at = now;
    const double needed = std::min(static_cast<double>(n), r.burst);
    if (b.left >= needed) {
        b.left -= static_cast<double>(n);
        return std::nullopt;
    }
    reached[static_cast<std::size_t>(kind)].add();
    failure f = fail(errc::limit_exceeded);
    const double wait = r.per_second > 0 ? (needed - b.left) / r.per_second : 3600;
    f.retry_after = base::milliseconds{static_cast<std::int64_t>(std::ceil(wait * 1000))};
    return f;
}

void rate_limits::give_back(limited kind, const std::string& key, std::size_t n) {
    generations& g = kinds_[static_cast<std::size_t>(kind)];
    if (const auto found = g.young.find(key); found != g.young.end()) {
        found->second.left =
            std::min(rate_of(kind).burst, found->second.left + static_cast<double>(n));
    }
}

}  // namespace porchlight::client_api
