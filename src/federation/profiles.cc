#include "federation/profiles.h"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "base/limits.h"
#include "base/metrics.h"
#include "matrix/identifier.h"
#include "matrix/json.h"

namespace porchlight::federation {

namespace limits = base::limits;
using homeserver::remote_profile;
using matrix::errc;
using matrix::fail;

namespace {

base::metrics::counter waiting_reached{"porchlight_limits_reached_total",
                                       "Limits reached, by limit.", "limit=\"profile_queries\""};

std::string text_at(const matrix::json::value& v, std::string_view key, std::size_t bytes_max) {
    const auto* text = v.is_object() ? matrix::find(v, key) : nullptr;
    const bool good =
        text != nullptr && text->is_string() && text->get_string().size() <= bytes_max;
    return good ? std::string{text->get_string()} : std::string{};
}

}  // namespace

profiles::profiles(const settings& c, peer_requests& requests, ports::clock& clock)
    : config_(c), requests_(requests), clock_(clock) {}

void profiles::find(std::string user_id, homeserver::completion<remote_profile> done) {
    const auto known = kept_.find(user_id);
    if (known != kept_.end() && clock_.now().mono < known->second.until) {
        done(known->second.what);
        return;
    }
    if (!config_.outbound) {
        done(
            fail(errc::not_found, "This server does not ask other servers (federation.outbound)."));
        return;
    }
    if (const auto under_way = waiting_.find(user_id); under_way != waiting_.end()) {
        if (under_way->second.size() < limits::profile_waiters_max) {
            under_way->second.push_back(std::move(done));
            return;
        }
        waiting_reached.add();
        done(fail(errc::unavailable));
        return;
    }
    if (waiting_.size() >= limits::profile_queries_max) {
        waiting_reached.add();
        done(fail(errc::unavailable));
        return;
    }
    waiting_[user_id].push_back(std::move(done));
    peer_request r;
    r.server = matrix::parse_user_id(user_id)->server;
    r.target = "/_matrix/federation/v1/query/profile?user_id=" +
               boost::urls::encode(user_id, boost::urls::unreserved_chars);
    r.timeout = limits::profile_query_timeout;
    requests_.send(std::move(r), [this, user_id](base::result<peer_answer, peer_failure> got) {
        asked(user_id, got);
    });
}

void profiles::asked(const std::string& user_id,
                     const base::result<peer_answer, peer_failure>& got) {
    result r = fail(errc::unavailable, "The user's server can't be reached now.");
    if (got && got->status == 200) {
        if (const auto v = matrix::parse_json(got->body); v && v->is_object()) {
            r = remote_profile{text_at(*v, "displayname", limits::displayname_bytes_max),
                               text_at(*v, "avatar_url", limits::avatar_url_bytes_max)};
        }
    } else if (got && (got->status == 404 || got->status == 403)) {
        r = fail(errc::not_found, "The user's server knows of no such profile.");
    }
    keep(user_id, r);
    const auto waiters = waiting_.extract(user_id);
    for (auto& done : waiters.mapped()) {
        done(r);
    }
}

void profiles::keep(const std::string& user_id, const result& r) {
    const auto lasts = r ? base::milliseconds{limits::profile_kept_for}
                         : base::milliseconds{limits::profile_failure_kept_for};
    if (kept_.insert_or_assign(user_id, kept{r, clock_.now().mono + lasts}).second) {
        order_.push_back(user_id);
    }
    if (kept_.size() > limits::profiles_kept_max) {
        kept_.erase(order_.front());
        order_.pop_front();
    }
}

}  // namespace porchlight::federation
