#include "admin/access.h"

#include <sodium.h>

#include "base/log.h"
#include "base/metrics.h"
#include "client_api/bearer.h"

namespace porchlight::admin {

namespace {

base::metrics::counter wrong{"porchlight_admin_tokens_refused_total",
                             "Requests of the admin API with a wrong token."};

}  // namespace

access::access(std::string_view token, client_api::rate_limits& limits)
    : token_(homeserver::hash_token(token)), limits_(limits) {}

std::optional<matrix::failure> access::check(std::string_view authorization,
                                             const std::string& peer, base::mono_time now) {
    const std::string_view token = client_api::bearer_token(authorization);
    if (token.empty()) {
        return matrix::fail(matrix::errc::missing_token, "The admin API needs the admin token.");
    }
    const homeserver::token_hash shown = homeserver::hash_token(token);
    if (sodium_memcmp(shown.data(), token_.data(), token_.size()) == 0) {
        return std::nullopt;
    }
    wrong.add();
    if (auto limited = limits_.take(client_api::limited::admin, peer, now)) {
        return limited;
    }
    base::log::warn("admin", "a wrong admin token", {{"address", peer}});
    return matrix::fail(matrix::errc::forbidden, "This is not the admin token.");
}

}  // namespace porchlight::admin
