#include "admin/health.h"

#include <algorithm>
#include <boost/json.hpp>

namespace porchlight::admin {
namespace {

constexpr const char* word(bool good) {
    return good ? "ok" : "failing";
}

}  // namespace

health_answer health(std::span<const health_check> checks) {
    const bool good = std::ranges::all_of(checks, &health_check::good);
    boost::json::object each;
    for (const health_check& c : checks) {
        boost::json::object& one = each[c.name].emplace_object();
        one["status"] = word(c.good);
        if (!c.detail.empty()) {
            one["detail"] = c.detail;
        }
    }
    boost::json::object body;
    body["status"] = word(good);
    body["checks"] = std::move(each);
    return {good ? 200 : 503, boost::json::serialize(body)};
}

}  // namespace porchlight::admin
